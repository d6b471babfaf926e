import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../base/clock.ts';
import type { OpenTrailClient } from '../client.ts';
import type { Options } from '../program.ts';

/** How settings come to the command. */
export interface VerifySettings {
  /** Adds their flags. */
  add(command: Command): Command;
  /** Makes clients by them. */
  use(options: Options, use: (clientOf: (region?: string) => OpenTrailClient) => Promise<void>): Promise<void>;
}

/** Adds `opentrail verify`. @param done hears of the exit code */
export function addVerify(program: Command, done: (exitCode: number) => void, settings: VerifySettings): void {
  settings
    .add(program.command('verify'))
    .description('verify log files and digests: all that `aws cloudtrail validate-logs` checks, and what it misses')
    .argument('<target>', 'trail name or ARN, s3://bucket[/prefix], or a folder that is a copy of a bucket')
    .option('--start-time <time>', 'from this time on (default: the beginning)', timeIn)
    .option('--end-time <time>', 'up to this time (default: all there is)', timeIn)
    .option('--account-id <id>', 'only the log files of this account')
    .option('--in-region <region>', 'only the log files of this Region')
    .option(
      '--keys <file...>',
      'public keys as `aws cloudtrail list-public-keys` prints them (default: ask the endpoint)',
    )
    .option('--concurrency <count>', 'objects read at once', countIn, 32)
    .option('--json', 'the report as JSON')
    .option('--quiet', 'no progress bar')
    .action(async (target: string, o) => {
      const { orCouldNotCheck, verifyCommand } = await import('./index.ts');
      const { startTime: startMs, endTime: endMs, keys = [], json = false, quiet = false } = o;
      const options = { ...o, target, startMs, endMs, keys, json, quiet };
      await orCouldNotCheck(json, done, () =>
        settings.use(o, async (clientOf) => done(await verifyCommand(clientOf, systemClock, options))),
      );
    });
}

function timeIn(text: string): number {
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00:00Z.');
  return ms;
}

function countIn(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}
