import type { Readable } from 'node:stream';
import { AwsError, OperatorError, Pushback } from '../../base/errors.ts';
import { type VerifyResult, verdictOf } from '../../verify/check.ts';
import { type FetchedSource, verifyInThread } from '../../verify/in-thread.ts';
import type { FetchedObject } from '../../verify/source.ts';
import { findTrailTarget, type TrailTarget } from '../../verify/trail-target.ts';
import type { ObjectVerdict } from '../../verify/verdicts.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import { limitAtOnce } from './at-once.ts';
import { createLineStream, type LineStream } from './ndjson.ts';
import { listObjects, publicKeys, trailCalls, type Within } from './parts.ts';
import type { ObjectRead, ReadObject } from './read-objects.ts';

/** Each takes a thread, which keeps a processor busy; others' calls are to find one free. */
const AT_ONCE = { what: 'verifications', max: 4, ofAccountMax: 2 };
/** Objects of one verification that are fetched at once. Each is a record to be made durable, many in one write. */
const FETCHED_AT_ONCE = 8;
/** The largest log file has 50 MB before gzip, and so a few MB after it; hostile ones shall not fill the memory. */
const OBJECT_BYTES_MAX = 16 * 1024 * 1024;

interface VerifyTrailInput {
  readonly Trail?: string;
  readonly StartTime?: Date;
  readonly EndTime?: Date;
  /** Only log files of this account, of this Region. */
  readonly LogAccountId?: string;
  readonly LogRegion?: string;
}

export interface VerifyTrailDeps {
  readonly within: Within;
  readonly readObject: ReadObject;
}

/**
 * VerifyTrail: `opentrail verify` done by the server, for the console. Everything is read as the caller, who has to be
 * allowed to: DescribeTrails, GetTrailStatus, ListPublicKeys, ListObjectsV2 and GetObject, each recorded as such. The
 * answer is NDJSON and ends early when the client leaves.
 */
export function createVerifyTrail({ within, readObject }: VerifyTrailDeps): Handler {
  const enter = limitAtOnce(AT_ONCE);
  return async (context, input: VerifyTrailInput) => {
    const range = rangeOf(context, input);
    const target = await targetOf(within, context, input);
    const release = enter(context.caller.accountId);
    const lines = createLineStream();
    const leave = AbortSignal.any([context.signal, closedSignal(lines.stream)]);
    void (async () => {
      try {
        await run({ within, readObject, context, target, ...range, lines, signal: leave });
      } catch (error) {
        if (leave.aborted) lines.stream.destroy();
        else if (isUnexpected(error)) lines.stream.destroy(error as Error);
        else lines.push({ Type: 'error', ...problemOf(error) });
      } finally {
        release();
        lines.end();
      }
    })();
    return { Lines: lines.stream };
  };
}

interface Run extends VerifyTrailDeps {
  readonly context: CallContext;
  readonly target: TrailTarget;
  readonly startMs: number;
  readonly endMs: number;
  readonly isOpenEnded: boolean;
  readonly lines: LineStream;
  readonly signal: AbortSignal;
}

async function run({ target, startMs, endMs, isOpenEnded, lines, signal, ...calls }: Run): Promise<void> {
  const { trail } = target;
  const about = {
    TrailARN: trail.TrailARN,
    S3BucketName: trail.S3BucketName,
    S3KeyPrefix: trail.S3KeyPrefix,
    StartTime: shown(startMs),
    EndTime: shown(endMs),
  };
  lines.push({ Type: 'trail', ...about });
  const result = await verifyInThread(
    { ...target, startMs, endMs, isOpenEnded, concurrency: FETCHED_AT_ONCE },
    sourceOf(calls, trail.S3BucketName, lines),
    {
      onProgress: ({ phase, done, total }) => lines.push({ Type: 'progress', Phase: phase, Done: done, Total: total }),
      onVerdicts: (verdicts) => verdicts.forEach((verdict) => void lines.push(lineOf(verdict))),
    },
    signal,
  );
  lines.push({ Type: 'report', ...about, ...reportOf(result) });
}

/** A trail's former bucket may be gone as a whole. */
const GONE: ReadonlySet<string> = new Set(['NoSuchKey', 'NoSuchBucket']);

/** Fetching waits for a client that does not read: so the thread does, and nothing piles up. */
function sourceOf(
  { within, readObject, context }: VerifyTrailDeps & Pick<Run, 'context'>,
  bucket: string,
  lines: LineStream,
): FetchedSource {
  return {
    bucket,
    list: (name, prefix, token) => listObjects(within, context, name, prefix, token),
    async get(name, key) {
      await lines.room();
      try {
        return await fetched(await readObject(context, name, key), key);
      } catch (error) {
        if (error instanceof AwsError && GONE.has(error.code)) return undefined;
        throw error;
      }
    },
    publicKeys: (region, startMs, endMs) => publicKeys(within, context, region, startMs, endMs),
  };
}

async function fetched(
  { Body: body, ContentLength = 0, Metadata = {} }: ObjectRead,
  key: string,
): Promise<FetchedObject> {
  if (ContentLength > OBJECT_BYTES_MAX) {
    if (!Buffer.isBuffer(body)) body?.destroy();
    throw new OperatorError(`${key} has ${ContentLength} bytes, more than any log file. Run opentrail verify for it.`);
  }
  if (body === undefined || Buffer.isBuffer(body)) return { body: body ?? Buffer.alloc(0), metadata: Metadata };
  const parts: Buffer[] = [];
  for await (const part of body as Readable) parts.push(part as Buffer);
  return { body: Buffer.concat(parts), metadata: Metadata };
}

function rangeOf(context: CallContext, { StartTime, EndTime }: VerifyTrailInput) {
  const [startMs, endMs] = [StartTime?.getTime() ?? 0, EndTime?.getTime() ?? context.timeMs];
  if (!(startMs <= endMs)) throw new AwsError('ValidationException', 'StartTime must not be after EndTime.');
  return { startMs, endMs, isOpenEnded: EndTime === undefined };
}

async function targetOf(within: Within, context: CallContext, input: VerifyTrailInput): Promise<TrailTarget> {
  const { Trail: name, LogAccountId: accountId, LogRegion: region } = input;
  if (!name) throw new AwsError('ValidationException', 'Trail must be the name or the ARN of a trail.');
  const found = await findTrailTarget(trailCalls(within, context), name, { accountId, region });
  if (!('known' in found)) return found;
  const known = found.known.length === 0 ? '' : ` Trails: ${found.known.join(', ')}.`;
  throw new AwsError('TrailNotFoundException', `Unknown trail: ${name}.${known}`, { status: 404 });
}

function closedSignal(stream: Readable): AbortSignal {
  const closed = new AbortController();
  stream.once('close', () => closed.abort());
  return closed.signal;
}

const lineOf = ({ kind, state, key, bucket, accountId, region, startMs, timeMs, codes }: ObjectVerdict) => ({
  Type: kind,
  State: state,
  Key: key,
  ...(bucket !== undefined && { S3BucketName: bucket }),
  AccountId: accountId,
  Region: region,
  ...(startMs !== undefined && { StartTime: shown(startMs) }),
  Time: shown(timeMs),
  ...(codes.length > 0 && { Findings: codes }),
});

const reportOf = (result: VerifyResult) => ({
  Result: verdictOf(result),
  Digests: { Checked: result.digests.checked, Valid: result.digests.valid },
  LogFiles: { Checked: result.logFiles.checked, Valid: result.logFiles.valid },
  Records: result.records,
  Findings: result.findings.map(({ code, severity, object, message }) => ({
    Code: code,
    Severity: severity,
    Object: object,
    Message: message,
  })),
});

/** null for a time that is none: a digest may say anything. */
const shown = (ms: number): string | null => (Number.isFinite(ms) ? new Date(ms).toISOString() : null);

const isUnexpected = (error: unknown): boolean =>
  !(error instanceof AwsError || error instanceof Pushback || error instanceof OperatorError) ||
  (error instanceof AwsError && error.status >= 500);

/** What kept a verification from its end. */
function problemOf(error: unknown) {
  const { message } = error as Error;
  if (error instanceof AwsError) return { Code: error.code, Message: message };
  return { Code: error instanceof Pushback ? 'SlowDown' : 'VerificationFailed', Message: message };
}
