import { AwsError } from '../../base/errors.ts';
import type { ListShape, Member, ServiceSchema, SimpleShape, StructureShape } from '../../schema/types.ts';
import type { HttpRequest } from '../request.ts';
import { readJson } from './json.ts';
import { type Context, problemOf, shapeOf, textOf } from './problem.ts';
import { AWS_TYPE, looseScalar, parseText, type TimestampFormat } from './scalar.ts';
import type { CallTarget } from './types.ts';
import { readXml } from './xml.ts';

/**
 * Reads the input of a REST operation: path, query, headers and body, each member from where the schema binds it.
 * @throws AwsError SerializationException (restJson1); InvalidArgument, MalformedXML (restXml)
 */
export function readRest(
  target: CallTarget,
  request: HttpRequest,
  body: Buffer,
  lenient = false,
): Record<string, unknown> {
  const { schema, protocol, operation } = target;
  const { input } = schema.operations[operation]!;
  if (input === undefined) return {};
  const context = { schema, problem: problemOf(protocol), lenient };
  const reading: Reading = { ...target, context, request, presigned: presignedHeaders(schema, request) };
  const shape = shapeOf(schema, input) as StructureShape;
  const out: Record<string, unknown> = {};
  let unbound = false;
  for (const name in shape.members) {
    const member = shape.members[name]!;
    if (!member.location) unbound = true;
    const read = READERS[member.location ?? 'body'];
    const value =
      member.location === 'payload'
        ? whenReadable(reading, () => readPayload(reading, member, body))
        : read?.(reading, member, shape);
    if (value !== undefined) out[name] = value;
  }
  if (!unbound || body.length === 0) return out;
  const inBody = whenReadable(reading, () => readUnbound(reading, input, shape, body));
  return Object.assign(out, inBody);
}

/** To a lenient reader a body that cannot be read is one that is not there: path, query and headers still count. */
function whenReadable<T>({ context }: Reading, read: () => T): T | undefined {
  if (!context.lenient) return read();
  try {
    return read();
  } catch {
    return undefined;
  }
}

interface Reading extends CallTarget {
  readonly context: Context;
  readonly request: HttpRequest;
  readonly presigned: readonly [string, string][];
}

type Reader = (reading: Reading, member: Member, shape: StructureShape) => unknown;

const READERS: Readonly<Record<string, Reader | undefined>> = {
  uri(reading, member) {
    const { labels } = reading;
    return Object.hasOwn(labels, member.locationName!)
      ? scalar(reading, member, labels[member.locationName!]!)
      : undefined;
  },
  query(reading, member) {
    if (reading.request.query.length === 0) return undefined;
    const given = reading.request.query.filter(([name]) => name === member.locationName).map(([, value]) => value);
    const shape = shapeOf(reading.schema, member.shape);
    if (given.length === 0) return undefined;
    if (shape.type === 'list') return scalars(reading, shape, given, member);
    return scalar(reading, member, given[0]!);
  },
  queryMap(reading, member, structure) {
    const taken = new Set(Object.values(structure.members).map((m) => (m.location === 'query' ? m.locationName : '')));
    const shape = shapeOf(reading.schema, member.shape);
    const ofLists = shape.type === 'map' && shapeOf(reading.schema, shape.value.shape).type === 'list';
    const out = new Map<string, string | string[]>();
    for (const [name, value] of reading.request.query) {
      if (taken.has(name)) continue;
      if (!ofLists) out.set(name, value);
      else out.set(name, [...(out.get(name) ?? []), value]);
    }
    return out.size > 0 ? Object.fromEntries(out) : undefined;
  },
  header(reading, member) {
    const text = headerText(reading, member.locationName!.toLowerCase());
    if (text === undefined) return undefined;
    const shape = shapeOf(reading.schema, member.shape);
    if (shape.type !== 'list') return scalar(reading, member, text, member.locationName);
    const items = text.split(',').map((item) => item.trim());
    return scalars(
      reading,
      shape,
      items.filter((item) => item !== ''),
      member,
    );
  },
  headers(reading, member) {
    const prefix = member.locationName!.toLowerCase();
    const all = [...reading.presigned, ...Object.entries(reading.request.headers)];
    const mine = all
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]);
    return mine.length > 0 ? Object.fromEntries(mine) : undefined;
  },
};

/** A header, or what a presigned URL has in its place. */
function headerText(reading: Reading, name: string): string | undefined {
  return reading.request.headers[name] ?? reading.presigned.find(([n]) => n === name)?.[1];
}

/** Presigners move `x-amz-` headers into the query, and S3 takes them there for what they were. */
function presignedHeaders(schema: ServiceSchema, request: HttpRequest): [string, string][] {
  if (schema.id !== 's3') return [];
  return request.query
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => name.startsWith('x-amz-'));
}

/** Dates that HTTP tells a recipient to ignore when they are none (RFC 9110 §13.1), and one that S3 keeps as it is. */
const IGNORED_WHEN_INVALID = /(?:^|-)if-(?:un)?modified-since$|^expires$/i;

function scalars(reading: Reading, shape: ListShape, texts: readonly string[], { locationName }: Member): unknown[] {
  return texts.map((text) => scalar(reading, shape.member, text, locationName)).filter((value) => value !== undefined);
}

function scalar(reading: Reading, member: Member, text: string, name = member.locationName ?? ''): unknown {
  const shape = shapeOf(reading.schema, member.shape) as SimpleShape;
  if (text === '' && shape.type !== 'string') return undefined;
  const dates: TimestampFormat = member.location === 'header' ? 'http-date' : 'date-time';
  const value = shape.json ? jsonHeader(text) : parseText(member, shape, text, dates);
  if (value !== undefined) return value;
  if (reading.context.lenient) return looseScalar(member, shape, text);
  if (member.location === 'header' && IGNORED_WHEN_INVALID.test(name)) return undefined;
  throw invalid(reading, name, text.slice(0, 100), AWS_TYPE[shape.type]);
}

/** Strings that carry JSON travel in headers as base64. */
function jsonHeader(text: string): string {
  return Buffer.from(text, 'base64').toString();
}

function invalid({ protocol, context }: Reading, name: string, text: string, type: string): AwsError {
  if (protocol !== 'restXml') return context.problem(name, `${JSON.stringify(text)} is not a valid ${type}`);
  const wanted = type === 'Long' || type === 'Integer' ? 'an integer or within integer range' : `a valid ${type}`;
  const members = { ArgumentName: name, ArgumentValue: text };
  return new AwsError('InvalidArgument', `Provided ${name} not ${wanted}`, { members });
}

function readPayload(reading: Reading, member: Member, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const { context, protocol, schema } = reading;
  const shape = shapeOf(schema, member.shape);
  if (shape.type === 'blob') return body;
  if (shape.type === 'string') return textOf(body, context.problem);
  if (protocol === 'restJson1') return readJson(context, member, body, { rest: true });
  const rootName = member.xmlName ?? ('xmlName' in shape ? shape.xmlName : undefined) ?? member.shape;
  return readXml(context, member, body, rootName);
}

/** Members without a place of their own are the body together. */
function readUnbound(reading: Reading, input: string, shape: StructureShape, body: Buffer): object {
  const { context, protocol } = reading;
  const member = { shape: input };
  const read =
    protocol === 'restJson1'
      ? readJson(context, member, body, { rest: true })
      : readXml(context, member, body, shape.xmlName ?? input);
  return unboundOf(shape, (read ?? {}) as Record<string, unknown>);
}

/** The members of a structure that HTTP bindings leave to the body. */
export function unboundOf(shape: StructureShape, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => shape.members[name]?.location === undefined));
}
