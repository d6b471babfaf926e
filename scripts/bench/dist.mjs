/** Imports a module of the server as `npm run build` made it: what is measured is what is shipped. */
export const dist = (path) => import(new URL(`../../packages/server/dist/${path}`, import.meta.url).href);
