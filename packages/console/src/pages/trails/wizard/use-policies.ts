import { isDenied, isNotFound, messageOf } from '../../../api/error.ts';
import { pause } from '../../../base/clock.ts';
import { useCall } from '../../../hooks/use-call.ts';
import { listTopics } from '../../../parts/topics.ts';
import { bucketPolicy, keyPolicy, listBuckets, topicPolicy } from '../calls.ts';
import { arnOf, type FormPlace, type TrailForm, topicArnOf } from '../logic/form.ts';
import {
  bucketNeeds,
  keyNeeds,
  type Merged,
  mergedPolicy,
  ownersTopicPolicy,
  pretty,
  topicNeeds,
} from '../logic/policy.ts';

/** A resource's policy: what it is, what it lacks for the trail; or why that is not known. */
export type PolicyState =
  | { readonly state: 'unused' }
  | { readonly state: 'loading' }
  | { readonly state: 'unknown'; readonly problem: string }
  | { readonly state: 'known'; readonly present: string | undefined; readonly merged: Merged };

export interface Policies {
  readonly bucket: PolicyState;
  readonly key: PolicyState;
  readonly topic: PolicyState;
}

/** What each resource's policy is now, and what it would have to be. */
export function usePolicies(form: TrailForm, place: FormPlace, organizationId: string | undefined): Policies {
  const trail = { trailArn: arnOf(form, place), accountId: place.accountId, organizationId };
  const bucket = form.bucket.trim();
  const topic = topicArnOf(form, place);
  const onBucket = usePolicy(
    bucket !== '',
    bucketNeeds(bucket, form.prefix, { ...trail, organizationId: form.isOrganization ? organizationId : undefined }),
    (signal) => (form.bucketIs === 'new' ? policyOfNewBucket(bucket, signal) : bucketPolicy(bucket, signal)),
    `${form.bucketIs} ${bucket}`,
  );
  const onKey = usePolicy(
    form.key !== '',
    keyNeeds(trail),
    (signal) => keyPolicy(form.key, place.region, signal),
    form.key,
  );
  const onTopic = usePolicy(
    form.topicIs !== 'none' && form.topic !== '',
    topicNeeds(topic, trail),
    (signal) =>
      form.topicIs === 'new' ? policyOfNewTopic(topic, place, signal) : topicPolicy(topic, place.region, signal),
    `${form.topicIs} ${topic}`,
  );
  return { bucket: onBucket, key: onKey, topic: onTopic };
}

/** While a name is being typed nobody is asked for what has its beginning. */
const PAUSE_MS = 400;

function usePolicy(
  isUsed: boolean,
  needs: Parameters<typeof mergedPolicy>[1],
  load: (signal: AbortSignal) => Promise<string | undefined>,
  of: string,
): PolicyState {
  const present = useCall(
    async (signal) => {
      if (!isUsed) return undefined;
      await pause(PAUSE_MS, signal);
      return { of, policy: await load(signal) };
    },
    [isUsed, of],
  );
  if (!isUsed) return { state: 'unused' };
  if (present.error) return { state: 'unknown', problem: messageOf(present.error) };
  if (present.data?.of !== of) return { state: 'loading' };
  const { policy } = present.data;
  const merged = mergedPolicy(policy, needs);
  return merged
    ? { state: 'known', present: formatted(policy), merged }
    : { state: 'unknown', problem: 'The policy is no JSON that could be changed here.' };
}

/** A name that is thought to be new may be taken by a bucket of one's own: its policy must not be lost. */
async function policyOfNewBucket(bucket: string, signal: AbortSignal): Promise<string | undefined> {
  const known = await listBuckets(signal).catch(ifDenied);
  return known?.includes(bucket) === false ? undefined : bucketPolicy(bucket, signal).catch(ifNotThere);
}

/** The same of a topic; one that is new has SNS's own policy. */
async function policyOfNewTopic(topic: string, place: FormPlace, signal: AbortSignal): Promise<string | undefined> {
  const known = await listTopics(place.region, signal).catch(ifDenied);
  const policy =
    known?.includes(topic) === false ? undefined : await topicPolicy(topic, place.region, signal).catch(ifNotThere);
  return policy ?? ownersTopicPolicy(topic, place.accountId);
}

function ifDenied(error: unknown): undefined {
  if (!isDenied(error)) throw error;
}

function ifNotThere(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

/** So that only what is added differs from what is there. */
function formatted(policy: string | undefined): string | undefined {
  if (policy === undefined || policy === '') return undefined;
  try {
    return pretty(JSON.parse(policy));
  } catch {
    return policy;
  }
}

export const mergedOf = (policy: PolicyState): Merged | undefined =>
  policy.state === 'known' ? policy.merged : undefined;
