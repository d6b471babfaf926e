import * as nodeFs from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import {
  type Bucket,
  type Marks,
  type ObjectStore,
  type ObjectVersion,
  type PutRequest,
  StoreRefusal,
} from '../object-store.ts';
import { encodeVersion, uploadSequence, versionKey } from './codec.ts';
import { BUCKETS, Core, discard, filePath, META, uploadPath, uploadsTable, versionsTable } from './core.ts';
import type { FileSeal } from './file-seal.ts';
import { pushbackWhenFull, type StoreFiles, unlinkIfThere } from './files.ts';
import { IndexJournal } from './index-journal.ts';
import { listObjects, listUploads, listVersions } from './listings.ts';
import { openVersion } from './open.ts';
import { readSealAt, writeSealed } from './sealed.ts';
import * as uploads from './uploads.ts';
import { addition, findVersion, latest, nullVersion, removal } from './versions.ts';

export interface ObjectStoreOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly fs?: StoreFiles;
  /** A journal of the index is replaced by a snapshot once it has grown to this, or to the snapshot's size. */
  readonly journalBytesMin?: number;
}

const NEXT_BUCKET = Buffer.from('next-bucket');

/**
 * Objects in a directory, which MUST belong to one process at a time:
 *
 *     index/     what buckets and versions there are (`index-journal.ts`)
 *     files/     a sealed file a version, named by its sequence; keys never become file names
 *     uploads/   a directory an upload, its parts in it; it stays where it is when the upload becomes an object
 *     tmp/       files being written; emptied at start
 *
 * A write is true once its frame of the index is durable: its file was made durable under its final name before.
 * @throws OperatorError when the index is damaged
 */
export async function openObjectStore(options: ObjectStoreOptions): Promise<ObjectStore> {
  const fs = options.fs ?? nodeFs;
  const { directory, clock, random, logger } = options;
  await fs.rm(join(directory, 'tmp'), { recursive: true, force: true });
  for (const name of ['index', 'files', 'uploads', 'tmp']) await fs.mkdir(join(directory, name), { recursive: true });
  const index = await IndexJournal.open({
    directory: join(directory, 'index'),
    fs,
    random,
    logger,
    ...(options.journalBytesMin !== undefined && { journalBytesMin: options.journalBytesMin }),
  });
  const core = new Core(directory, fs, clock, random, logger, index);
  await removeOrphans(core);
  core.collect();
  return storeOver(core);
}

/** Files that got their names just before a crash, and whose commit did not come. */
async function removeOrphans(core: Core): Promise<void> {
  const { fs, nextSequence } = core;
  const remove = async (directory: string) => {
    for (const name of await fs.readdir(core.path(directory))) {
      if (Number.parseInt(name, 10) >= nextSequence) {
        await fs.rm(core.path(join(directory, name)), { recursive: true, force: true });
      }
    }
  };
  await remove('uploads');
  const newest = filePath(nextSequence).split('/')[1]!;
  for (const name of await fs.readdir(core.path('files'))) {
    if (name >= newest) await remove(join('files', name));
  }
}

function storeOver(core: Core): ObjectStore {
  return {
    bucket: (name) => core.buckets.get(name),
    buckets: () => [...core.buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),

    createBucket: (wanted) =>
      core.committer.submit(undefined, () => {
        if (core.buckets.has(wanted.name)) throw new StoreRefusal('BucketAlreadyExists');
        const id = core.index.table(META).get(NEXT_BUCKET)?.readUInt32LE() ?? 1;
        const next = Buffer.alloc(4);
        next.writeUInt32LE(id + 1);
        const decision = bucketDecision(core, { ...wanted, id });
        return { ...decision, changes: [{ table: META, key: NEXT_BUCKET, value: next }, ...decision.changes] };
      }),

    changeBucket: (name, change) =>
      core.committer.submit(undefined, () => {
        const old = core.bucket(name);
        return bucketDecision(core, { ...change(old), id: old.id, name: old.name });
      }),

    async deleteBucket(name, check) {
      await core.committer.submit(undefined, () => {
        const bucket = core.bucket(name);
        check?.(bucket);
        if (core.versions(bucket).size > 0) throw new StoreRefusal('BucketNotEmpty');
        const unfinished = [...core.uploads(bucket).entries()].map(({ key }) => key);
        return {
          changes: [
            { table: BUCKETS, key: Buffer.from(name, 'utf8') },
            ...unfinished.map((key) => ({ table: uploadsTable(bucket), key })),
            ...discard(...unfinished.map((key) => uploadPath(uploadSequence(key)))),
          ],
          result: undefined,
          applied() {
            core.remember(name, undefined);
            core.index.drop(versionsTable(bucket));
            core.index.drop(uploadsTable(bucket));
          },
        };
      });
      core.collect();
    },

    find: (bucket, key, versionId) => findVersion(core.versions(core.bucket(bucket)), key, versionId)?.version,
    open: (bucket, key, versionId) => openVersion(core, core.bucket(bucket), key, versionId),
    put: (request) => put(core, request),
    delete: (bucket, key, options = {}) => remove(core, bucket, key, options),
    setMarks: (bucket, key, versionId, change) => setMarks(core, bucket, key, versionId, change),
    list: (request) => listObjects(core, request),
    listVersions: (request) => listVersions(core, request),

    createUpload: (bucket, key, attributes, marks) => uploads.createUpload(core, bucket, key, { attributes, marks }),
    uploadAttributes: (bucket, key, uploadId) => uploads.uploadAttributes(core, bucket, key, uploadId),
    putPart: (upload, number, body, describe, sealing) =>
      uploads.putPart(core, upload, number, body, describe, sealing),
    listParts: (bucket, key, uploadId) => uploads.listParts(core, bucket, key, uploadId),
    async completeUpload(bucket, key, uploadId, choose, check) {
      const version = await uploads.completeUpload(core, { bucket, key, uploadId }, choose, check);
      core.collect();
      return version;
    },
    async abortUpload(bucket, key, uploadId) {
      await uploads.abortUpload(core, bucket, key, uploadId);
      core.collect();
    },
    listUploads: (request) => listUploads(core, request),

    close: () => core.close(),
  };
}

const bucketDecision = (core: Core, bucket: Bucket) => ({
  changes: [
    { table: BUCKETS, key: Buffer.from(bucket.name, 'utf8'), value: Buffer.from(JSON.stringify(bucket), 'utf8') },
  ],
  result: bucket,
  applied: () => core.remember(bucket.name, bucket),
});

async function put(core: Core, request: PutRequest): Promise<ObjectVersion> {
  const { bucket, key } = request;
  const { id } = core.bucket(bucket);
  const temporary = core.temporary();
  try {
    const { body, sealing } = request;
    const sealed = core.sealer(sealing);
    const written = await writeSealed<FileSeal>(core.fs, core.path(temporary), body, sealed, (w) => {
      const { attributes, marks = {} } = request.describe(w);
      return { bucket, key, attributes, marks, ...(sealed && { cipher: sealed.cipher }) };
    });
    const version = await core.committer.submit(`${id}/${key}`, () => {
      const current = uploads.sameBucket(core, bucket, id);
      request.check?.(latest(core.versions(current), key)?.version);
      const sequence = core.takeSequence();
      const { changes, version } = addition(core, current, key, {
        sequence,
        isDeleteMarker: false,
        revision: 0,
        partCount: 0,
        sizeBytes: written.sizeBytes,
        modifiedMs: core.clock.now(),
        md5: sealing?.etagOf?.(written.md5) ?? written.md5,
        uploadSequence: undefined,
      });
      return { changes, move: { from: temporary, to: filePath(sequence) }, result: version };
    });
    core.collect();
    return version;
  } catch (error) {
    await unlinkIfThere(core.fs, core.path(temporary)).catch(() => {});
    throw pushbackWhenFull(error);
  }
}

async function remove(
  core: Core,
  bucketName: string,
  key: string,
  { versionId, check }: { versionId?: string; check?: (current: ObjectVersion | undefined) => void },
): Promise<ObjectVersion | undefined> {
  const { id } = core.bucket(bucketName);
  const gone = await core.committer.submit<ObjectVersion | undefined>(`${id}/${key}`, () => {
    const bucket = uploads.sameBucket(core, bucketName, id);
    const pages = core.versions(bucket);
    const target = findVersion(pages, key, versionId);
    check?.(target?.version);
    if (versionId === undefined && bucket.versioning !== undefined) {
      const marker = { ...NO_BYTES, sequence: core.takeSequence(), modifiedMs: core.clock.now() };
      const { changes, version } = addition(core, bucket, key, marker);
      return { changes, result: version };
    }
    const doomed = versionId === undefined ? nullVersion(pages, key) : target;
    return { changes: doomed ? removal(bucket, key, doomed) : [], result: doomed?.version };
  });
  core.collect();
  return gone;
}

const NO_BYTES = {
  isDeleteMarker: true,
  revision: 0,
  partCount: 0,
  sizeBytes: 0,
  md5: '0'.repeat(32),
  uploadSequence: undefined,
};

async function setMarks(
  core: Core,
  bucketName: string,
  key: string,
  versionId: string | undefined,
  change: (old: Marks) => Marks,
): Promise<ObjectVersion> {
  const { id } = core.bucket(bucketName);
  for (;;) {
    const bucket = uploads.sameBucket(core, bucketName, id);
    const old = findVersion(core.versions(bucket), key, versionId);
    if (!old || old.entry.isDeleteMarker) throw new StoreRefusal('NoSuchVersion');
    const { sequence, revision } = old.entry;
    const release = core.pin([filePath(sequence, revision)]);
    const temporary = core.temporary();
    try {
      const { sealed } = await readSealAt<FileSeal>(core.fs, core.path(filePath(sequence, revision)));
      const marks = change(sealed.marks);
      const seal: FileSeal = { bucket: bucketName, key, attributes: {}, marks };
      await writeSealed(core.fs, core.path(temporary), Buffer.alloc(0), undefined, () => seal);
      const done = await core.committer.submit(`${id}/${key}`, () => {
        const current = uploads.sameBucket(core, bucketName, id);
        const now = findVersion(core.versions(current), key, versionId);
        // Somebody else changed them in between: begin again with what they left.
        if (now?.entry.sequence !== sequence || now.entry.revision !== revision)
          return { changes: [], result: undefined };
        const value = encodeVersion({ ...now.entry, revision: revision + 1 });
        return {
          changes: [
            { table: versionsTable(current), key: versionKey(key, sequence), value },
            ...(revision > 0 ? discard(filePath(sequence, revision)) : []),
          ],
          move: { from: temporary, to: filePath(sequence, revision + 1) },
          result: now.version,
        };
      });
      if (done) return done;
    } catch (error) {
      throw pushbackWhenFull(error);
    } finally {
      await unlinkIfThere(core.fs, core.path(temporary)).catch(() => {});
      release();
      core.collect();
    }
  }
}
