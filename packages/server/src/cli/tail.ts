import { once } from 'node:events';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import type { OpenTrailClient } from './client.ts';
import { lineGroups } from './lines.ts';
import { printable, printableJson } from './printable.ts';

export interface TailOptions {
  readonly follow: boolean;
  readonly json: boolean;
  /** How many of the newest events to show first. */
  readonly lines: number;
  /** Shows all from this time on instead. ms since the epoch. */
  readonly sinceMs?: number;
  /** `EventName`, `Region` … as TailRecords takes them. */
  readonly filters: Readonly<Record<string, string | undefined>>;
}

/**
 * `opentrail tail`: the newest events, and with `-f` each further one as it comes, however often the server goes away and
 * comes again: without gap or repetition, since it is asked for what follows the last event shown.
 * @returns 0; with `-f` only when who reads our output goes away
 */
export async function tail(client: OpenTrailClient, options: TailOptions): Promise<number> {
  process.stdout.on('error', () => process.exit(0)); // `| head` has seen enough
  let begin: Readonly<Record<string, string>> =
    options.sinceMs === undefined
      ? { last: String(options.lines) }
      : { since: new Date(options.sinceMs).toISOString() };
  let isAgain = false;
  for (let pauseMs = AGAIN_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, AGAIN_MS_MAX)) {
    try {
      for await (const part of partsOf(client, options, begin, isAgain)) {
        if (part.next !== undefined) begin = { from: part.next };
        // Of a server that had nothing to show yet: what comes from now on.
        else if (!isAgain && options.sinceMs === undefined) begin = { since: part.answeredAt };
        pauseMs = AGAIN_MS_MIN;
        isAgain = true;
        if (part.text !== '' && !process.stdout.write(part.text)) await once(process.stdout, 'drain');
      }
      if (!options.follow) return 0;
    } catch (error) {
      if (!(error instanceof BrokenOff) || !options.follow || !isAgain) throw error;
    }
    const isNews = pauseMs === AGAIN_MS_MIN;
    if (isNews) process.stderr.write(`opentrail: ${client.place.endpoint} has gone away; waiting for it\n`);
    await client.pause(pauseMs);
  }
}

/** Pauses before a server that has gone away is asked again, doubled up to the longer. */
const AGAIN_MS_MIN = 500;
const AGAIN_MS_MAX = 10_000;

/** What another try may mend. */
class BrokenOff extends OperatorError {}

interface Part {
  readonly text: string;
  /** Sequence after that of the last event; absent when there was none. */
  readonly next?: string;
  /** By the server's clock. */
  readonly answeredAt: string;
}

/** What one answer brings, the first part as soon as there is an answer. @throws BrokenOff */
async function* partsOf(
  client: OpenTrailClient,
  { follow, json, filters }: TailOptions,
  begin: Readonly<Record<string, string>>,
  isAgain: boolean,
): AsyncGenerator<Part> {
  const query = { ...filters, ...begin, format: 'events', ...(follow ? {} : { follow: 'false' }) };
  const answer = await client.request('GET', '/opentrail/v1/tail', { query }).catch((error: OperatorError) => {
    throw isAgain ? new BrokenOff(error.message) : error;
  });
  if (answer.status !== 200) {
    const problem = await client.problemOf(answer);
    throw answer.status >= 500 ? new BrokenOff(problem) : new OperatorError(problem);
  }
  const answeredAt = new Date(answer.headers.date ?? 0).toISOString();
  yield { text: '', answeredAt };
  const whole = process.stdout.isTTY ? printableJson : (line: string) => line;
  try {
    for await (const lines of lineGroups(answer.body)) {
      const events = lines.map((line) => JSON.parse(line) as TailedEvent);
      const records = events.map(({ Record }) => Record.replace(/[\r\n]+/g, ' '));
      const text = records.map((record) => `${json ? whole(record) : oneLine(record)}\n`).join('');
      const last = events.at(-1);
      yield { text, answeredAt, ...(last && { next: String(last.Sequence + 1) }) };
    }
  } catch (error) {
    const code = systemErrorCode(error);
    throw code === undefined ? error : new BrokenOff(`The answer of ${client.place.endpoint} broke off (${code}).`);
  }
}

interface TailedEvent {
  readonly Sequence: number;
  readonly Record: string;
}

interface ShownRecord {
  readonly eventTime?: unknown;
  readonly awsRegion?: unknown;
  readonly eventSource?: unknown;
  readonly eventName?: unknown;
  readonly errorCode?: unknown;
  readonly sourceIPAddress?: unknown;
  readonly recipientAccountId?: unknown;
  readonly userIdentity?: { readonly arn?: unknown; readonly type?: unknown; readonly invokedBy?: unknown };
}

/** Time, account, Region, call, caller, address and error: what a person scans for. Control characters are made visible. */
export function oneLine(json: string): string {
  const r = JSON.parse(json) as ShownRecord;
  const who = r.userIdentity?.arn ?? r.userIdentity?.invokedBy ?? r.userIdentity?.type ?? '-';
  const call = `${shown(r.eventSource ?? '-').replace(/\.amazonaws\.com$/, '')}:${shown(r.eventName ?? '-')}`;
  const parts = [r.eventTime, r.recipientAccountId, r.awsRegion, call, who, r.sourceIPAddress, r.errorCode];
  const line = parts.filter((part) => part !== undefined).map(shown);
  return printable(line.join('  '));
}

/** Records come from anywhere: of these members only some must be strings. */
const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
