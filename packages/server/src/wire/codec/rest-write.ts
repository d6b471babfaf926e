import { Readable } from 'node:stream';
import { assert } from '../../base/errors.ts';
import type { Member, SimpleShape, StructureShape } from '../../schema/types.ts';
import { writeJson } from './json.ts';
import { type Context, problemOf, shapeOf } from './problem.ts';
import { unboundOf } from './rest-read.ts';
import { formatText } from './scalar.ts';
import type { CallTarget, EncodedResponse } from './types.ts';
import { element, writeMember, writeMembers, xmlDocument } from './xml.ts';

const EMPTY = Buffer.alloc(0);

/** Writes the output of a REST operation: status, headers and body, each member where the schema binds it. */
export function writeRest(target: CallTarget, output: Readonly<Record<string, unknown>>): EncodedResponse {
  const { schema, protocol, operation } = target;
  const { output: name, http } = schema.operations[operation]!;
  const shape = name === undefined ? NOTHING : (shapeOf(schema, name) as StructureShape);
  const context = { schema, problem: problemOf(protocol) };
  const headers: Record<string, string> = {};
  let status = http?.code ?? 200;
  let payload: string | undefined;
  // Some outputs have forty members, few of them filled: hence no lists of them.
  for (const key in shape.members) {
    const member = shape.members[key]!;
    if (member.location === 'payload') payload = key;
    const value = output[key];
    if (value === undefined || value === null) continue;
    if (member.location === 'statusCode') status = value as number;
    if (member.location === 'header') headers[member.locationName!.toLowerCase()] = headerValue(context, member, value);
    if (member.location === 'headers') Object.assign(headers, prefixed(member, value as Record<string, string>));
  }
  if (status === 204 || status === 304) return { status, headers, body: EMPTY };
  const rest = { context, protocol, shape, name };
  const { type, body } =
    payload === undefined ? writeBody(rest, output) : writePayload(rest, shape.members[payload]!, output[payload]);
  return { status, headers: { ...(type && { 'content-type': type }), ...headers }, body };
}

const NOTHING: StructureShape = { type: 'structure', members: {} };

interface Rest {
  readonly context: Context;
  readonly protocol: CallTarget['protocol'];
  readonly shape: StructureShape;
  /** Of the output's shape, when there is one. */
  readonly name: string | undefined;
}

interface Written {
  readonly type?: string;
  readonly body: Buffer | Readable;
}

function writePayload({ context, protocol }: Rest, member: Member, value: unknown): Written {
  const shape = shapeOf(context.schema, member.shape);
  if (value === undefined || value === null) return { body: EMPTY };
  if (shape.type === 'blob' || shape.type === 'string') {
    const type = shape.mediaType ?? (shape.type === 'blob' ? 'application/octet-stream' : 'text/plain');
    return { type, body: rawBody(value) };
  }
  if (protocol === 'restJson1') return { type: JSON_TYPE, body: writeJson(context, member, value, { rest: true }) };
  const name = member.xmlName ?? ('xmlName' in shape ? shape.xmlName : undefined) ?? member.shape;
  return { type: XML_TYPE, body: xmlDocument(withNamespace(context, name, writeMember(context, name, member, value))) };
}

const JSON_TYPE = 'application/json';
const XML_TYPE = 'application/xml';

function rawBody(value: unknown): Buffer | Readable {
  if (value instanceof Readable || Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(value);
  assert(value instanceof Uint8Array, 'a payload is a stream, bytes or text');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function writeBody({ context, protocol, shape, name }: Rest, output: Readonly<Record<string, unknown>>): Written {
  if (protocol === 'restJson1') {
    if (name === undefined) return { type: JSON_TYPE, body: Buffer.from('{}') };
    const body = writeJson(context, { shape: name }, unboundOf(shape, output), { rest: true });
    return { type: JSON_TYPE, body };
  }
  if (name === undefined || !Object.values(shape.members).some((m) => !m.location)) return { body: EMPTY };
  const root = shape.xmlName ?? name;
  const inner = writeMembers(context, shape, unboundOf(shape, output));
  return { type: XML_TYPE, body: xmlDocument(withNamespace(context, root, element(root, inner))) };
}

/** Declares the service's namespace on the root element. */
function withNamespace({ schema }: Context, root: string, xml: string): string {
  return schema.xmlNamespace ? xml.replace(`<${root}`, () => `<${root} xmlns="${schema.xmlNamespace}"`) : xml;
}

function headerValue(context: Context, member: Member, value: unknown): string {
  const shape = shapeOf(context.schema, member.shape);
  const one = (m: Member, v: unknown) => formatText(m, shapeOf(context.schema, m.shape) as SimpleShape, v, 'http-date');
  if (shape.type === 'list') return safeHeader((value as unknown[]).map((v) => one(shape.member, v)).join(', '));
  const text = one(member, value);
  return safeHeader('json' in shape && shape.json ? Buffer.from(text).toString('base64') : text);
}

function prefixed(member: Member, values: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(values).map(([name, value]) => [
    `${member.locationName}${name}`.toLowerCase(),
    safeHeader(value),
  ]);
  return Object.fromEntries(entries);
}

/**
 * What no header can hold (line breaks above all, which a `response-content-disposition` may bring) goes out encoded
 * after RFC 2047, as S3 does with user metadata that is not ASCII.
 */
export function safeHeader(value: string): string {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value) ? value : `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`;
}
