import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { systemErrorCode } from '../../base/errors.ts';
import {
  type Attributes,
  type Bucket,
  type Chosen,
  type Marks,
  type ObjectVersion,
  type Part,
  type Sealing,
  StoreRefusal,
  type Upload,
  type Written,
} from '../object-store.ts';
import { type FileCipher, plainBytes } from './cipher.ts';
import { publicId, sequenceOf, uploadKey } from './codec.ts';
import { type Core, discard, filePath, partPath, uploadPath, uploadsTable } from './core.ts';
import type { FileSeal, StoredPart } from './file-seal.ts';
import { pushbackWhenFull, syncDirectory } from './files.ts';
import { readSealAt, writeSealed } from './sealed.ts';
import { addition, latest } from './versions.ts';

/**
 * Uploads in parts. A part is a sealed file in the upload's directory; the object made of them is a sealed file without
 * bytes that names that directory and its parts, so that completing an upload copies nothing, however large it is.
 */
interface UploadSeal {
  readonly attributes: Attributes;
  readonly marks: Marks;
}

export interface PartSeal {
  readonly md5: string;
  readonly modifiedMs: number;
  readonly attributes: Attributes;
  readonly cipher?: FileCipher;
}

/** One at a time of what changes an upload's directory. */
const turns = new WeakMap<Core, Map<number, Promise<unknown>>>();

function inTurn<T>(core: Core, sequence: number, work: () => Promise<T>): Promise<T> {
  const waiting = turns.get(core) ?? new Map<number, Promise<unknown>>();
  turns.set(core, waiting);
  const mine = (waiting.get(sequence) ?? Promise.resolve()).then(work, work);
  const settled = mine
    .catch(() => {})
    .finally(() => {
      if (waiting.get(sequence) === settled) waiting.delete(sequence);
    });
  waiting.set(sequence, settled);
  return mine;
}

/** @throws StoreRefusal NoSuchUpload, NoSuchBucket */
function sequenceOfUpload(core: Core, bucketName: string, key: string, uploadId: string): number {
  const sequence = sequenceOf('upload', uploadId);
  if (sequence === undefined || !core.uploads(core.bucket(bucketName)).get(uploadKey(key, sequence))) {
    throw new StoreRefusal('NoSuchUpload');
  }
  return sequence;
}

export async function createUpload(core: Core, bucket: string, key: string, seal: UploadSeal): Promise<Upload> {
  const { id } = core.bucket(bucket);
  const sequence = core.takeSequence();
  const path = core.path(uploadPath(sequence));
  try {
    await core.fs.mkdir(path);
    await writeSealed(core.fs, join(path, 'upload'), Buffer.alloc(0), undefined, () => seal);
    await syncDirectory(core.fs, path);
    await syncDirectory(core.fs, core.path('uploads'));
    return await core.committer.submit(`${id}/${key}`, () => {
      const current = sameBucket(core, bucket, id);
      const createdMs = core.clock.now();
      const value = Buffer.alloc(6);
      value.writeUIntLE(createdMs, 0, 6);
      return {
        changes: [{ table: uploadsTable(current), key: uploadKey(key, sequence), value }],
        result: { key, uploadId: publicId('upload', sequence), createdMs },
      };
    });
  } catch (error) {
    if (!core.index.uncertain) await core.fs.rm(path, { recursive: true, force: true }).catch(() => {});
    throw pushbackWhenFull(error);
  }
}

/** The bucket as it is now, provided that it is still the same one. */
export function sameBucket(core: Core, name: string, id: number): Bucket {
  const bucket = core.bucket(name);
  if (bucket.id !== id) throw new StoreRefusal('NoSuchBucket');
  return bucket;
}

export async function uploadAttributes(core: Core, bucket: string, key: string, uploadId: string): Promise<Attributes> {
  const sequence = sequenceOfUpload(core, bucket, key, uploadId);
  return (await readUpload(core, sequence)).attributes;
}

export async function putPart(
  core: Core,
  { bucket, key, uploadId }: { bucket: string; key: string; uploadId: string },
  number: number,
  body: Readable | Buffer,
  describe: (written: Written) => Attributes,
  sealing?: Sealing,
): Promise<Part> {
  const sequence = sequenceOfUpload(core, bucket, key, uploadId);
  const temporary = core.path(core.temporary());
  try {
    const sealer = core.sealer(sealing);
    const { sealed, sizeBytes } = await writeSealed<PartSeal>(core.fs, temporary, body, sealer, (written) => ({
      md5: sealing?.etagOf?.(written.md5) ?? written.md5,
      modifiedMs: core.clock.now(),
      attributes: describe(written),
      ...(sealer && { cipher: sealer.cipher }),
    }));
    return await inTurn(core, sequence, async () => {
      sequenceOfUpload(core, bucket, key, uploadId);
      await core.fs.rename(temporary, core.path(partPath(sequence, number)));
      await syncDirectory(core.fs, core.path(uploadPath(sequence)));
      return partOf(number, sizeBytes, sealed);
    });
  } catch (error) {
    await core.fs.rm(temporary, { force: true }).catch(() => {});
    throw pushbackWhenFull(error);
  }
}

function partOf(number: number, sizeBytes: number, { md5, modifiedMs, attributes, cipher }: PartSeal): StoredPart {
  return { number, sizeBytes, modifiedMs, etag: md5, attributes, ...(cipher && { cipher }) };
}

export async function listParts(core: Core, bucket: string, key: string, uploadId: string): Promise<readonly Part[]> {
  const sequence = sequenceOfUpload(core, bucket, key, uploadId);
  const release = core.pin([uploadPath(sequence)]);
  try {
    return await readParts(core, sequence);
  } catch (error) {
    throw systemErrorCode(error) === 'ENOENT' ? new StoreRefusal('NoSuchUpload') : error;
  } finally {
    release();
  }
}

async function readParts(core: Core, sequence: number): Promise<StoredPart[]> {
  const names = (await core.fs.readdir(core.path(uploadPath(sequence)))).filter((n) => n.startsWith('part-')).sort();
  const parts: StoredPart[] = [];
  for (const name of names) {
    const number = Number(name.slice('part-'.length));
    const { sizeBytes, sealed } = await readSealAt<PartSeal>(core.fs, core.path(partPath(sequence, number)));
    parts.push(partOf(number, sealed.cipher ? plainBytes(sizeBytes) : sizeBytes, sealed));
  }
  return parts;
}

async function readUpload(core: Core, sequence: number): Promise<UploadSeal> {
  return (await readSealAt<UploadSeal>(core.fs, core.path(join(uploadPath(sequence), 'upload')))).sealed;
}

export async function completeUpload(
  core: Core,
  { bucket, key, uploadId }: { bucket: string; key: string; uploadId: string },
  choose: (parts: ReadonlyMap<number, Part>, attributes: Attributes) => Chosen,
  check?: (current: ObjectVersion | undefined) => void,
): Promise<ObjectVersion> {
  const upload = sequenceOfUpload(core, bucket, key, uploadId);
  const { id } = core.bucket(bucket);
  return inTurn(core, upload, async () => {
    sequenceOfUpload(core, bucket, key, uploadId);
    const parts = await readParts(core, upload);
    const byNumber = new Map(parts.map((part) => [part.number, part]));
    const { attributes, marks } = await readUpload(core, upload);
    const chosen = choose(byNumber, attributes);
    const taken = chosen.parts.map((part) => byNumber.get(part.number)!);
    const temporary = core.temporary();
    const seal: FileSeal = { bucket, key, attributes: chosen.attributes, marks, parts: taken };
    try {
      await writeSealed(core.fs, core.path(temporary), Buffer.alloc(0), undefined, () => seal);
      return await core.committer.submit(`${id}/${key}`, () => {
        const current = sameBucket(core, bucket, id);
        sequenceOfUpload(core, bucket, key, uploadId);
        check?.(latest(core.versions(current), key)?.version);
        const sequence = core.takeSequence();
        const { changes, version } = addition(core, current, key, {
          sequence,
          isDeleteMarker: false,
          revision: 0,
          partCount: chosen.parts.length,
          sizeBytes: chosen.parts.reduce((sum, part) => sum + part.sizeBytes, 0),
          modifiedMs: core.clock.now(),
          md5: chosen.md5,
          uploadSequence: upload,
        });
        const unused = parts.filter((part) => !taken.includes(part)).map((part) => partPath(upload, part.number));
        return {
          changes: [
            ...changes,
            { table: uploadsTable(current), key: uploadKey(key, upload) },
            ...discard(...unused, join(uploadPath(upload), 'upload')),
          ],
          move: { from: temporary, to: filePath(sequence) },
          result: version,
        };
      });
    } catch (error) {
      await core.fs.rm(core.path(temporary), { force: true }).catch(() => {});
      throw pushbackWhenFull(error);
    }
  });
}

export async function abortUpload(core: Core, bucketName: string, key: string, uploadId: string): Promise<void> {
  const sequence = sequenceOfUpload(core, bucketName, key, uploadId);
  await inTurn(core, sequence, async () => {
    const bucket = core.bucket(bucketName);
    await core.committer.submit(`${bucket.id}/${key}`, () => {
      sequenceOfUpload(core, bucketName, key, uploadId);
      return {
        changes: [{ table: uploadsTable(bucket), key: uploadKey(key, sequence) }, ...discard(uploadPath(sequence))],
        result: undefined,
      };
    });
  });
}
