import { once } from 'node:events';
import { OperatorError } from '../base/errors.ts';
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
 * `opentrail tail`: the newest events, and with `-f` each further one as it comes.
 * @returns 0; ends when the server goes away, or when who reads our output does
 */
export async function tail(client: OpenTrailClient, options: TailOptions): Promise<number> {
  const begin =
    options.sinceMs === undefined
      ? { last: String(options.lines) }
      : { since: new Date(options.sinceMs).toISOString() };
  const query = { ...options.filters, ...begin, ...(options.follow ? {} : { follow: 'false' }) };
  const answer = await client.request('GET', '/opentrail/v1/tail', { query });
  if (answer.status !== 200) throw new OperatorError(await client.problemOf(answer));
  process.stdout.on('error', () => process.exit(0)); // `| head` has seen enough
  const whole = process.stdout.isTTY ? printableJson : (line: string) => line;
  for await (const lines of lineGroups(answer.body)) {
    const out = lines.map((line) => `${options.json ? whole(line) : oneLine(line)}\n`).join('');
    if (out !== '' && !process.stdout.write(out)) await once(process.stdout, 'drain');
  }
  return 0;
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
