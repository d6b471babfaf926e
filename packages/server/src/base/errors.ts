/**
 * The three kinds of error (DESIGN.md §6): `AwsError` is the caller's, `Pushback` is overload, and a failed `assert`
 * is a bug of ours. Anything else that escapes is treated as a bug too.
 */
export interface AwsErrorOptions {
  /** HTTP status. Default 400, which CloudTrail sends for every modelled error. */
  readonly status?: number;
  /** Further members of the error body, e.g. S3's `BucketName`, or a `Key`. */
  readonly members?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An error for the caller, by AWS's own name; each protocol gives it its own shape. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  readonly members: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: string, message: string, options: AwsErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'AwsError';
    this.code = code;
    this.status = options.status ?? 400;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }
}

/** Overload as a value: the caller is told to come back; nothing was accepted. */
export class Pushback extends Error {
  readonly retryAfterMs: number;

  constructor(reason: string, retryAfterMs = 1000, options: { cause?: unknown } = {}) {
    super(reason, options);
    this.name = 'Pushback';
    this.retryAfterMs = retryAfterMs;
  }
}

/** Something the operator must mend (config, disk, port): says what happened, why, and what to do. */
export class OperatorError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'OperatorError';
  }
}

/** States what must be true here. A failure is a bug of ours, never the caller's fault. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** The `code` of a Node system error (`ENOSPC`, `ENOENT` …), if `error` is one. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A disk does not get room again in a moment. */
const RETRY_AFTER_FULL_MS = 10_000;

/**
 * The machine's refusals that the caller can only wait out, as overload; anything else stays what it is.
 * @param what takes no data, to be read after "the disk is full: "
 */
export function pushbackWhenFull(error: unknown, what: string): unknown {
  const code = systemErrorCode(error);
  const options = { cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Pushback(`the disk is full: ${what}`, RETRY_AFTER_FULL_MS, options);
  if (code === 'EMFILE' || code === 'ENFILE') return new Pushback(`too many open files: ${what}`, undefined, options);
  return error;
}
