import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Bucket, ObjectStore, ObjectVersion } from '../../ports/object-store.ts';
import { concerns, expiresAt, midnightAfter, type StoredRule } from './lifecycle-rules.ts';

/** How often rules are applied. S3 promises no more than once a day. */
const SWEEP_INTERVAL_MS = 3_600_000;
const PAGE = 1000;

const rulesOf = (bucket: Bucket): readonly StoredRule[] =>
  (bucket.settings.lifecycle as readonly StoredRule[] | undefined) ?? [];

/** The `x-amz-expiration` header of an object that a rule will expire: of several the one that comes first. */
export function expirationHeader(bucket: Bucket, version: ObjectVersion): { Expiration?: string } {
  if (!version.isLatest) return {};
  let first: { readonly atMs: number; readonly id: string } | undefined;
  for (const rule of rulesOf(bucket)) {
    if (!concerns(rule, version.key, version.sizeBytes)) continue;
    const atMs = expiresAt(rule, version.modifiedMs);
    if (atMs !== undefined && (!first || atMs < first.atMs)) first = { atMs, id: rule.ID };
  }
  if (!first) return {};
  return {
    Expiration: `expiry-date="${new Date(first.atMs).toUTCString()}", rule-id="${encodeURIComponent(first.id)}"`,
  };
}

export interface Lifecycle {
  /** Applies all rules of all buckets once. @returns how many versions and uploads went */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

/** Applies the buckets' lifecycle rules every hour, until it is closed. */
export function startLifecycle(deps: { store: ObjectStore; clock: Clock; logger: Logger }): Lifecycle {
  const { store, clock, logger } = deps;
  let closed = false;
  let running: Promise<number> | undefined;
  let cancel = schedule();

  return {
    sweep: () => {
      running ??= sweepAll().finally(() => {
        running = undefined;
      });
      return running;
    },
    async close() {
      closed = true;
      cancel();
      await running?.catch(() => {});
    },
  };

  function schedule(): () => void {
    return clock.after(SWEEP_INTERVAL_MS, () => {
      running ??= sweepAll().finally(() => {
        running = undefined;
        if (!closed) cancel = schedule();
      });
      running.catch((error) => logger.error({ err: error }, 'lifecycle rules could not be applied'));
    });
  }

  async function sweepAll(): Promise<number> {
    let count = 0;
    for (const bucket of store.buckets()) {
      const rules = rulesOf(bucket).filter((rule) => rule.Status === 'Enabled');
      if (rules.length === 0 || closed) continue;
      const gone = (await sweepObjects(bucket, rules)) + (await sweepUploads(bucket, rules));
      if (gone > 0) logger.info({ bucket: bucket.name, gone }, 'lifecycle rules applied');
      count += gone;
    }
    return count;
  }

  async function sweepObjects(bucket: Bucket, rules: readonly StoredRule[]): Promise<number> {
    let count = 0;
    let history: KeyHistory | undefined;
    for (let next: object | undefined = {}; next && !closed; ) {
      const page = await store.listVersions({ bucket: bucket.name, limit: PAGE, ...next });
      for (const [i, version] of page.items.entries()) {
        history = version.isLatest ? { newerNoncurrent: 0, newerModifiedMs: undefined } : history;
        // A lone delete marker: nothing of that key comes after it. At the end of a page that is not known yet.
        const follower = page.items[i + 1];
        const isAlone = version.isLatest && (follower ? follower.key !== version.key : page.next === undefined);
        if (isDue(version, rules, history!, isAlone, clock.now())) {
          await expire(bucket.name, version);
          count++;
        }
        history = {
          newerNoncurrent: history!.newerNoncurrent + (version.isLatest ? 0 : 1),
          newerModifiedMs: version.modifiedMs,
        };
      }
      next = page.next;
    }
    return count;
  }

  /** A current version expires as if it had been deleted; what is noncurrent, and lone markers, go for good. */
  async function expire(bucket: string, version: ObjectVersion): Promise<void> {
    const { key, versionId } = version;
    if (!version.isLatest || version.isDeleteMarker) {
      await store.delete(bucket, key, { versionId });
      return;
    }
    await store
      .delete(bucket, key, {
        check(current) {
          if (current?.versionId !== versionId || current.modifiedMs !== version.modifiedMs) throw new Overtaken();
        },
      })
      .catch((error) => {
        if (!(error instanceof Overtaken)) throw error;
      });
  }

  async function sweepUploads(bucket: Bucket, rules: readonly StoredRule[]): Promise<number> {
    let count = 0;
    for (let next: object | undefined = {}; next && !closed; ) {
      const page = await store.listUploads({ bucket: bucket.name, limit: PAGE, ...next });
      for (const upload of page.items) {
        const due = rules.some((rule) => {
          const days = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
          if (days === undefined || !concerns(rule, upload.key, undefined)) return false;
          return midnightAfter(upload.createdMs, days) <= clock.now();
        });
        if (!due) continue;
        await store.abortUpload(bucket.name, upload.key, upload.uploadId);
        count++;
      }
      next = page.next;
    }
    return count;
  }
}

/** The object was written again between being found old and being deleted. */
class Overtaken extends Error {}

interface KeyHistory {
  /** How many noncurrent versions of the key are newer than the one looked at. */
  readonly newerNoncurrent: number;
  /** When the one looked at became noncurrent: when the next newer one was written. */
  readonly newerModifiedMs: number | undefined;
}

function isDue(
  version: ObjectVersion,
  rules: readonly StoredRule[],
  history: KeyHistory,
  isAlone: boolean,
  nowMs: number,
): boolean {
  return rules.some((rule) => {
    if (!concerns(rule, version.key, version.isDeleteMarker ? undefined : version.sizeBytes)) return false;
    if (version.isLatest) {
      if (version.isDeleteMarker && !isAlone) return false;
      if (version.isDeleteMarker && rule.Expiration?.ExpiredObjectDeleteMarker) return true;
      const atMs = expiresAt(rule, version.modifiedMs);
      return atMs !== undefined && atMs <= nowMs;
    }
    const { NoncurrentDays, NewerNoncurrentVersions = 0 } = rule.NoncurrentVersionExpiration ?? {};
    if (NoncurrentDays === undefined || history.newerNoncurrent < NewerNoncurrentVersions) return false;
    return midnightAfter(history.newerModifiedMs ?? version.modifiedMs, NoncurrentDays) <= nowMs;
  });
}
