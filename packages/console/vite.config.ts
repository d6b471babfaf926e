import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { fontsAsFiles } from './build/fonts.ts';
import { licenses } from './build/licenses.ts';
import { openTrailTheme } from './build/theme.ts';

const SHARED_BY_PAGES_MIN = 4;

/** `npm run build` in the root builds into a folder of its own and puts it in place when complete (scripts/build-console.mjs). */
export default defineConfig({
  plugins: [react(), openTrailTheme(), fontsAsFiles(), licenses()],
  build: {
    outDir: '../server/console',
    emptyOutDir: true,
    target: 'es2022',
    // The Content-Security-Policy allows no data: URLs in scripts and fonts, and files are kept by browsers for a year.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      output: {
        // What many pages share comes in two files with the first page, not in forty with each: requests cost more than
        // the few kilobytes that a page may not need.
        codeSplitting: {
          groups: [
            { name: 'components', test: /node_modules/, minShareCount: SHARED_BY_PAGES_MIN },
            { name: 'shared', test: /packages.(console|server).src/, minShareCount: SHARED_BY_PAGES_MIN },
          ],
        },
      },
    },
  },
});
