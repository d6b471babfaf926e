/** One object as a listing shows it. */
export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  /** When the store took it, ms since the epoch; undefined where that says nothing (a folder's copies). */
  readonly lastModifiedMs?: number;
}

export interface FetchedObject {
  readonly body: Buffer;
  /** User metadata, lower-case names without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where log files and digests are read from: a bucket, or a folder that is a copy of one. */
export interface Source {
  /** For people: `s3://bucket` or the folder. */
  readonly name: string;
  /** undefined for a folder, which may hold a copy of any bucket. */
  readonly bucket: string | undefined;
  /** All objects whose key has this prefix, in any order. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /** @returns undefined when there is no such object @throws OperatorError when it cannot be told */
  get(bucket: string | undefined, key: string): Promise<FetchedObject | undefined>;
  /** Another bucket of the same store; absent where there is none to look into. */
  inBucket?(bucket: string): Source;
  /**
   * Where the store gives many objects at once: each in the order of the keys, as far as it goes. What is undefined, or
   * does not come any more, is to be asked for by `get`, which tells why.
   */
  getMany?(bucket: string, keys: readonly string[]): AsyncIterable<FetchedObject | undefined>;
}
