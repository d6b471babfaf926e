import { createStore, useStore } from '../base/store.ts';

/**
 * The console's router: addresses are the browser's own, over the history API. Every `<a href="/…">` is followed within the
 * page (`followLinks`), so that Cloudscape's components take part by their href alone.
 */
export interface Place {
  readonly path: string;
  /** With its `?`, or empty. */
  readonly search: string;
}

const placeOfWindow = (): Place =>
  typeof window === 'undefined'
    ? { path: '/', search: '' }
    : { path: window.location.pathname, search: window.location.search };

const store = createStore<Place>(placeOfWindow());

export const usePlace = (): Place => useStore(store);
export const placeNow = (): Place => store.get();

/** Goes to an address of the console. @param href path with query */
export function navigate(href: string, { replace = false } = {}): void {
  const target = new URL(href, window.location.href);
  const isSame = target.pathname + target.search === window.location.pathname + window.location.search;
  if (replace || isSame) window.history.replaceState(null, '', target);
  else window.history.pushState(null, '', target);
  moved();
}

function moved(): void {
  const next = placeOfWindow();
  const before = store.get();
  if (next.path !== before.path || next.search !== before.search) store.set(next);
}

/** Starts following the browser's buttons and clicks on links. Returns a function that stops it. */
export function followLinks(): () => void {
  const onClick = (event: MouseEvent) => {
    const href = hrefToFollow(event);
    if (href === undefined) return;
    event.preventDefault();
    navigate(href);
  };
  window.addEventListener('popstate', moved);
  document.addEventListener('click', onClick);
  return () => {
    window.removeEventListener('popstate', moved);
    document.removeEventListener('click', onClick);
  };
}

/** Plain clicks on links into the console; the browser does all others (new tab, download, elsewhere). */
function hrefToFollow(event: MouseEvent): string | undefined {
  if (event.defaultPrevented || event.button !== 0) return undefined;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return undefined;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const href = link?.getAttribute('href');
  if (!link || !href?.startsWith('/') || href.startsWith('//')) return undefined;
  if (link.target === '_blank' || link.hasAttribute('download')) return undefined;
  return href;
}

export type Params = Readonly<Record<string, string>>;

/**
 * What a pattern's names stand for in a path, or undefined: `/events/:accountId/:eventId`; a last name with `…` takes all
 * the rest, slashes included (`/trails/:arn…`).
 */
export function matchPath(pattern: string, path: string): Params | undefined {
  const wanted = pattern.split('/');
  const given = path.replace(/\/+$/, '').split('/');
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    if (part.endsWith('…')) {
      const rest = decoded(given.slice(i).join('/'));
      if (!rest) return undefined;
      params[part.slice(1, -1)] = rest;
      return params;
    }
    const value = given[i] ?? (part === '' ? '' : undefined);
    if (value === undefined) return undefined;
    if (!part.startsWith(':')) {
      if (part !== value) return undefined;
      continue;
    }
    const text = decoded(value);
    if (!text) return undefined;
    params[part.slice(1)] = text;
  }
  return given.length > wanted.length ? undefined : params;
}

/** Undefined for what is no percent-encoded UTF-8: an address is hostile input, too. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** An address of a pattern: `pathTo('/trails/:arn…', { arn })`. */
export function pathTo(pattern: string, params: Params = {}): string {
  return pattern.replace(/:(\w+)(…?)/g, (_, name: string, rest: string) => {
    const value = params[name] ?? '';
    return rest ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value);
  });
}
