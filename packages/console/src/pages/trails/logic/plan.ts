import {
  arnOf,
  createInput,
  type FormPlace,
  logGroupArnOf,
  selectorsChanged,
  type TrailForm,
  topicArnOf,
  updateInput,
} from './form.ts';
import { CLOUDTRAIL, type Merged, pretty } from './policy.ts';
import { selectorsInput } from './selectors.ts';

/** One call that saving makes, in order. */
export type PlannedCall =
  | { readonly kind: 'create-bucket'; readonly text: string; readonly bucket: string }
  | { readonly kind: 'bucket-policy'; readonly text: string; readonly bucket: string; readonly policy: string }
  | { readonly kind: 'key-policy'; readonly text: string; readonly key: string; readonly policy: string }
  | { readonly kind: 'create-topic'; readonly text: string; readonly name: string }
  | { readonly kind: 'topic-policy'; readonly text: string; readonly topic: string; readonly policy: string }
  | { readonly kind: 'create-log-group'; readonly text: string; readonly name: string }
  | { readonly kind: 'create-role'; readonly text: string; readonly name: string; readonly trust: string }
  | { readonly kind: 'role-policy'; readonly text: string; readonly name: string; readonly policy: string }
  | { readonly kind: 'cloudtrail'; readonly text: string; readonly operation: string; readonly input: object };

/** What the resources' policies lack, as far as it is known and consented to. */
export interface PolicyChanges {
  readonly bucket?: Merged | undefined;
  readonly key?: Merged | undefined;
  readonly topic?: Merged | undefined;
}

/** All that saving a form does: first what the trail needs, then the trail, then what it logs. */
export function planOf(
  form: TrailForm,
  place: FormPlace,
  policies: PolicyChanges,
  before?: TrailForm,
): readonly PlannedCall[] {
  const trailArn = arnOf(form, place);
  const update = before ? updateInput(form, before, place) : undefined;
  return [
    ...storageCalls(form, policies),
    ...topicCalls(form, place, policies),
    ...logsCalls(form, place),
    ...(before
      ? update
        ? [cloudTrail('UpdateTrail', 'Update the trail', update)]
        : []
      : [cloudTrail('CreateTrail', `Create the trail ${form.name.trim()}`, createInput(form, place))]),
    ...(selectorsChanged(form, before)
      ? [
          cloudTrail('PutEventSelectors', 'Set what the trail logs', {
            TrailName: trailArn,
            ...selectorsInput(form.selectors),
          }),
        ]
      : []),
    ...(before === undefined && form.startLogging
      ? [cloudTrail('StartLogging', 'Start logging', { Name: trailArn })]
      : []),
  ];
}

const cloudTrail = (operation: string, text: string, input: object): PlannedCall => ({
  kind: 'cloudtrail',
  text,
  operation,
  input,
});

function storageCalls(form: TrailForm, { bucket, key }: PolicyChanges): PlannedCall[] {
  const name = form.bucket.trim();
  return [
    ...(form.bucketIs === 'new'
      ? [{ kind: 'create-bucket', text: `Create the bucket ${name}`, bucket: name } as const]
      : []),
    ...((form.applyPolicies || form.bucketIs === 'new') && bucket && bucket.missing.length > 0
      ? [
          {
            kind: 'bucket-policy',
            text: `Let CloudTrail write to the bucket ${name}`,
            bucket: name,
            policy: bucket.text,
          } as const,
        ]
      : []),
    ...(form.applyPolicies && form.key !== '' && key && key.missing.length > 0
      ? [
          {
            kind: 'key-policy',
            text: `Let CloudTrail encrypt with the key ${form.key}`,
            key: form.key,
            policy: key.text,
          } as const,
        ]
      : []),
  ];
}

function topicCalls(form: TrailForm, place: FormPlace, { topic: policy }: PolicyChanges): PlannedCall[] {
  if (form.topicIs === 'none') return [];
  const topic = topicArnOf(form, place);
  const allow = (text: string): PlannedCall => ({
    kind: 'topic-policy',
    text: 'Let CloudTrail publish to the topic',
    topic,
    policy: text,
  });
  const isNew = form.topicIs === 'new';
  return [
    ...(isNew ? [{ kind: 'create-topic', text: `Create the topic ${form.topic}`, name: form.topic } as const] : []),
    ...((isNew || form.applyPolicies) && policy && policy.missing.length > 0 ? [allow(policy.text)] : []),
  ];
}

function logsCalls(form: TrailForm, place: FormPlace): PlannedCall[] {
  if (form.logsIs === 'none') return [];
  return [
    ...(form.logsIs === 'new'
      ? [{ kind: 'create-log-group', text: `Create the log group ${form.logGroup}`, name: form.logGroup } as const]
      : []),
    ...(form.roleIs === 'new'
      ? [
          { kind: 'create-role', text: `Create the role ${form.role}`, name: form.role, trust: TRUST } as const,
          {
            kind: 'role-policy',
            text: 'Let the role write to the log group',
            name: form.role,
            policy: rolePolicy(form, place),
          } as const,
        ]
      : []),
  ];
}

const TRUST = pretty({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: CLOUDTRAIL }, Action: 'sts:AssumeRole' }],
});

/** Streams of the group, all of them: an organization's trail has one for each account. */
const rolePolicy = (form: TrailForm, place: FormPlace): string =>
  pretty({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: `${logGroupArnOf(form, place).replace(/:\*$/, '')}:log-stream:*`,
      },
    ],
  });
