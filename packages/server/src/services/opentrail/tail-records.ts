import { Readable } from 'node:stream';
import { AwsError } from '../../base/errors.ts';
import type { Log, StoredEvent } from '../../ports/log.ts';
import type { Handler } from '../../wire/service.ts';
import type { OpenTrailDeps } from './index.ts';

/** Bytes read from the Log at a time while following it. */
const READ_BYTES = 1024 * 1024;

interface TailInput {
  readonly AccountId?: string;
  readonly Region?: string;
  readonly EventName?: string;
  readonly EventSource?: string;
  readonly Username?: string;
  readonly ErrorCode?: string;
  /** Sequence to start at; without it only events from now on are sent. */
  readonly From?: number;
}

type Filter = (event: StoredEvent) => boolean;

/**
 * TailRecords: the Log as it grows, one record a line, until the client hangs up. All filters that are given must
 * match. A slow reader is not buffered for: it reads the Log at its own pace.
 */
export function createTailRecords({ log, operatorAccountId }: OpenTrailDeps): Handler {
  return async (context, input: TailInput) => {
    const from = input.From ?? log.end;
    if (!Number.isSafeInteger(from) || from < 0)
      throw new AwsError('ValidationException', 'from must be a sequence number, 0 or more.');
    const everyone = context.caller.accountId === operatorAccountId && input.AccountId === undefined;
    const accountId = everyone ? undefined : (input.AccountId ?? context.caller.accountId);
    const lines = follow(log, Math.max(from, log.start), filterOf(input, accountId), context.signal);
    return { Records: Readable.from(lines, { objectMode: false }) };
  };
}

function filterOf(input: TailInput, accountId: string | undefined): Filter {
  const fields: [string | undefined, (event: StoredEvent) => string][] = [
    [accountId, (e) => e.header.accountId],
    [input.Region, (e) => e.header.region],
    [input.EventName, (e) => e.header.eventName],
    [input.EventSource, (e) => e.header.eventSource],
    [input.Username, (e) => e.header.username],
    [input.ErrorCode, (e) => (JSON.parse(e.json.toString()) as { errorCode?: string }).errorCode ?? ''],
  ];
  const wanted = fields.filter(([value]) => value !== undefined);
  return (event) => wanted.every(([value, read]) => read(event) === value);
}

async function* follow(log: Log, from: number, matches: Filter, signal: AbortSignal): AsyncGenerator<Buffer> {
  let next = from;
  while (!signal.aborted) {
    const events = await log.read(next, READ_BYTES);
    const lines: Buffer[] = [];
    for (const event of events) {
      if (matches(event)) lines.push(event.json, NEWLINE);
    }
    if (lines.length > 0) yield Buffer.concat(lines);
    next += events.length;
    if (events.length === 0) await log.waitPast(next, signal).catch(() => undefined);
  }
}

const NEWLINE = Buffer.from('\n');
