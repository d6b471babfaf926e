import type { Command } from 'commander';
import { systemClock } from '../../base/clock.ts';
import type { OpenTrailClient } from '../client.ts';
import { countOf } from '../numbers.ts';
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
    .option('--start-time <time>', 'from this time on (default: the beginning)')
    .option('--end-time <time>', 'up to this time (default: now)')
    .option('--account-id <id>', 'only the log files of this account')
    .option('--in-region <region>', 'only the log files of this Region')
    .option(
      '--keys <file...>',
      'public keys as `aws cloudtrail list-public-keys` prints them (default: ask the endpoint)',
    )
    .option('--concurrency <count>', 'objects read at once', '32')
    .option('--json', 'the report as JSON')
    .option('--quiet', 'no progress bar')
    .action(async (target: string, o) => {
      const { verifyCommand } = await import('./index.ts');
      const { keys = [], json = false, quiet = false } = o;
      const concurrency = countOf(o.concurrency, '--concurrency', 1);
      await settings.use(o, async (clientOf) =>
        done(await verifyCommand(clientOf, systemClock, { ...o, target, keys, json, quiet, concurrency })),
      );
    });
}
