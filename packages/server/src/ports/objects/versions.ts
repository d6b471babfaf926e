import type { Bucket, ObjectVersion } from '../object-store.ts';
import {
  decodeVersion,
  encodeVersion,
  keyBytes,
  keyPart,
  keyText,
  publicId,
  sequenceOf,
  type VersionEntry,
  versionKey,
} from './codec.ts';
import { type Core, discard, filePath, uploadPath, versionsTable } from './core.ts';
import type { Change } from './frames.ts';
import type { Entry, SortedPages } from './pages.ts';

/** A version as the index has it, with what listings say of it. */
export interface Found {
  readonly entry: VersionEntry;
  readonly version: ObjectVersion;
}

const NULL_ID = 'null';

export function found(key: string, entry: VersionEntry, isLatest: boolean): Found {
  return {
    entry,
    version: {
      key,
      versionId: entry.isNull ? NULL_ID : publicId('version', entry.sequence),
      isLatest,
      isDeleteMarker: entry.isDeleteMarker,
      sizeBytes: entry.sizeBytes,
      modifiedMs: entry.modifiedMs,
      etag: entry.partCount === 0 ? entry.md5 : `${entry.md5}-${entry.partCount}`,
    },
  };
}

/** All versions of a key, the newest first. */
export function* versionsOf(pages: SortedPages, key: string): Generator<Found, void> {
  const start = keyBytes(key);
  let isLatest = true;
  for (const { key: indexKey, value } of pages.entries(start)) {
    if (!indexKey.subarray(0, start.length).equals(start)) return;
    yield found(key, decodeVersion(indexKey, value), isLatest);
    isLatest = false;
  }
}

export function latest(pages: SortedPages, key: string): Found | undefined {
  for (const version of versionsOf(pages, key)) return version;
  return undefined;
}

/** The version of that id, or the latest without one. */
export function findVersion(pages: SortedPages, key: string, versionId?: string): Found | undefined {
  if (versionId === undefined) return latest(pages, key);
  if (versionId === NULL_ID) return nullVersion(pages, key);
  const sequence = sequenceOf('version', versionId);
  if (sequence === undefined) return undefined;
  const indexKey = versionKey(key, sequence);
  const value = pages.get(indexKey);
  if (!value) return undefined;
  const entry = decodeVersion(indexKey, value);
  const isLatest = latest(pages, key)?.entry.sequence === sequence;
  return entry.isNull ? undefined : found(key, entry, isLatest);
}

export function nullVersion(pages: SortedPages, key: string): Found | undefined {
  for (const version of versionsOf(pages, key)) if (version.entry.isNull) return version;
  return undefined;
}

/** The changes that take a version away for good, its files too. */
export function removal(bucket: Bucket, key: string, { entry }: Found): Change[] {
  return [{ table: versionsTable(bucket), key: versionKey(key, entry.sequence) }, ...discard(...filesOf(entry))];
}

export function filesOf(entry: VersionEntry): string[] {
  if (entry.isDeleteMarker) return [];
  const files = [filePath(entry.sequence)];
  if (entry.revision > 0) files.push(filePath(entry.sequence, entry.revision));
  if (entry.uploadSequence !== undefined) files.push(uploadPath(entry.uploadSequence));
  return files;
}

/** The changes that make this the newest version of its key, by the bucket's versioning. */
export function addition(
  core: Core,
  bucket: Bucket,
  key: string,
  entry: Omit<VersionEntry, 'isNull'>,
): {
  changes: Change[];
  version: ObjectVersion;
} {
  const isNull = bucket.versioning !== 'Enabled';
  const whole = { ...entry, isNull };
  const replaced = isNull ? nullVersion(core.versions(bucket), key) : undefined;
  return {
    changes: [
      ...(replaced ? removal(bucket, key, replaced) : []),
      { table: versionsTable(bucket), key: versionKey(key, entry.sequence), value: encodeVersion(whole) },
    ],
    version: found(key, whole, true).version,
  };
}

/** What an entry of the versions table says, given the one before it in the table. */
export function foundIn({ key, value }: Entry, before: Buffer | undefined): Found {
  const isLatest = before === undefined || !keyPart(before).equals(keyPart(key));
  return found(keyText(key), decodeVersion(key, value), isLatest);
}
