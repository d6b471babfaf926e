import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';

const FONT = /url\((['"]?)data:font\/woff2;base64,([A-Za-z0-9+/=]+)\1\)/g;

/**
 * Cloudscape's global styles hold eight fonts as data: URLs, of which a page uses two or three, and which do not compress.
 * As files they are loaded when used, and the Content-Security-Policy needs no `data:` for fonts.
 */
export function fontsAsFiles(): Plugin {
  return {
    name: 'opentrail-fonts',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const made of Object.values(bundle)) {
        if (made.type !== 'asset' || !made.fileName.endsWith('.css')) continue;
        made.source = String(made.source).replace(FONT, (_, __, base64: string) => {
          const source = Buffer.from(base64, 'base64');
          const name = `font-${createHash('sha256').update(source).digest('hex').slice(0, 8)}.woff2`;
          this.emitFile({ type: 'asset', fileName: `assets/${name}`, source });
          // Styles and fonts lie side by side.
          return `url(${name})`;
        });
      }
    },
  };
}
