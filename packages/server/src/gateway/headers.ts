/**
 * Which headers go through (RFC 9110 §7.6.1). Raw lists as Node gives them: name, value, name, value …, in the order,
 * the spelling and the repeats of who sent them.
 */
export type RawHeaders = readonly string[];

/** Between two neighbours only. `Transfer-Encoding` and `Trailer` are too, but each leg frames its body as the other did. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'upgrade',
  'http2-settings',
]);

/** What says where a body ends, and for whom it is: nobody may have these taken out by naming them in `Connection`. */
const NEVER_DROPPED: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'trailer']);

/** Names, in lower case, that `Connection` adds to the headers of this hop. */
export function namedByConnection(connection: string | undefined): string[] {
  if (connection === undefined || PLAIN_CONNECTION.test(connection)) return [];
  const names = connection.split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => !NEVER_DROPPED.has(name) && !HOP_BY_HOP.has(name));
}

const PLAIN_CONNECTION = /^(keep-alive|close)$/i;

/** All headers that end at the gateway, lower case. @param connection value of `Connection`, repeats joined by a comma */
function endsHere(connection: string | undefined): ReadonlySet<string> {
  const named = namedByConnection(connection);
  return named.length === 0 ? HOP_BY_HOP : new Set([...HOP_BY_HOP, ...named]);
}

/** The headers of a request as the upstream gets them. */
export function requestHeaders(raw: RawHeaders, connection: string | undefined, method: string): string[] {
  const dropped = endsHere(connection);
  const out: string[] = [];
  let framed = false;
  let chunked = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (dropped.has(name)) continue;
    if (name === 'transfer-encoding') chunked = true;
    if (name === 'content-length') framed = true;
    out.push(raw[i]!, raw[i + 1]!);
  }
  if (chunked) return out;
  // Node would announce a chunked body where a client that sends none has said nothing: no length means no body.
  if (!framed && !WITHOUT_BODY.has(method)) out.push('Content-Length', '0');
  return without(out, 'trailer');
}

const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/**
 * The same headers with some in place of the sender's, or taken away.
 * @param changes by name in lower case; undefined takes away
 */
export function withHeaders(raw: RawHeaders, changes: Readonly<Record<string, string | undefined>>): string[] {
  const out: string[] = [];
  const put = new Set<string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const change = Object.hasOwn(changes, name) ? changes[name] : raw[i + 1]!;
    if (change === undefined || put.has(name)) continue;
    if (Object.hasOwn(changes, name)) put.add(name);
    out.push(raw[i]!, change);
  }
  for (const [name, value] of Object.entries(changes)) if (value !== undefined && !put.has(name)) out.push(name, value);
  return out;
}

/**
 * The headers of an answer as the client gets them.
 * @param mayBeChunked the client speaks HTTP/1.1, and this answer has a body (or would have one: HEAD)
 */
export function answerHeaders(raw: RawHeaders, connection: string | undefined, mayBeChunked: boolean): string[] {
  const dropped = endsHere(connection);
  const out: string[] = [];
  let chunked = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (dropped.has(name)) continue;
    if (name === 'transfer-encoding') {
      if (!mayBeChunked) continue;
      chunked = true;
    }
    out.push(raw[i]!, raw[i + 1]!);
  }
  return chunked ? out : without(out, 'trailer');
}

/** Node refuses to send `Trailer` on a body that cannot have any. */
function without(raw: string[], name: string): string[] {
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === name.length && raw[i]!.toLowerCase() === name) {
      return raw.filter((_, at) => raw[at - (at % 2)]!.toLowerCase() !== name);
    }
  }
  return raw;
}

/** As `addTrailers` takes them. */
export function trailerPairs(raw: RawHeaders): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i]!, raw[i + 1]!]);
  return pairs;
}
