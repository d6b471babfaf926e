/**
 * The file to start a worker thread from: a thread needs JavaScript, so when this runs from source (in tests), it is
 * the one that `npm run build` made.
 * @param name of a worker in this folder, without its ending
 */
export function threadFile(name: string): URL {
  const here = import.meta.url;
  const base = here.endsWith('.ts') ? here.replace(/\/src\/(?!.*\/src\/)/, '/dist/') : here;
  return new URL(`./${name}.js`, base);
}
