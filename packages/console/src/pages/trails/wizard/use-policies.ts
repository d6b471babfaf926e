import { messageOf } from '../../../api/error.ts';
import { useCall } from '../../../hooks/use-call.ts';
import { bucketPolicy, keyPolicy, topicPolicy } from '../calls.ts';
import { arnOf, type FormPlace, type TrailForm, topicArnOf } from '../logic/form.ts';
import { bucketNeeds, keyNeeds, type Merged, mergedPolicy, pretty, topicNeeds } from '../logic/policy.ts';

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
    (signal) => (form.bucketIs === 'new' ? Promise.resolve(undefined) : bucketPolicy(bucket, signal)),
    `${form.bucketIs} ${bucket}`,
  );
  const onKey = usePolicy(
    form.key !== '',
    keyNeeds(trail),
    (signal) => keyPolicy(form.key, place.region, signal),
    form.key,
  );
  const onTopic = usePolicy(
    form.topicIs === 'existing' && form.topic !== '',
    topicNeeds(topic, trail),
    (signal) => topicPolicy(topic, place.region, signal),
    topic,
  );
  return { bucket: onBucket, key: onKey, topic: onTopic };
}

function usePolicy(
  isUsed: boolean,
  needs: Parameters<typeof mergedPolicy>[1],
  load: (signal: AbortSignal) => Promise<string | undefined>,
  of: string,
): PolicyState {
  const present = useCall(async (signal) => (isUsed ? { of, policy: await load(signal) } : undefined), [isUsed, of]);
  if (!isUsed) return { state: 'unused' };
  if (present.error) return { state: 'unknown', problem: messageOf(present.error) };
  if (present.data?.of !== of) return { state: 'loading' };
  const { policy } = present.data;
  const merged = mergedPolicy(policy, needs);
  return merged
    ? { state: 'known', present: formatted(policy), merged }
    : { state: 'unknown', problem: 'The policy is no JSON that could be changed here.' };
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
