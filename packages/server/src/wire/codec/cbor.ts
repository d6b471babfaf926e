import { type DecodeOptions, decode, encode, Token, Tokenizer, Type } from 'cborg';
import type { Member } from '../../schema/types.ts';
import { type Context, NESTING_MAX } from './problem.ts';
import { formatTimestamp } from './scalar.ts';
import { EPOCH, readTree, type TreeFormat, writeTree } from './tree.ts';

const CBOR_FORMAT: TreeFormat = {
  readBlob: (value) => (value instanceof Uint8Array ? Buffer.from(value) : undefined),
  readTimestamp: (value) => (value instanceof Date ? value : undefined),
  readNumber: (value) => (typeof value === 'number' ? value : undefined),
  writeBlob: (value) => new Uint8Array(value),
  writeTimestamp: (value) => value,
  writeNumber: (value) => value,
  usesJsonName: false,
};

/** RFC 8949 §3.4.2: tag 1 is seconds since the epoch, the only tag that rpcv2Cbor has for what AWS sends. */
const TAG_EPOCH = 1;

/** @param unitMs what a time counts */
function optionsFor(unitMs: number) {
  const tags: ((inner: unknown) => unknown)[] = [];
  tags[TAG_EPOCH] = (time) => {
    const date = new Date(typeof time === 'number' ? Math.round(time * unitMs) : Number.NaN);
    if (Number.isNaN(date.getTime())) throw new Error('not a time');
    return date;
  };
  return { tags, useMaps: true, retainStringBytes: true, coerceUndefinedToNull: true };
}

type CborOptions = ReturnType<typeof optionsFor>;
const OPTIONS = optionsFor(1000);
/**
 * Before rpcv2Cbor the Java SDKs spoke awsJson to Kinesis with CBOR in place of JSON, and in it wrote milliseconds for
 * times, against the RFC.
 */
const OLD_OPTIONS = optionsFor(1);

/** Whether a message of awsJson is in that older CBOR. */
export function isOldCbor(headers: Readonly<Record<string, string>>): boolean {
  return headers['content-type']?.startsWith('application/x-amz-cbor') ?? false;
}
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** cborg puts replacement characters for what is not UTF-8; RFC 8949 §5.3.1 calls that invalid, and so do we. */
function strictTokenizer(body: Buffer, options: CborOptions): NonNullable<DecodeOptions['tokenizer']> {
  const inner = new Tokenizer(body, options);
  return {
    done: () => inner.done(),
    pos: () => inner.pos(),
    next() {
      const token = inner.next();
      if (token.byteValue) utf8.decode(token.byteValue);
      return token;
    },
  };
}

/** Reads a CBOR body by a shape; an empty body is an empty map. @throws AwsError SerializationException */
export function readCbor(context: Context, member: Member, body: Buffer): unknown {
  return readAs(OPTIONS, context, member, body);
}

/** The same of the older CBOR. @throws AwsError SerializationException */
export function readOldCbor(context: Context, member: Member, body: Buffer): unknown {
  return readAs(OLD_OPTIONS, context, member, body);
}

function readAs(options: CborOptions, context: Context, member: Member, body: Buffer): unknown {
  if (body.length === 0) return {};
  let tree: unknown;
  try {
    tree = cborTree(body, options);
  } catch {
    // Besides its own complaints cborg runs out of stack on what is nested too deep; either way it is the caller's.
    throw context.problem('', `The body is not valid CBOR, or nested more than ${NESTING_MAX} deep`);
  }
  return readTree(context, CBOR_FORMAT, member, tree);
}

/** Plain data of CBOR, with dates. @throws Error for what is no CBOR, or nested too deep */
export function cborTree(body: Buffer, options = OPTIONS): unknown {
  return plain(decode(body, { ...options, tokenizer: strictTokenizer(body, options) }), 0);
}

/** Maps as plain objects, so that JSON and CBOR are walked alike. Keys that are no strings cannot be members. */
function plain(value: unknown, depth: number): unknown {
  if (depth > NESTING_MAX) throw new Error('nested too deep');
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  if (typeof value === 'symbol') throw new Error('a break in the wrong place'); // which cborg lets through in maps
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(
    [...value].filter(([k]) => typeof k === 'string').map(([k, v]) => [k, plain(v, depth + 1)]),
  );
}

/** Writes a value as CBOR by its shape. */
export function writeCbor(context: Context, member: Member, value: unknown): Buffer {
  return encodeCbor(writeTree(context, CBOR_FORMAT, member, value));
}

/** Writes plain data as CBOR, dates as tag 1. */
export function encodeCbor(tree: unknown): Buffer {
  return Buffer.from(
    encode(tree, {
      typeEncoders: {
        Date: (date: Date) => {
          const seconds = formatTimestamp(date, EPOCH) as number;
          return [new Token(Type.tag, TAG_EPOCH), new Token(Type.float, seconds)];
        },
      },
    }),
  );
}
