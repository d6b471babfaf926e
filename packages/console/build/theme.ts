import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, type Plugin, type Rolldown } from 'vite';
import { ALIASES, THEME } from './theme-tokens.ts';

const STYLES = 'virtual:opentrail-theme.css';
const TOOLS = 'virtual:cloudscape-theming';

/**
 * OpenTrail's look as a style sheet, made when the console is built. Cloudscape's own `applyTheme` would do it in the
 * browser, by a <style> element that the Content-Security-Policy rightly refuses, and with a table of all tokens to load.
 */
export function openTrailTheme(): Plugin {
  return {
    name: 'opentrail-theme',
    resolveId: (id) => (id === STYLES ? `\0${STYLES}` : undefined),
    load: async (id) => (id === `\0${STYLES}` ? themeStyles() : undefined),
  };
}

interface Theming {
  generateThemeStylesheet(params: { theme: unknown }): string;
  readonly preset: { readonly propertiesMap: Readonly<Record<string, string>> };
}

async function themeStyles(): Promise<string> {
  const { generateThemeStylesheet, preset } = await loadTheming();
  const aliases = Object.entries(ALIASES).map(([name, token]) => {
    const property = preset.propertiesMap[token];
    if (!property) throw new Error(`Cloudscape has no token ${token}: see build/theme-tokens.ts`);
    return `  --ot-${name}: var(${property});`;
  });
  return `${generateThemeStylesheet({ theme: THEME })}\nbody {\n${aliases.join('\n')}\n}\n`;
}

/** Cloudscape's theming is written for bundlers (imports without extensions): it is bundled, then run. */
async function loadTheming(): Promise<Theming> {
  const root = dirname(createRequire(import.meta.url).resolve('@cloudscape-design/components/package.json'));
  const path = (file: string) => JSON.stringify(join(root, file));
  const entry = `export { generateThemeStylesheet } from ${path('theming/index.js')};
export { preset } from ${path('internal/generated/theming/index.js')};`;
  const made = await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    plugins: [
      {
        name: 'cloudscape-theming',
        resolveId: (id) => (id === TOOLS ? `\0${TOOLS}` : undefined),
        load: (id) => (id === `\0${TOOLS}` ? entry : undefined),
      },
    ],
    build: { ssr: true, write: false, minify: false, rolldownOptions: { input: TOOLS } },
  });
  const { output } = (Array.isArray(made) ? made[0] : made) as Rolldown.RolldownOutput;
  const code = Buffer.from(output[0].code).toString('base64');
  return (await import(`data:text/javascript;base64,${code}`)) as Theming;
}
