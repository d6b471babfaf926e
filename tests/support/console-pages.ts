import { readFileSync } from 'node:fs';

const ROUTES = new URL('../../packages/console/src/app/routes.tsx', import.meta.url);

/** The pattern of each page of the console, in its order: for tests that say they have them all. */
export const pagePatterns = (): string[] =>
  [...readFileSync(ROUTES, 'utf8').matchAll(/^ {2}page\('([^']+)'/gm)].map(([, pattern]) => pattern!);
