import { eventually, type Finished, run } from './clients.ts';
import type { RunningOpenTrail } from './opentrail.ts';
import { putRecords } from './play.ts';
import { signedFetch } from './sdk.ts';

const COMMAND = new URL('../../packages/server/bin/opentrail.js', import.meta.url).pathname;
export const OPERATOR = '123456789012';

export interface Asked {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an answer or an error
  readonly body: any;
}

/** The command, and the operations, with which a server is searched. */
export function searching(server: RunningOpenTrail) {
  const opentrail = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> =>
    run(process.execPath, [COMMAND, ...args, '--data-dir', server.dataDir], { ...server.env, ...env });

  async function ask(input: object, as: Parameters<typeof signedFetch>[0] = server, path = 'search'): Promise<Asked> {
    const headers = { 'content-type': 'application/json' };
    const answer = await signedFetch(as, 'POST', `/opentrail/v1/${path}`, JSON.stringify(input), { headers });
    const text = await answer.text();
    return { status: answer.status, body: path === 'search' || !answer.ok ? JSON.parse(text) : text };
  }

  return {
    opentrail,
    ask,
    /** Runs a command that must succeed. @returns what it printed */
    async said(...args: string[]): Promise<string> {
      const done = await opentrail(args);
      if (done.code !== 0) throw new Error(`opentrail ${args.join(' ')} ended with ${done.code}: ${done.stderr}`);
      return done.stdout;
    },
    /** Sends records, until they can be found also on a machine that is busy. */
    async put(records: readonly string[]): Promise<void> {
      await putRecords(server, records);
      await eventually(async () => (await ask({ Limit: 0 })).body.EventsBehind === 0, 'what was sent can be found');
    },
  };
}

export const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** The JSON of a record of the operator's account. */
export const record = (eventID: string, more: object = {}) =>
  JSON.stringify({
    ...{ eventVersion: '1.11', eventTime: '2026-01-31T12:00:00Z', eventSource: 'ec2.amazonaws.com' },
    ...{ eventName: 'RunInstances', awsRegion: 'eu-west-1', sourceIPAddress: '198.51.100.7', userAgent: 'tests' },
    ...{ userIdentity: { type: 'IAMUser', userName: 'carol' }, recipientAccountId: OPERATOR, eventID },
    ...more,
  });
