import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { OperatorError, systemErrorCode } from '../../base/errors.ts';
import { verify } from '../../verify/across-buckets.ts';
import { verdictOf } from '../../verify/check.ts';
import type { PublicKeys } from '../../verify/check-digest.ts';
import type { Selection } from '../../verify/inventory.ts';
import { findTrailTarget, type ShownTrail, type TrailCalls } from '../../verify/trail-target.ts';
import type { OpenTrailClient } from '../client.ts';
import { printable } from '../printable.ts';
import { createProgress } from '../progress.ts';
import { directorySource } from './directory-source.ts';
import type { PlacedSource } from './placed-source.ts';
import { readAll } from './readers.ts';
import { EXIT_CODES, jsonReport, textReport } from './report.ts';
import { s3Source } from './s3-source.ts';

export interface VerifyOptions {
  /** Trail name, trail ARN, `s3://bucket[/prefix]`, or a folder. */
  readonly target: string;
  /** ms since the epoch */
  readonly startMs?: number;
  readonly endMs?: number;
  readonly accountId?: string;
  readonly inRegion?: string;
  /** Files with what `aws cloudtrail list-public-keys` printed. */
  readonly keys: readonly string[];
  readonly json: boolean;
  readonly quiet: boolean;
  readonly concurrency: number;
}

type ClientOf = (region?: string) => OpenTrailClient;

interface Target {
  readonly name: string;
  readonly source: PlacedSource;
  readonly selection: Selection;
  readonly latestDigestDeliveryMs: ReadonlyMap<string, number>;
  readonly unvalidatedPrefixes: ReadonlySet<string>;
  readonly unvalidatedElsewhere?: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Nothing could be said: no keys, no bucket, no such trail, or a fault of ours. */
const COULD_NOT_CHECK = 3;

/**
 * Whatever keeps the work from its end is told, and is no word on what was to be verified: a script that looks at the exit
 * code must not take it for one.
 */
export async function orCouldNotCheck(
  json: boolean,
  done: (exitCode: number) => void,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { message, stack = message } = error as Error;
    if (json) process.stdout.write(`${JSON.stringify({ result: 'could-not-check', message })}\n`);
    const told = error instanceof OperatorError ? message : stack;
    process.stderr.write(`opentrail: ${told.split('\n').map(printable).join('\n')}\n`);
    done(COULD_NOT_CHECK);
  }
}

/** `opentrail verify TARGET`: see docs/verify.md. @returns the exit code @throws OperatorError when nothing could be said */
export async function verifyCommand(clientOf: ClientOf, clock: Clock, options: VerifyOptions): Promise<number> {
  const { startMs = 0, endMs = clock.now() } = options;
  const target = await findTarget(clientOf, options);
  const progress = createProgress(clock, { quiet: options.quiet });
  const result = await verify({
    ...target,
    startMs,
    endMs,
    isOpenEnded: options.endMs === undefined,
    publicKeys: options.keys.length > 0 ? keysFromFiles(options.keys) : keysFromService(clientOf),
    concurrency: options.concurrency,
    readAll: (...read) => readAll(target.source, ...read),
    onProgress: progress.update,
  });
  progress.finish();
  const context = { target: target.name, source: target.source.name, startMs, endMs };
  process.stdout.write(`${(options.json ? jsonReport : textReport)(result, context)}\n`);
  return EXIT_CODES[verdictOf(result)];
}

async function findTarget(clientOf: ClientOf, options: VerifyOptions): Promise<Target> {
  const { target, accountId, inRegion: region } = options;
  const nobodySays = { latestDigestDeliveryMs: new Map<string, number>(), unvalidatedPrefixes: new Set<string>() };
  const s3 = /^s3:\/\/([^/]+)\/?(.*)$/.exec(target);
  if (s3) {
    const prefix = s3[2] === '' || s3[2]!.includes('AWSLogs') ? s3[2]! : `${s3[2]!.replace(/\/$/, '')}/`;
    return {
      name: target,
      source: s3Source(clientOf(), s3[1]!),
      selection: { prefix, accountId, region },
      ...nobodySays,
    };
  }
  if (isFolder(target)) {
    return {
      name: target,
      source: directorySource(rootOf(target)),
      selection: { prefix: '', accountId, region },
      ...nobodySays,
    };
  }
  return findTrail(clientOf, options);
}

async function findTrail(clientOf: ClientOf, { target, accountId, inRegion }: VerifyOptions): Promise<Target> {
  const found = await findTrailTarget(callsOf(clientOf), target, { accountId, region: inRegion });
  if ('known' in found)
    throw new OperatorError(
      `There is no trail ${target} here, and no folder of that name. Known: ${found.known.join(', ') || 'none'}.`,
    );
  const { trail, ...rest } = found;
  return { ...rest, name: trail.TrailARN, source: s3Source(clientOf(trail.HomeRegion), trail.S3BucketName) };
}

const callsOf = (clientOf: ClientOf): TrailCalls => ({
  async describeTrails(region, arns) {
    const input = arns === undefined ? {} : { trailNameList: arns, includeShadowTrails: false };
    return (await clientOf(region).cloudTrail<{ trailList: readonly ShownTrail[] }>('DescribeTrails', input)).trailList;
  },
  async latestDigestDeliveryMs({ HomeRegion, TrailARN: Name }) {
    const client = clientOf(HomeRegion);
    const status = await client.cloudTrail<{ LatestDigestDeliveryTime?: number }>('GetTrailStatus', { Name });
    return status.LatestDigestDeliveryTime === undefined ? undefined : 1000 * status.LatestDigestDeliveryTime;
  },
});

function keysFromService(clientOf: ClientOf) {
  return async (region: string, startMs: number, endMs: number): Promise<PublicKeys> => {
    const keys = new Map<string, Buffer>();
    let token: string | undefined;
    do {
      const input = { StartTime: startMs / 1000, EndTime: endMs / 1000, ...(token && { NextToken: token }) };
      const page = await clientOf(region).cloudTrail<{ PublicKeyList?: unknown[]; NextToken?: string }>(
        'ListPublicKeys',
        input,
      );
      addKeys(keys, page);
      token = page.NextToken;
    } while (token);
    return keys;
  };
}

function keysFromFiles(files: readonly string[]) {
  const keys = new Map<string, Buffer>();
  for (const file of files) {
    try {
      addKeys(keys, JSON.parse(readFileSync(file, 'utf8')));
    } catch (error) {
      throw new OperatorError(
        `Cannot read keys from ${file} (${systemErrorCode(error) ?? (error as Error).message}). It must hold what \`aws cloudtrail list-public-keys\` printed.`,
      );
    }
  }
  return async () => keys;
}

function addKeys(keys: Map<string, Buffer>, printed: unknown): void {
  const list = Array.isArray(printed) ? printed : ((printed as { PublicKeyList?: unknown[] }).PublicKeyList ?? []);
  for (const key of list as { Fingerprint: string; Value: string }[])
    keys.set(key.Fingerprint, Buffer.from(key.Value, 'base64'));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Keys begin above `AWSLogs`: whoever names that folder itself, or one in it, means the folder that holds it. */
function rootOf(folder: string): string {
  const path = resolve(folder);
  const parts = path.split('/');
  const cut = parts.lastIndexOf('AWSLogs');
  if (cut < 0) return path;
  return basename(path) === 'AWSLogs' ? dirname(path) : join('/', ...parts.slice(0, cut));
}
