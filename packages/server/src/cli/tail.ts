import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import { OperatorError } from '../base/errors.ts';
import type { OpenTrailClient } from './client.ts';

export interface TailOptions {
  readonly follow: boolean;
  readonly json: boolean;
  /** How many of the newest events to show first. */
  readonly lines: number;
  /** `EventName`, `Region` … as TailRecords takes them. */
  readonly filters: Readonly<Record<string, string | undefined>>;
}

/**
 * `opentrail tail`: the newest events, and with `-f` each further one as it comes.
 * @returns 0; ends when the server goes away, or when who reads our output does
 */
export async function tail(client: OpenTrailClient, options: TailOptions): Promise<number> {
  const query = { ...options.filters, last: String(options.lines), ...(options.follow ? {} : { follow: 'false' }) };
  const answer = await client.request('GET', '/opentrail/v1/tail', { query });
  if (answer.status !== 200) throw new OperatorError(await client.problemOf(answer));
  process.stdout.on('error', () => process.exit(0)); // `| head` has seen enough
  const text = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    const lines = (rest + text.write(chunk)).split('\n');
    rest = lines.pop()!;
    const out = lines
      .filter((line) => line !== '')
      .map((line) => `${options.json ? line : oneLine(line)}\n`)
      .join('');
    if (out !== '' && !process.stdout.write(out)) await once(process.stdout, 'drain');
  }
  return 0;
}

interface ShownRecord {
  readonly eventTime?: string;
  readonly awsRegion?: string;
  readonly eventSource?: string;
  readonly eventName?: string;
  readonly errorCode?: string;
  readonly sourceIPAddress?: string;
  readonly recipientAccountId?: string;
  readonly userIdentity?: { readonly arn?: string; readonly type?: string; readonly invokedBy?: string };
}

/** Time, account, Region, call, caller, address and error: what a person scans for. Control characters are made visible. */
export function oneLine(json: string): string {
  const r = JSON.parse(json) as ShownRecord;
  const who = r.userIdentity?.arn ?? r.userIdentity?.invokedBy ?? r.userIdentity?.type ?? '-';
  const call = `${(r.eventSource ?? '-').replace(/\.amazonaws\.com$/, '')}:${r.eventName ?? '-'}`;
  const parts = [r.eventTime, r.recipientAccountId, r.awsRegion, call, who, r.sourceIPAddress, r.errorCode];
  const line = parts.filter((part) => part !== undefined).join('  ');
  // A record is hostile input: an escape sequence in a name must not reach the terminal.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return line.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
