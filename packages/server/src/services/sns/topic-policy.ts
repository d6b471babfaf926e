import { parsePolicy } from '../../access/parse-policy.ts';
import type { Policy } from '../../access/policy.ts';
import { invalid } from './errors.ts';
import type { Topic } from './model.ts';

/**
 * What a topic's policy may speak of (SNS developer guide, "Allowed actions"); names match in any case. `Receive` is of
 * old: nothing asks for it, and default policies that are about still have it.
 */
const ACTIONS = [
  ...['AddPermission', 'DeleteTopic', 'GetDataProtectionPolicy', 'GetTopicAttributes', 'ListSubscriptionsByTopic'],
  ...['ListTagsForResource', 'Publish', 'PutDataProtectionPolicy', 'Receive', 'RemovePermission', 'SetTopicAttributes'],
  'Subscribe',
];
const KNOWN = new Map(ACTIONS.map((name) => [name.toLowerCase(), name]));
const DEFAULT_ACTIONS = [
  ...['GetTopicAttributes', 'SetTopicAttributes', 'AddPermission', 'RemovePermission', 'DeleteTopic', 'Subscribe'],
  ...['ListSubscriptionsByTopic', 'Publish'],
];
/** AWS's limit. */
export const POLICY_BYTES_MAX = 30 * 1024;
const STATEMENTS_MAX = 20;

interface Document {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: unknown;
}

type Place = Pick<Topic, 'arn' | 'accountId'>;

/**
 * The policy that a topic has from the start. `AWS:SourceOwner` is told by some services alone (CloudWatch's alarms),
 * never by principals: theirs stays a matter of their own policies.
 */
export const defaultPolicy = ({ arn, accountId }: Place): string =>
  JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: DEFAULT_ACTIONS.map((name) => `SNS:${name}`),
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': accountId } },
      },
    ],
  });

export const policyText = (topic: Topic): string => topic.attributes.Policy ?? defaultPolicy(topic);

const parsed = new WeakMap<Topic, Policy>();

/** The topic's policy, read once for each version of the topic. */
export function policyOf(topic: Topic): Policy {
  let policy = parsed.get(topic);
  if (!policy) {
    policy = readPolicy(policyText(topic), topic.arn);
    parsed.set(topic, policy);
  }
  return policy;
}

/** @throws AwsError InvalidParameter */
export function readPolicy(text: string, arn: string): Policy {
  const read = parsePolicy(text, {
    sizeBytesMax: POLICY_BYTES_MAX,
    action: isAction,
    resource: (pattern) => pattern === '*' || pattern.startsWith('arn:') || pattern === arn,
  });
  if ('problem' in read) throw invalid(`Policy Error: ${read.problem}`);
  if (read.policy.statements.length > STATEMENTS_MAX) {
    throw invalid(`Policy statement number exceeds the limit of ${STATEMENTS_MAX}`);
  }
  return read.policy;
}

function isAction(pattern: string): boolean {
  if (pattern === '*') return true;
  const [service, name = ''] = pattern.toLowerCase().split(':');
  return service === 'sns' && (/[*?]/.test(name) || KNOWN.has(name));
}

/** AddPermission. @throws AwsError InvalidParameter */
export function withPermission(
  topic: Topic,
  label: string,
  accountIds: readonly string[],
  actions: readonly string[],
): string {
  const document = JSON.parse(policyText(topic)) as Document;
  const statements = [document.Statement].flat() as { readonly Sid?: string }[];
  if (statements.some(({ Sid }) => Sid === label)) throw invalid('Statement already exists');
  const names = actions.map((action) => KNOWN.get(action.toLowerCase()));
  if (names.includes(undefined)) throw invalid('Policy statement action out of service scope!');
  const added = {
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: listed(accountIds.map((id) => `arn:aws:iam::${id}:root`)) },
    Action: listed(names.map((name) => `SNS:${name}`)),
    Resource: topic.arn,
  };
  return checked({ ...document, Statement: [...statements, added] }, topic);
}

/** RemovePermission; a label that is not there is none that could be removed, and no error. */
export function withoutPermission(topic: Topic, label: string): string {
  const document = JSON.parse(policyText(topic)) as Document;
  const statements = [document.Statement].flat() as { readonly Sid?: string }[];
  const left = statements.filter(({ Sid }) => Sid !== label);
  if (left.length === 0) {
    throw invalid('Label Reason: a policy must keep a statement; set the attribute Policy to another one instead');
  }
  return checked({ ...document, Statement: left }, topic);
}

function checked(document: Document, { arn }: Topic): string {
  const text = JSON.stringify(document);
  readPolicy(text, arn);
  return text;
}

const listed = <T>(values: readonly T[]): T | readonly T[] => (values.length === 1 ? values[0]! : values);
