import type { HttpRequest } from '../wire/request.ts';

/** What a session's cookie is called. Browsers share cookies among the ports of a host: each console has a name of its own. */
export const cookieName = (secure: boolean, port: number): string =>
  secure ? '__Host-opentrail' : `opentrail-${port}`;

/** 32 random bytes, in base64url. */
const VALUE = /^[\w-]{43}$/;

/**
 * The session that a request names; undefined for none. Of two cookies of the name one was put there by somebody else, and
 * nobody can tell which: then there is none, too.
 */
export function readCookie({ headers }: HttpRequest, name: string): string | undefined {
  const found = (headers.cookie ?? '')
    .split(/[;,]/)
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return found.length === 1 && VALUE.test(found[0]!) ? found[0] : undefined;
}

/** @param seconds how long the browser keeps it; 0 makes it forget */
export const setCookie = (name: string, value: string, secure: boolean, seconds: number): string =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
