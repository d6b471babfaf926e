import { createHash } from 'node:crypto';

/**
 * How versions and uploads stand in the index. Keys: the object's key in UTF-8 with every NUL written as 00 FF, then
 * 00 00, then the sequence, inverted for versions so that the newest comes first. In byte order this sorts by key,
 * then by age.
 */
export interface VersionEntry {
  readonly sequence: number;
  readonly isDeleteMarker: boolean;
  readonly isNull: boolean;
  /** How often its marks were changed. */
  readonly revision: number;
  /** 0 when it was not uploaded in parts. */
  readonly partCount: number;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly md5: string;
  /** Of the upload whose parts are its bytes. */
  readonly uploadSequence: number | undefined;
}

const SEQUENCE_BYTES = 6;
const SEQUENCE_MAX = 2 ** 48 - 1;
const SUFFIX_BYTES = 2 + SEQUENCE_BYTES;
const TERMINATOR = Buffer.alloc(2);
const DELETE_MARKER = 1;
const NULL_VERSION = 2;
const VALUE_BYTES = 34;

/** The bytes with which all entries of keys that start with `text` start. */
export function prefixBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (!bytes.includes(0)) return bytes;
  return Buffer.from([...bytes].flatMap((byte) => (byte === 0 ? [0, 0xff] : [byte])));
}

/** The bytes with which all entries of exactly this key start. */
export const keyBytes = (key: string): Buffer => Buffer.concat([prefixBytes(key), TERMINATOR]);

/** A place behind everything that starts with these bytes. */
export function after(start: Buffer): Buffer | undefined {
  let end = start.length;
  while (end > 0 && start[end - 1] === 0xff) end--;
  if (end === 0) return undefined;
  const next = Buffer.from(start.subarray(0, end));
  next[end - 1]! += 1;
  return next;
}

export function versionKey(key: string, sequence: number): Buffer {
  return withSequence(key, SEQUENCE_MAX - sequence);
}

export function uploadKey(key: string, sequence: number): Buffer {
  return withSequence(key, sequence);
}

function withSequence(key: string, sequence: number): Buffer {
  const tail = Buffer.alloc(SEQUENCE_BYTES);
  tail.writeUIntBE(sequence, 0, SEQUENCE_BYTES);
  return Buffer.concat([keyBytes(key), tail]);
}

/** The part of an index key that names the object, for comparing. */
export const keyPart = (indexKey: Buffer): Buffer => indexKey.subarray(0, indexKey.length - SUFFIX_BYTES);

export function keyText(indexKey: Buffer): string {
  const part = keyPart(indexKey);
  if (!part.includes(0xff)) return part.toString('utf8');
  return Buffer.from(part.filter((byte) => byte !== 0xff)).toString('utf8');
}

export const uploadSequence = (indexKey: Buffer): number =>
  indexKey.readUIntBE(indexKey.length - SEQUENCE_BYTES, SEQUENCE_BYTES);
export const versionSequence = (indexKey: Buffer): number => SEQUENCE_MAX - uploadSequence(indexKey);

export function encodeVersion(v: VersionEntry): Buffer {
  const out = Buffer.alloc(VALUE_BYTES + (v.uploadSequence === undefined ? 0 : SEQUENCE_BYTES));
  out[0] = (v.isDeleteMarker ? DELETE_MARKER : 0) | (v.isNull ? NULL_VERSION : 0);
  out.writeUIntLE(v.revision, 1, 3);
  out.writeUInt16LE(v.partCount, 4);
  out.writeUIntLE(v.sizeBytes, 6, 6);
  out.writeUIntLE(v.modifiedMs, 12, 6);
  out.write(v.md5, 18, 'hex');
  if (v.uploadSequence !== undefined) out.writeUIntLE(v.uploadSequence, VALUE_BYTES, SEQUENCE_BYTES);
  return out;
}

export function decodeVersion(indexKey: Buffer, value: Buffer): VersionEntry {
  return {
    sequence: versionSequence(indexKey),
    isDeleteMarker: (value[0]! & DELETE_MARKER) !== 0,
    isNull: (value[0]! & NULL_VERSION) !== 0,
    revision: value.readUIntLE(1, 3),
    partCount: value.readUInt16LE(4),
    sizeBytes: value.readUIntLE(6, 6),
    modifiedMs: value.readUIntLE(12, 6),
    md5: value.toString('hex', 18, VALUE_BYTES),
    uploadSequence: value.length > VALUE_BYTES ? value.readUIntLE(VALUE_BYTES, SEQUENCE_BYTES) : undefined,
  };
}

/**
 * The public name of a sequence: 32 characters that say where the version is, and cannot be come upon by counting up.
 * `kind` keeps version ids and upload ids apart.
 */
export function publicId(kind: 'version' | 'upload', sequence: number): string {
  const bytes = Buffer.alloc(24);
  bytes.writeUIntBE(sequence, 0, SEQUENCE_BYTES);
  createHash('sha256').update(`${kind}/${sequence}`).digest().copy(bytes, SEQUENCE_BYTES, 0, 18);
  return bytes.toString('base64url');
}

/** The sequence that a public id names, or undefined when it is none of ours. */
export function sequenceOf(kind: 'version' | 'upload', id: string): number | undefined {
  if (!/^[\w-]{32}$/.test(id)) return undefined;
  const sequence = Buffer.from(id, 'base64url').readUIntBE(0, SEQUENCE_BYTES);
  return publicId(kind, sequence) === id ? sequence : undefined;
}
