import type { Readable } from 'node:stream';

/** A bucket and all that is set on it. */
export interface Bucket {
  /** Of this bucket in its lifetime: a bucket of the same name made later has another. */
  readonly id: number;
  readonly name: string;
  readonly ownerAccountId: string;
  readonly region: string;
  readonly createdMs: number;
  /** Absent until it was enabled once. */
  readonly versioning?: 'Enabled' | 'Suspended';
  /** Policy, tags, lifecycle …: anything JSON, by names that the S3 service gives. At most 512 KB in all. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One version of an object, or the mark of its deletion, as listings show it. */
export interface ObjectVersion {
  readonly key: string;
  /** `null` for what was written while versioning was not enabled. */
  readonly versionId: string;
  readonly isLatest: boolean;
  readonly isDeleteMarker: boolean;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Without quotes: MD5 in hex, with `-N` behind it for N parts. */
  readonly etag: string;
}

/** What is fixed when an object is written (content type, user metadata, checksums …): anything JSON, at most 64 KB. */
export type Attributes = Readonly<Record<string, unknown>>;
/** What may change afterwards (tags, ACL): anything JSON, at most 64 KB. */
export type Marks = Readonly<Record<string, unknown>>;

export interface Part {
  readonly number: number;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly etag: string;
  readonly attributes: Attributes;
}

export interface Upload {
  readonly key: string;
  readonly uploadId: string;
  readonly createdMs: number;
}

/** An object held open: its bytes stay whole for the holder whatever happens to the key. MUST be closed. */
export interface OpenObject {
  readonly version: ObjectVersion;
  readonly attributes: Attributes;
  readonly marks: Marks;
  /** Of an object that was uploaded in parts. */
  readonly parts?: readonly Part[];
  /**
   * Bytes from `start` to `end`, both inclusive. As a stream it closes the object when it ends or is destroyed, as a
   * Buffer at once.
   * @param dataKey of an object that was written with one; bytes that it does not bear out are an error, never given out
   */
  read(start: number, end: number, dataKey?: Buffer): Readable | Buffer;
  close(): Promise<void>;
}

export interface Written {
  readonly sizeBytes: number;
  /** MD5 in hex. */
  readonly md5: string;
}

/** How bytes are to stand on disk when they are not to be read there. */
export interface Sealing {
  /** 32 bytes. Whoever reads must bring it again: the store does not keep it. */
  readonly dataKey: Buffer;
  /** The ETag, 32 hex digits, where it is not to be the MD5. */
  readonly etagOf?: (md5: string) => string;
}

export interface PutRequest {
  readonly bucket: string;
  readonly key: string;
  readonly body: Readable | Buffer;
  readonly sealing?: Sealing;
  /** Asked once the body has ended well; may throw to refuse what was written. */
  readonly describe: (written: Written) => { readonly attributes: Attributes; readonly marks?: Marks };
  /** Throws to refuse, seeing what the key holds in the same instant that the new version would replace it. */
  readonly check?: (current: ObjectVersion | undefined) => void;
}

export interface ListRequest {
  readonly bucket: string;
  readonly prefix?: string;
  readonly delimiter?: string;
  /** Keys and common prefixes after this one only. */
  readonly after?: string;
  /** Together with `after`: that key's versions older than this one are listed too. */
  readonly afterVersionId?: string;
  readonly limit: number;
}

export interface Listing<T> {
  readonly items: readonly T[];
  readonly commonPrefixes: readonly string[];
  /** Present when there is more: what to ask next with. */
  readonly next?: { readonly after: string; readonly afterVersionId?: string; readonly afterUploadId?: string };
}

export type StoreRefusalCode =
  | 'NoSuchBucket'
  | 'BucketAlreadyExists'
  | 'BucketNotEmpty'
  | 'NoSuchVersion'
  | 'NoSuchUpload';

/** What the store itself refuses, by S3's names. */
export class StoreRefusal extends Error {
  readonly code: StoreRefusalCode;

  constructor(code: StoreRefusalCode) {
    super(code);
    this.name = 'StoreRefusal';
    this.code = code;
  }
}

/**
 * Buckets and objects. Writes are durable when they resolve; a reader sees whole objects only; of two writers of a key
 * the last one wins. Nothing of a write that failed is ever seen. Throws `StoreRefusal`, and `Pushback` when the disk
 * is full. Keys are any string of up to 1024 bytes in UTF-8; listings are in the order of those bytes.
 */
export interface ObjectStore {
  bucket(name: string): Bucket | undefined;
  /** In the order of their names. */
  buckets(): readonly Bucket[];
  createBucket(bucket: Omit<Bucket, 'id'>): Promise<Bucket>;
  /** Replaces what is set on a bucket; `change` sees the newest state and may throw. */
  changeBucket(name: string, change: (bucket: Bucket) => Bucket): Promise<Bucket>;
  /** @param check throws where this is not the bucket that was meant */
  deleteBucket(name: string, check?: (bucket: Bucket) => void): Promise<void>;

  /** The latest version, or the one named. Delete markers are found too. */
  find(bucket: string, key: string, versionId?: string): ObjectVersion | undefined;
  open(bucket: string, key: string, versionId?: string): Promise<OpenObject | undefined>;
  put(request: PutRequest): Promise<ObjectVersion>;
  /**
   * Deletes by the bucket's versioning: the object itself, or by putting a delete marker; with a version id, that
   * version for good. @returns what was deleted or put, undefined when there was nothing to do
   */
  delete(
    bucket: string,
    key: string,
    options?: { readonly versionId?: string; readonly check?: (current: ObjectVersion | undefined) => void },
  ): Promise<ObjectVersion | undefined>;
  setMarks(
    bucket: string,
    key: string,
    versionId: string | undefined,
    change: (old: Marks) => Marks,
  ): Promise<ObjectVersion>;
  /** Latest versions that are not deleted. */
  list(request: ListRequest): Promise<Listing<ObjectVersion>>;
  listVersions(request: ListRequest): Promise<Listing<ObjectVersion>>;

  createUpload(bucket: string, key: string, attributes: Attributes, marks: Marks): Promise<Upload>;
  /** What was said of the object when its upload began. */
  uploadAttributes(bucket: string, key: string, uploadId: string): Promise<Attributes>;
  putPart(
    upload: { readonly bucket: string; readonly key: string; readonly uploadId: string },
    number: number,
    body: Readable | Buffer,
    describe: (written: Written) => Attributes,
    sealing?: Sealing,
  ): Promise<Part>;
  /** In the order of their numbers. */
  listParts(bucket: string, key: string, uploadId: string): Promise<readonly Part[]>;
  /**
   * Makes the object of some of its parts. `choose` sees all parts (by number) and what was said at the beginning,
   * names the ones to take, in order, and the object's ETag and attributes; it may throw, and nothing has happened then.
   */
  completeUpload(
    bucket: string,
    key: string,
    uploadId: string,
    choose: (parts: ReadonlyMap<number, Part>, attributes: Attributes) => Chosen,
    check?: (current: ObjectVersion | undefined) => void,
  ): Promise<ObjectVersion>;
  abortUpload(bucket: string, key: string, uploadId: string): Promise<void>;
  listUploads(
    request: Omit<ListRequest, 'afterVersionId'> & { readonly afterUploadId?: string },
  ): Promise<Listing<Upload>>;

  close(): Promise<void>;
}

export interface Chosen {
  readonly parts: readonly Part[];
  /** MD5 over the parts' MD5s, in hex, without `-N`. */
  readonly md5: string;
  readonly attributes: Attributes;
}
