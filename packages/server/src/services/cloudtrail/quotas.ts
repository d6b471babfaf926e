import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { CallContext } from '../../wire/service.ts';

/** AWS's documented requests a second, per account and Region, without burst (spec: api §5). The rest is not known. */
const REQUESTS_PER_SECOND: Readonly<Record<string, number>> = { LookupEvents: 2, ListInsightsData: 2 };

/** Buckets kept at most; more accounts and Regions than this at once are not throttled apart but start afresh. */
const BUCKETS_MAX = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * A token bucket for each account, Region and operation that has a quota.
 * @returns a function that takes a token, or throws AwsError ThrottlingException
 */
export function createQuotas(clock: Clock): (context: CallContext) => void {
  const buckets = new Map<string, Bucket>();
  return (context) => {
    if (!Object.hasOwn(REQUESTS_PER_SECOND, context.operation)) return;
    const rate = REQUESTS_PER_SECOND[context.operation]!;
    const key = `${context.operation}/${context.caller.accountId}/${context.region}`;
    const now = clock.monotonicMs();
    if (buckets.size >= BUCKETS_MAX) buckets.clear();
    const bucket = buckets.get(key) ?? { tokens: rate, atMs: now };
    const tokens = Math.min(rate, bucket.tokens + ((now - bucket.atMs) / 1000) * rate);
    if (tokens < 1) throw new AwsError('ThrottlingException', 'Rate exceeded');
    buckets.set(key, { tokens: tokens - 1, atMs: now });
  };
}
