import type { HttpRequest } from '../wire/request.ts';

/** What the query protocols name beside an operation's input. */
export interface NamedAction {
  readonly action?: string | undefined;
  readonly version?: string | undefined;
  /** Signature Version 2 has the key in the form. */
  readonly accessKeyId?: string | undefined;
}

export const NO_BODY: Buffer = Buffer.alloc(0);

export function isForm(http: HttpRequest): boolean {
  return http.method === 'POST' && /^application\/x-www-form-urlencoded/i.test(http.headers['content-type'] ?? '');
}

const NAMES: Readonly<Record<string, keyof NamedAction>> = {
  Action: 'action',
  Version: 'version',
  AWSAccessKeyId: 'accessKeyId',
};

/** Clients write these fields first; of a form that does not, no more is looked at than may be decoded at all. */
const FIELDS_MAX = 20_000;
/** No operation, version or key has a name near as long. */
const VALUE_CHARS_MAX = 256;

/**
 * Finds the operation that a form or query names, without reading the rest: of each field the first counts, as in
 * decoding (wire/codec/form.ts), and the query's before the body's.
 */
export function namedAction(http: HttpRequest, body: Buffer): NamedAction {
  if (http.query.length === 0 && body.length === 0) return NOTHING_NAMED;
  const found: { -readonly [K in keyof NamedAction]: NamedAction[K] } = {};
  for (const [name, value] of http.query) if (Object.hasOwn(NAMES, name)) found[NAMES[name]!] ??= value;
  for (let at = 0, fields = 0; at < body.length && fields < FIELDS_MAX; fields++) {
    if (found.action !== undefined && found.version !== undefined) break;
    const amp = body.indexOf(0x26, at);
    const end = amp < 0 ? body.length : amp;
    readField(body.subarray(at, Math.min(end, at + FIELD_BYTES_MAX)), found);
    at = end + 1;
  }
  return found;
}

const NOTHING_NAMED: NamedAction = {};

/** The longest name of the three and a value, each byte percent-encoded. */
const FIELD_BYTES_MAX = 3 * (VALUE_CHARS_MAX + 20);

function readField(bytes: Buffer, found: Record<string, string | undefined>): void {
  const text = bytes.toString('latin1');
  const eq = text.indexOf('=');
  const name = decoded(eq < 0 ? text : text.slice(0, eq));
  if (name === undefined || !Object.hasOwn(NAMES, name)) return;
  const value = decoded(eq < 0 ? '' : text.slice(eq + 1));
  if (value !== undefined && value.length <= VALUE_CHARS_MAX) found[NAMES[name]!] ??= value;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.trim().replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
