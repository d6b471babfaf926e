import type { Member } from '../../schema/types.ts';
import { type Context, textOf } from './problem.ts';
import { formatTimestamp, parseBase64, parseSpecialNumber, parseTimestamp, timestampFormat } from './scalar.ts';
import { EPOCH, readTree, type TreeFormat, writeTree } from './tree.ts';

const JSON_FORMAT: TreeFormat = {
  readBlob: (value) => (typeof value === 'string' ? parseBase64(value) : undefined),
  readTimestamp(value, member, shape) {
    const format = timestampFormat(member, shape, EPOCH);
    if (typeof value !== (format === EPOCH ? 'number' : 'string')) return undefined;
    return parseTimestamp(value as string | number, format);
  },
  readNumber: (value) => (typeof value === 'string' ? parseSpecialNumber(value) : finite(value)),
  writeBlob: (value) => Buffer.from(value).toString('base64'),
  writeTimestamp: (value, member, shape) => formatTimestamp(value, timestampFormat(member, shape, EPOCH)),
  writeNumber: (value) => (Number.isFinite(value) ? value : String(value)),
  usesJsonName: false,
};
/** restJson1 alone knows `jsonName` (Smithy, aws.protocols#restJson1). */
const REST_JSON_FORMAT: TreeFormat = { ...JSON_FORMAT, usesJsonName: true };

/** JSON's 1e999 is no number of ours. */
function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Reads a JSON body by a shape; an empty body is `{}`. @throws AwsError SerializationException */
export function readJson(context: Context, member: Member, body: Buffer, options: { rest: boolean }): unknown {
  if (body.length === 0) return {};
  let tree: unknown;
  const text = textOf(body, context.problem);
  try {
    tree = JSON.parse(text);
  } catch {
    throw context.problem('', 'The body is not valid JSON');
  }
  return readTree(context, options.rest ? REST_JSON_FORMAT : JSON_FORMAT, member, tree);
}

/** Writes a value as JSON by its shape. */
export function writeJson(context: Context, member: Member, value: unknown, options: { rest: boolean }): Buffer {
  return Buffer.from(JSON.stringify(writeTree(context, options.rest ? REST_JSON_FORMAT : JSON_FORMAT, member, value)));
}
