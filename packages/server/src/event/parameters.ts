import type { Member, ServiceSchema, Shape } from '../schema/types.ts';
import { layoutOf } from './conventions/layouts.ts';
import { HIDDEN, hiddenAs, isLeftOut, isSecretName, markerOf } from './conventions/redaction.ts';
import { timeOf } from './conventions/times.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * Input or output as requestParameters and responseElements show them (spec: record-conventions §8.1): members in the
 * order of the model, the first letter of each name in lower case (only the first: `dBInstanceIdentifier`), sensitive
 * ones redacted, bytes left out, times as the service prints them. An object without members is null.
 * @param operation what tables name a member at the top by; deeper ones go by the member that they are in
 */
export function parametersOf(
  schema: ServiceSchema,
  shapeName: string | undefined,
  value: Values | undefined,
  operation = '',
): Record<string, unknown> | null {
  const shape = shapeName === undefined ? undefined : schema.shapes[shapeName];
  if (value === undefined || shape === undefined || !('members' in shape)) return null;
  const out = structureOf(styleOf(schema), operation, shape.members, value, 0);
  for (const _name in out) return out;
  return null;
}

/** requestParameters of an operation, with what its service adds to or moves in every request. */
export function requestOf(schema: ServiceSchema, operation: string, input: Values | undefined) {
  if (input === undefined) return null;
  const shapeName = schema.operations[operation]?.input;
  const { bodyAsInput, always } = layoutOf(schema.id);
  if (bodyAsInput) return requestWithBody(schema, operation, shapeName, input);
  const shown = parametersOf(schema, shapeName, input, operation);
  const added = always?.[operation];
  return added === undefined ? shown : { ...added, ...shown };
}

/** responseElements of an operation that records its answer. */
export function answerOf(schema: ServiceSchema, operation: string, output: Values | undefined) {
  const shapeName = schema.operations[operation]?.output;
  const { answers, encodedInAnswer, unwrapsAnswer } = layoutOf(schema.id);
  const kept = answers?.[operation];
  if (kept !== undefined) {
    const shown = Object.entries(kept).flatMap(([member, name]) => {
      const value = plain(output?.[member]);
      return value === undefined ? [] : [[name, value]];
    });
    return shown.length === 0 ? null : (Object.fromEntries(shown) as Record<string, unknown>);
  }
  const all = parametersOf(schema, shapeName, output, operation);
  if (encodedInAnswer !== undefined && all !== null) encode(all, encodedInAnswer);
  if (!unwrapsAnswer || all === null) return all;
  const [only, ...others] = Object.values(all);
  return others.length === 0 && isObject(only) ? only : all;
}

/** In place, in the one member of the answer; what is encoded already has no brace at its beginning. */
function encode(answer: Record<string, unknown>, name: string): void {
  for (const inner of Object.values(answer)) {
    const text = isObject(inner) ? inner[name] : undefined;
    if (typeof text !== 'string' || !/^\s*\{/.test(text)) continue;
    const byte = (c: string) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`;
    (inner as Record<string, unknown>)[name] = encodeURIComponent(Buffer.from(text).toString()).replace(
      /[!'()*]/g,
      byte,
    );
  }
}

function requestWithBody(schema: ServiceSchema, operation: string, shapeName: string | undefined, input: Values) {
  const shape = shapeName === undefined ? undefined : schema.shapes[shapeName];
  const members = shape !== undefined && 'members' in shape ? shape.members : {};
  const body = Object.fromEntries(Object.entries(input).filter(([name]) => members[name]?.location === undefined));
  const rest = Object.fromEntries(Object.entries(input).filter(([name]) => members[name]?.location !== undefined));
  const shown = parametersOf(schema, shapeName, body, operation);
  return {
    ...parametersOf(schema, shapeName, rest, operation),
    ...(shown && { [`${lowerFirst(operation)}Input`]: shown }),
    template: false,
  };
}

interface Style {
  readonly schema: ServiceSchema;
  readonly marker: string | undefined;
  readonly nameOf: (parent: string, name: string) => string;
}

function styleOf(schema: ServiceSchema): Style {
  const { namesAsModelled, renamed } = layoutOf(schema.id);
  const usual = namesAsModelled ? (name: string) => name : lowerFirst;
  const nameOf = (parent: string, name: string) => renamed?.[`${parent}.${name}`] ?? usual(name);
  return { schema, marker: markerOf(schema.id), nameOf };
}

export const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** Some AWS shapes contain themselves; no caller nests them deeper than this for a good reason. */
const DEPTH_MAX = 64;

function structureOf(
  style: Style,
  parent: string,
  members: Readonly<Record<string, Member>>,
  value: Values,
  depth: number,
): Record<string, unknown> {
  const { id } = style.schema;
  const out: Record<string, unknown> = {};
  for (const name in members) {
    const member = members[name]!;
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given === undefined || given === null) continue;
    if (member.location === 'statusCode' || isLeftOut(id, parent, name)) continue;
    const shown =
      hiddenAs(id, parent, name) ??
      (isText(given) && isSecretName(parent, name) ? style.marker : memberOf(style, name, member, given, depth + 1));
    if (shown !== undefined) define(out, style.nameOf(parent, name), shown);
  }
  return out;
}

const isText = (value: unknown): boolean =>
  typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));

/** undefined: not to be shown. */
function memberOf(style: Style, name: string, member: Member, value: unknown, depth: number): unknown {
  const shape = style.schema.shapes[member.shape];
  if (shape === undefined || depth > DEPTH_MAX) return undefined;
  if (member.sensitive || shape.sensitive) return style.marker;
  return shapeOf(style, name, shape, value, depth);
}

function shapeOf(style: Style, name: string, shape: Shape, value: unknown, depth: number): unknown {
  switch (shape.type) {
    case 'structure':
    case 'union':
      return isObject(value) ? structureOf(style, name, shape.members, value, depth) : undefined;
    case 'list':
      if (!Array.isArray(value)) return undefined;
      return value.map((item) =>
        item === null ? null : (memberOf(style, name, shape.member, item, depth + 1) ?? null),
      );
    case 'map':
      return isObject(value) ? mapOf(style, name, shape.value, value, depth) : undefined;
    case 'blob':
      return undefined;
    case 'timestamp':
      return value instanceof Date ? timeOf(style.schema.id, value) : plain(value);
    default:
      return plain(value);
  }
}

/** Keys are the caller's own and stay as they are. */
function mapOf(style: Style, name: string, member: Member, value: Values, depth: number) {
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const shown = item === null ? null : memberOf(style, name, member, item, depth + 1);
    if (shown !== undefined) define(out, key, shown);
  }
  return out;
}

/** What JSON can carry; numbers that it cannot are written as text, so that nothing is lost. */
export function plain(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'function':
    case 'symbol':
      return undefined;
    case 'object':
      return Buffer.isBuffer(value) ? undefined : value;
    case 'string':
      return value.includes('@') ? value.replace(URL_PASSWORD, `$1:${HIDDEN}@`) : value;
    default:
      return value;
  }
}
/** Within an address, wherever it is given: subscribers of topics are called with name and password so. */
const URL_PASSWORD = /^([a-z][a-z0-9+.-]*:\/\/[^/?#@\s:]*):[^/?#@\s]+@/i;

/** A plain assignment would take a caller's `__proto__` for more than a name. */
export function define(out: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(out, name, { value, enumerable: true, configurable: true, writable: true });
  else out[name] = value;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !Buffer.isBuffer(value);
