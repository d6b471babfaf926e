import type { Place } from './router.ts';

export const SIGN_IN = '/signin';

/** The sign-in page, and where to go from there. */
export function signInHref({ path, search }: Place): string {
  const next = path + search;
  return next === '/' ? SIGN_IN : `${SIGN_IN}?${new URLSearchParams({ next })}`;
}

/** Where `next` leads: only within the console, for an address may come from anywhere. */
export function goOnHref(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '/';
  return /^\/(?![/\\])/.test(next) && !next.startsWith(SIGN_IN) ? next : '/';
}
