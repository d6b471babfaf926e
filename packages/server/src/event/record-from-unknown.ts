import type { ServiceSchema } from '../schema/types.ts';
import type { Call } from './call.ts';
import { eventSourceOf } from './conventions/sources.ts';
import { define, isObject, plain } from './parameters.ts';
import type { CloudTrailRecord } from './record.ts';
import { recordFromCall } from './record-from-call.ts';

/** A call of a service or an operation that no schema describes. */
export interface UnknownCall extends Omit<Call, 'schema' | 'operation' | 'input' | 'output'> {
  /** The service's, when only the operation is unknown. */
  readonly schema?: ServiceSchema;
  /** The service's name in the signature's scope. */
  readonly signingName: string;
  /** As named by X-Amz-Target or Action; other requests go by method and path. */
  readonly operation: string | undefined;
  /** Path of the request, without the query. */
  readonly path: string;
  /** Without its encodings; of a body that is not whole nothing is shown. */
  readonly requestBody: { readonly bytes: Buffer; readonly whole: boolean };
}

/**
 * The record of a call that nobody knows: eventSource after the signing name, eventName as the request names it, or
 * `PUT /some/path`; requestParameters in the wire's own names, query and body side by side. Whatever looks like a secret
 * is left out, since no schema tells which members are. Never an answer: nobody knows what is in it.
 */
export function recordFromUnknown(call: UnknownCall): CloudTrailRecord {
  const { schema, signingName, operation, path, requestBody, ...rest } = call;
  const { method, query, headers } = call.http;
  const name = (operation || `${method} ${path}`).slice(0, NAME_LENGTH_MAX);
  const requestParameters =
    rest.notes.requestParameters ?? wireForm(query, bodyOf(headers['content-type'], requestBody));
  const record = recordFromCall({
    ...rest,
    schema: nothingKnown(schema === undefined ? signingName : eventSourceOf(schema).replace(DOMAIN, ''), schema),
    operation: name,
    notes: { ...rest.notes, requestParameters, responseElements: null },
  });
  return !operation ? { ...record, readOnly: method === 'GET' || method === 'HEAD' } : record;
}

/** Longer than any operation's name and any path that means something to a reader. */
const NAME_LENGTH_MAX = 512;

const DOMAIN = '.amazonaws.com';

/**
 * A schema without operations, whose id no table knows: the names are the caller's own words, and become a part of
 * eventSource.
 */
function nothingKnown(source: string, service?: ServiceSchema): ServiceSchema {
  const name = source.replace(/[^A-Za-z0-9-]/g, '-').slice(0, 64) || 'unknown';
  const nothing = Object.create(null);
  return {
    id: `?${name}`,
    version: '',
    protocols: service?.protocols ?? [],
    signingName: name,
    endpointPrefix: name,
    operations: nothing,
    shapes: nothing,
  };
}

/** Enough for the largest requests that people look at; a record has room for 100 KB. */
const DEPTH_MAX = 16;
const VALUES_MAX = 2_000;
const TEXT_LENGTH_MAX = 4_096;

/** Names of what authenticates, or would let its reader in; tokens of pages and of repetition do neither. */
const SECRET_NAME =
  /^x-amz-|passw|secret|token|credential|authori[sz]ation|signature|private.?key|api.?key|awsaccesskeyid|passphrase|otp$|pin(?:code)?$/i;
const PLAIN_TOKEN = /(?:next|client|request|idempotency|pagination|continuation)[-_]?token$/i;
const isSecret = (name: string): boolean => SECRET_NAME.test(name) && !PLAIN_TOKEN.test(name);
const SECRET_VALUE = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Pairs of names and values of the body, at the top: of a form or of JSON. Nothing is told of XML, CBOR and bytes. */
function bodyOf(
  contentType = '',
  { bytes, whole }: UnknownCall['requestBody'],
): readonly (readonly [string, unknown])[] {
  if (!whole || bytes.length === 0) return [];
  if (contentType.startsWith('application/x-www-form-urlencoded')) {
    const fields = [...new URLSearchParams(bytes.toString())].slice(0, VALUES_MAX);
    return fields.filter(([name]) => name !== 'Action' && name !== 'Version');
  }
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    return isObject(parsed) ? Object.entries(parsed) : [['body', parsed]];
  } catch {
    return [];
  }
}

function wireForm(
  query: readonly (readonly [string, string])[],
  body: readonly (readonly [string, unknown])[],
): Record<string, unknown> | null {
  let left = VALUES_MAX;
  /** undefined: left out. */
  const show = (value: unknown, depth: number): unknown => {
    if (--left < 0 || depth > DEPTH_MAX) return undefined;
    if (Array.isArray(value)) return value.map((item) => show(item, depth + 1)).filter((item) => item !== undefined);
    if (isObject(value)) return object(Object.entries(value), depth);
    if (typeof value !== 'string') return plain(value);
    return SECRET_VALUE.test(value) ? undefined : String(plain(value)).slice(0, TEXT_LENGTH_MAX);
  };
  const object = (entries: Iterable<readonly [string, unknown]>, depth: number): Record<string, unknown> => {
    const out: Record<string, unknown> = {};
    for (const [name, value] of entries) {
      if (left < 0) break;
      const shown = isSecret(name) ? undefined : show(value, depth + 1);
      if (shown !== undefined) define(out, name.slice(0, NAME_LENGTH_MAX), shown);
    }
    return out;
  };
  const out = object([...query.filter(([name]) => name !== 'Action' && name !== 'Version'), ...body], 0);
  return Object.keys(out).length === 0 ? null : out;
}
