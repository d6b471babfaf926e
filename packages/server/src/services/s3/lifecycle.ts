import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Bucket, ObjectStore, ObjectVersion } from '../../ports/object-store.ts';
import { bearsTags, concerns, DAY_MS, expiresAt, midnightAfter, type StoredRule, tagsOf } from './lifecycle-rules.ts';
import type { ObjectMarks, Tag } from './model.ts';

/** How often rules are applied. S3 promises no more than once a day. */
const SWEEP_INTERVAL_MS = 3_600_000;
const PAGE = 1000;

const rulesOf = (bucket: Bucket): readonly StoredRule[] =>
  (bucket.settings.lifecycle as readonly StoredRule[] | undefined) ?? [];

/** The `x-amz-expiration` header of an object that a rule will expire: of several the one that comes first. */
export function expirationHeader(
  bucket: Bucket,
  version: ObjectVersion,
  tags: readonly Tag[] = [],
): { Expiration?: string } {
  if (!version.isLatest) return {};
  let first: { readonly atMs: number; readonly id: string } | undefined;
  for (const rule of rulesOf(bucket)) {
    if (!concerns(rule, version.key, version.sizeBytes) || !bearsTags(rule, tags)) continue;
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
  /**
   * By bucket, the day on which rules by tags were last applied. Tags are read object by object, also of those that have
   * none, as often as such a rule is applied to what is old enough; and whatever expires does so at midnight.
   */
  const tagsReadOn = new Map<number, number>();
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
    const day = Math.floor(clock.now() / DAY_MS);
    for (const bucket of store.buckets()) {
      const mayReadTags = tagsReadOn.get(bucket.id) !== day;
      const rules = rulesOf(bucket).filter(
        (rule) => rule.Status === 'Enabled' && (mayReadTags || tagsOf(rule).length === 0),
      );
      if (rules.length === 0 || closed) continue;
      const gone = (await sweepObjects(bucket, rules)) + (await sweepUploads(bucket, rules));
      tagsReadOn.set(bucket.id, day);
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
        const due = rules.filter((rule) => isDue(version, rule, history!, isAlone, clock.now()));
        if (due.length > 0 && (await isMeant(bucket.name, version, due))) {
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

  /** Tags are read of what is due alone: listings do not have them. A delete marker bears none. */
  async function isMeant(bucket: string, version: ObjectVersion, due: readonly StoredRule[]): Promise<boolean> {
    if (due.some((rule) => tagsOf(rule).length === 0)) return true;
    if (version.isDeleteMarker) return false;
    const object = await store.open(bucket, version.key, version.versionId);
    await object?.close();
    const { tags = [] } = (object?.marks ?? {}) as ObjectMarks;
    return object !== undefined && due.some((rule) => bearsTags(rule, tags));
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

/** Whether the rule is about this version, its tags aside, and its time has come. */
function isDue(
  version: ObjectVersion,
  rule: StoredRule,
  history: KeyHistory,
  isAlone: boolean,
  nowMs: number,
): boolean {
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
}
