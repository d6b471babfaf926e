import { type AwsError, assert } from '../../base/errors.ts';
import type { ListShape, MapShape, Member, SimpleShape, StructureShape } from '../../schema/types.ts';
import { type Context, NESTING_MAX, shapeOf } from './problem.ts';
import { AWS_TYPE, fitsNumber, JS_TYPE, looseScalar, type TimestampFormat } from './scalar.ts';

/**
 * How JSON and CBOR differ once they are parsed into objects, arrays and scalars: what stands for a blob, a timestamp
 * and a number that is none, and whether members have names of their own.
 */
export interface TreeFormat {
  readonly readBlob: (value: unknown) => Buffer | undefined;
  readonly readTimestamp: (value: unknown, member: Member, shape: SimpleShape) => Date | undefined;
  readonly readNumber: (value: unknown) => number | undefined;
  readonly writeBlob: (value: Uint8Array) => unknown;
  readonly writeTimestamp: (value: Date, member: Member, shape: SimpleShape) => unknown;
  readonly writeNumber: (value: number) => unknown;
  readonly usesJsonName: boolean;
}

export const EPOCH: TimestampFormat = 'epoch-seconds';

type Tree = Readonly<Record<string, unknown>>;

/**
 * Reads a parsed value by its shape: members that the shape does not have are ignored, null is absence, and a wrong type
 * is refused, or left out when the context is lenient.
 * @throws AwsError SerializationException
 */
export function readTree(context: Context, format: TreeFormat, member: Member, value: unknown): unknown {
  return read({ ...context, format }, member, value, '', 0);
}

interface Reading extends Context {
  readonly format: TreeFormat;
}

function read(reading: Reading, member: Member, value: unknown, place: string, depth: number): unknown {
  if (depth > NESTING_MAX) throw tooDeep(reading);
  const shape = shapeOf(reading.schema, member.shape);
  switch (shape.type) {
    case 'structure':
    case 'union':
      return readStructure(reading, shape, value, place, depth);
    case 'list':
      if (!Array.isArray(value)) return mismatch(reading, value, 'List', place);
      return readList(reading, shape, value, place, depth);
    case 'map':
      return readMap(reading, shape, value, place, depth);
    default: {
      const scalar = readScalar(reading, member, shape, value, depth);
      return scalar === undefined ? mismatch(reading, value, AWS_TYPE[shape.type], place) : scalar;
    }
  }
}

function readStructure(reading: Reading, shape: StructureShape, value: unknown, place: string, depth: number) {
  if (!isTree(value)) return mismatch(reading, value, 'Structure', place);
  const out: Record<string, unknown> = {};
  for (const name in shape.members) {
    const member = shape.members[name]!;
    const wire = wireName(reading.format, name, member);
    const given = Object.hasOwn(value, wire) ? value[wire] : undefined;
    if (given === null || given === undefined) continue;
    const inner = read(reading, member, given, place === '' ? wire : `${place}.${wire}`, depth + 1);
    if (inner !== undefined) out[name] = inner;
  }
  if (shape.type === 'union' && !reading.lenient && Object.keys(out).length > 1) {
    throw reading.problem(place, 'A union has exactly one member');
  }
  return out;
}

function readList(reading: Reading, { member }: ListShape, items: readonly unknown[], place: string, depth: number) {
  const out: unknown[] = [];
  for (const [i, item] of items.entries()) {
    const inner = read(reading, member, item, `${place}[${i}]`, depth + 1);
    if (inner !== undefined) out.push(inner);
  }
  return out;
}

function readMap(reading: Reading, shape: MapShape, value: unknown, place: string, depth: number) {
  if (!isTree(value)) return mismatch(reading, value, 'Map', place);
  const out: [string, unknown][] = [];
  for (const [key, v] of Object.entries(value)) {
    if (v === null || v === undefined) continue;
    const inner = read(reading, shape.value, v, `${place}.${key.slice(0, 100)}`, depth + 1);
    if (inner !== undefined) out.push([key, inner]);
  }
  // fromEntries defines what assignment would take for the prototype: a key `__proto__` is a key like others.
  return Object.fromEntries(out);
}

function readScalar(reading: Reading, member: Member, shape: SimpleShape, value: unknown, depth: number): unknown {
  const scalar = readExactly(reading, member, shape, value, depth);
  return scalar === undefined && reading.lenient ? looseScalar(member, shape, value) : scalar;
}

function readExactly(reading: Reading, member: Member, shape: SimpleShape, value: unknown, depth: number): unknown {
  const { format } = reading;
  switch (shape.type) {
    case 'blob':
      return format.readBlob(value);
    case 'timestamp':
      return format.readTimestamp(value, member, shape);
    case 'document':
      return boundedDocument(reading, value, depth);
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    default: {
      const number = format.readNumber(value);
      return number !== undefined && fitsNumber(shape.type, number) ? number : undefined;
    }
  }
}

/** A document goes through as it is; but what is nested too deep would break those who walk it later. */
function boundedDocument(reading: Reading, value: unknown, depth: number): unknown {
  if (depth > NESTING_MAX) throw tooDeep(reading);
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) boundedDocument(reading, inner, depth + 1);
  }
  return value;
}

function isTree(value: unknown): value is Tree {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof Date || value instanceof Uint8Array);
}

function wireName(format: TreeFormat, name: string, member: Member): string {
  return (format.usesJsonName && member.jsonName) || name;
}

function tooDeep({ problem }: Context): AwsError {
  return problem('', `The input is nested more than ${NESTING_MAX} deep`);
}

function mismatch({ problem, lenient }: Context, value: unknown, wanted: string, place: string): undefined {
  if (lenient) return undefined;
  throw problem(place, `${kindOf(value)} can not be converted to a valid ${wanted}`);
}

/** What AWS's JSON reader calls the kinds of value, so that its messages read the same. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL_VALUE';
  if (Array.isArray(value)) return 'START_ARRAY';
  if (typeof value === 'string') return 'STRING_VALUE';
  if (typeof value === 'number' || typeof value === 'bigint') return 'NUMBER_VALUE';
  if (typeof value === 'boolean') return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
  if (value instanceof Date) return 'TIMESTAMP_VALUE';
  return value instanceof Uint8Array ? 'BLOB_VALUE' : 'START_OBJECT';
}

/**
 * Makes the tree of an output: only what the shape has, without what is undefined. A value of the wrong type is a bug of
 * the handler's.
 */
export function writeTree(context: Context, format: TreeFormat, member: Member, value: unknown): unknown {
  const shape = shapeOf(context.schema, member.shape);
  const inner = (m: Member, v: unknown) => writeTree(context, format, m, v);
  switch (shape.type) {
    case 'structure':
    case 'union':
      return writeStructure(context, format, shape, value as Tree);
    case 'list':
      return (value as readonly unknown[]).map((item) => inner(shape.member, item));
    case 'map':
      return Object.fromEntries(Object.entries(value as Tree).map(([k, v]) => [k, inner(shape.value, v)]));
    case 'blob':
      return format.writeBlob(value as Uint8Array);
    case 'timestamp':
      return format.writeTimestamp(value as Date, member, shape);
    case 'document':
      return value;
    default:
      assert(typeof value === JS_TYPE[shape.type], `an output ${shape.type} is not a ${typeof value}`);
      return typeof value === 'number' ? format.writeNumber(value) : value;
  }
}

/** Answers can have ten thousand structures (PutRecords), hence no intermediate lists. */
function writeStructure(context: Context, format: TreeFormat, { members }: StructureShape, value: Tree): Tree {
  const out: Record<string, unknown> = {};
  for (const name in members) {
    const given = value[name];
    if (given === undefined || given === null) continue;
    const member = members[name]!;
    out[wireName(format, name, member)] = writeTree(context, format, member, given);
  }
  return out;
}
