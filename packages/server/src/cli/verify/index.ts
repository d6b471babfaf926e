import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { OperatorError, systemErrorCode } from '../../base/errors.ts';
import type { OpenTrailClient } from '../client.ts';
import { printable } from '../printable.ts';
import { createProgress } from '../progress.ts';
import { verify } from './check.ts';
import type { PublicKeys } from './check-digest.ts';
import { deliveryOf } from './coverage.ts';
import { directorySource } from './directory-source.ts';
import type { Selection } from './inventory.ts';
import { EXIT_CODES, jsonReport, textReport, verdictOf } from './report.ts';
import { s3Source } from './s3-source.ts';
import type { Source } from './source.ts';

export interface VerifyOptions {
  /** Trail name, trail ARN, `s3://bucket[/prefix]`, or a folder. */
  readonly target: string;
  readonly startTime?: string;
  readonly endTime?: string;
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
  readonly source: Source;
  readonly selection: Selection;
  readonly latestDigestDeliveryMs: ReadonlyMap<string, number>;
  readonly sharedWithUnvalidated: boolean;
}

/** Nothing could be said: no keys, no bucket, no such trail. */
const COULD_NOT_CHECK = 3;

/** `opentrail verify TARGET`: see docs/verify.md. @returns the exit code */
export async function verifyCommand(clientOf: ClientOf, clock: Clock, options: VerifyOptions): Promise<number> {
  try {
    const startMs = timeOf(options.startTime, 0, '--start-time');
    const endMs = timeOf(options.endTime, clock.now(), '--end-time');
    const target = await findTarget(clientOf, options);
    const progress = createProgress(clock, { quiet: options.quiet });
    const result = await verify({
      ...target,
      startMs,
      endMs,
      publicKeys: options.keys.length > 0 ? keysFromFiles(options.keys) : keysFromService(clientOf),
      concurrency: options.concurrency,
      onProgress: progress.update,
    });
    progress.finish();
    const context = { target: target.name, source: target.source.name, startMs, endMs };
    process.stdout.write(`${(options.json ? jsonReport : textReport)(result, context)}\n`);
    return EXIT_CODES[verdictOf(result)];
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    if (options.json)
      process.stdout.write(`${JSON.stringify({ result: 'could-not-check', message: error.message })}\n`);
    process.stderr.write(`opentrail: ${printable(error.message)}\n`);
    return COULD_NOT_CHECK;
  }
}

async function findTarget(clientOf: ClientOf, options: VerifyOptions): Promise<Target> {
  const { target, accountId, inRegion: region } = options;
  const nobodySays = { latestDigestDeliveryMs: new Map<string, number>(), sharedWithUnvalidated: false };
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

interface TrailAnswer {
  readonly Name: string;
  readonly TrailARN: string;
  readonly HomeRegion: string;
  readonly S3BucketName: string;
  readonly S3KeyPrefix?: string;
  readonly IsMultiRegionTrail?: boolean;
  readonly LogFileValidationEnabled?: boolean;
}

async function findTrail(clientOf: ClientOf, { target, accountId, inRegion }: VerifyOptions): Promise<Target> {
  const arnRegion = /^arn:[^:]+:cloudtrail:([^:]+):/.exec(target)?.[1];
  const { trailList } = await clientOf(arnRegion).cloudTrail<{ trailList: TrailAnswer[] }>('DescribeTrails', {});
  const trail = trailList.find((t) => t.TrailARN === target || t.Name === target);
  if (!trail)
    throw new OperatorError(
      `There is no trail ${target} here, and no folder of that name. Known: ${trailList.map((t) => t.Name).join(', ') || 'none'}.`,
    );
  const prefix = trail.S3KeyPrefix === undefined ? '' : `${trail.S3KeyPrefix}/`;
  const sharers = trailList.filter(
    (t) => t.S3BucketName === trail.S3BucketName && (t.S3KeyPrefix ?? '') === (trail.S3KeyPrefix ?? ''),
  );
  return {
    name: trail.TrailARN,
    source: s3Source(clientOf(trail.HomeRegion), trail.S3BucketName),
    selection: {
      prefix: `${prefix}AWSLogs/`,
      trailName: trail.Name,
      homeRegion: trail.HomeRegion,
      accountId,
      region: inRegion,
    },
    latestDigestDeliveryMs: await latestDeliveries(clientOf, trail),
    sharedWithUnvalidated: sharers.some((t) => t.LogFileValidationEnabled !== true),
  };
}

/**
 * The status of the trail's account in its home Region is asked for; what else there is, is judged by what lies in the
 * bucket. A member of an organization is told of its own part: only the owner has the trail without shadows.
 */
async function latestDeliveries(clientOf: ClientOf, trail: TrailAnswer): Promise<ReadonlyMap<string, number>> {
  const client = clientOf(trail.HomeRegion);
  const owned = { trailNameList: [trail.TrailARN], includeShadowTrails: false };
  const { trailList } = await client.cloudTrail<{ trailList: readonly TrailAnswer[] }>('DescribeTrails', owned);
  if (trailList.length === 0) return new Map();
  const status = await client.cloudTrail<{ LatestDigestDeliveryTime?: number }>('GetTrailStatus', {
    Name: trail.TrailARN,
  });
  const seconds = status.LatestDigestDeliveryTime;
  const accountId = trail.TrailARN.split(':')[4]!;
  return new Map(seconds === undefined ? [] : [[deliveryOf({ accountId, region: trail.HomeRegion }), seconds * 1000]]);
}

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

function timeOf(text: string | undefined, otherwise: number, flag: string): number {
  if (text === undefined) return otherwise;
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`);
  if (Number.isNaN(ms)) throw new OperatorError(`${flag} must be a time such as 2026-01-31T12:00:00Z, not ${text}.`);
  return ms;
}
