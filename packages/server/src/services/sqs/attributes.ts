import { parsePolicy } from '../../access/parse-policy.ts';
import type { Policy } from '../../access/policy.ts';
import { sqsError } from './errors.ts';
import { isFifo, parseQueueArn, type Queue, type QueueName, queueArn } from './model.ts';

/** What a queue's attributes say, read once for each state of the queue. */
export interface QueueSettings {
  readonly fifo: boolean;
  readonly visibilityMs: number;
  readonly delayMs: number;
  readonly retentionMs: number;
  readonly waitMs: number;
  readonly messageBytesMax: number;
  readonly contentBasedDeduplication: boolean;
  readonly deduplicatesByGroup: boolean;
  /** With the server's own key, where `kmsKeyId` names none. */
  readonly encrypted: boolean;
  readonly kmsKeyId?: string;
  /** How long a data key of KMS is used again. */
  readonly keyReuseMs: number;
  readonly policy?: Policy;
  readonly redrive?: { readonly targetArn: string; readonly receivesMax: number };
}

type Check = (value: string, queue: QueueName, all: Readonly<Record<string, string>>) => string | undefined;

const integer =
  (min: number, max: number): Check =>
  (value) =>
    /^\d{1,10}$/.test(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : `it must be an integer from ${min} to ${max}`;

const boolean: Check = (value) => (/^(true|false)$/i.test(value) ? undefined : 'it must be true or false');

const onlyFifo =
  (check: Check): Check =>
  (value, queue, all) =>
    isFifo(queue) ? check(value, queue, all) : 'it is an attribute of FIFO queues';

const oneOf =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value) ? undefined : `it must be one of ${values.join(', ')}`;

/** SQS's limit for a queue's policy. */
const POLICY_BYTES_MAX = 8192;

/** KMS's limit for what names a key. */
const KEY_CHARS_MAX = 2048;

/** Attributes that can be set, with what they must be (SQS API reference, SetQueueAttributes). An empty one is taken away. */
const CHECKS: Readonly<Record<string, Check>> = {
  DelaySeconds: integer(0, 900),
  MaximumMessageSize: integer(1024, 1_048_576),
  MessageRetentionPeriod: integer(60, 1_209_600),
  ReceiveMessageWaitTimeSeconds: integer(0, 20),
  VisibilityTimeout: integer(0, 43_200),
  Policy: (value) => {
    const outcome = parsePolicy(value, { sizeBytesMax: POLICY_BYTES_MAX, ...POLICY_RULES });
    return 'problem' in outcome ? outcome.problem : undefined;
  },
  RedrivePolicy: (value, queue) => {
    const redrive = readRedrive(value);
    if (typeof redrive === 'string') return redrive;
    const target = parseQueueArn(redrive.targetArn);
    if (!target || target.accountId !== queue.accountId || target.region !== queue.region) {
      return 'the dead-letter queue must be one of this account and Region';
    }
    if (target.name === queue.name) return 'a queue cannot be its own dead-letter queue';
    return isFifo(target) === isFifo(queue) ? undefined : 'the dead-letter queue must be of the same type as the queue';
  },
  RedriveAllowPolicy: (value) => {
    const allow = readRedriveAllow(value);
    return typeof allow === 'string' ? allow : undefined;
  },
  SqsManagedSseEnabled: boolean,
  KmsDataKeyReusePeriodSeconds: integer(60, 86_400),
  KmsMasterKeyId: (value) => (value.length <= KEY_CHARS_MAX ? undefined : `it may have ${KEY_CHARS_MAX} characters`),
  FifoQueue: onlyFifo((value) => (value === 'true' ? undefined : 'a queue whose name ends in .fifo is a FIFO queue')),
  ContentBasedDeduplication: onlyFifo(boolean),
  DeduplicationScope: onlyFifo(oneOf('messageGroup', 'queue')),
  FifoThroughputLimit: onlyFifo((value, queue, all) => {
    const bad = oneOf('perQueue', 'perMessageGroupId')(value, queue, all);
    if (bad !== undefined || value === 'perQueue' || all.DeduplicationScope === 'messageGroup') return bad;
    return 'perMessageGroupId needs a DeduplicationScope of messageGroup';
  }),
};

/** A queue's policy speaks of SQS alone. */
const POLICY_RULES = { action: (pattern: string) => pattern === '*' || /^sqs:/i.test(pattern) };

const DEFAULTS: Readonly<Record<string, string>> = {
  VisibilityTimeout: '30',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};
const KMS_DEFAULTS: Readonly<Record<string, string>> = { KmsDataKeyReusePeriodSeconds: '300' };
const FIFO_DEFAULTS: Readonly<Record<string, string>> = {
  FifoQueue: 'true',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};

/**
 * The attributes with changes, checked.
 * @throws AwsError InvalidAttributeName, InvalidAttributeValue
 */
export function changedAttributes(
  queue: QueueName & { readonly attributes: Readonly<Record<string, string>> },
  changes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const all: Record<string, string> = { ...queue.attributes, ...changes };
  for (const [name, value] of Object.entries(changes)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
    if (!check) throw sqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    if (value === '') {
      delete all[name];
      continue;
    }
    if (/^(true|false)$/i.test(value)) all[name] = value.toLowerCase(); // as some clients write them
    const problem = check(all[name] ?? value, queue, { ...defaultsOf(queue), ...all });
    if (problem !== undefined) {
      throw sqsError('InvalidAttributeValue', `Invalid value for the parameter ${name}. Reason: ${problem}.`);
    }
  }
  return oneEncryption(all, changes);
}

/** A queue is encrypted in one way at a time: the one that was asked for last. @throws AwsError InvalidAttributeValue */
function oneEncryption(all: Record<string, string>, changes: Readonly<Record<string, string>>): Record<string, string> {
  const { KmsMasterKeyId: keyId, SqsManagedSseEnabled: managed } = changes;
  if (keyId && managed?.toLowerCase() === 'true') {
    throw sqsError(
      'InvalidAttributeValue',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
  }
  if (keyId) return { ...all, SqsManagedSseEnabled: 'false' };
  if (managed?.toLowerCase() !== 'true') return all;
  const { KmsMasterKeyId: _, KmsDataKeyReusePeriodSeconds: __, ...rest } = all;
  return rest;
}

const defaultsOf = (queue: QueueName) => (isFifo(queue) ? { ...DEFAULTS, ...FIFO_DEFAULTS } : DEFAULTS);

/** All that was set or has a default. */
export const attributesOf = (queue: Queue): Readonly<Record<string, string>> => ({
  ...defaultsOf(queue),
  ...(queue.attributes.KmsMasterKeyId !== undefined && KMS_DEFAULTS),
  ...queue.attributes,
});

const settings = new WeakMap<Queue, QueueSettings>();

export function settingsOf(queue: Queue): QueueSettings {
  const known = settings.get(queue);
  if (known) return known;
  const all = attributesOf(queue);
  const seconds = (name: string) => Number(all[name]) * 1000;
  const policy = all.Policy === undefined ? undefined : parsePolicy(all.Policy, { sizeBytesMax: POLICY_BYTES_MAX });
  const redrive = all.RedrivePolicy === undefined ? undefined : readRedrive(all.RedrivePolicy);
  const made: QueueSettings = {
    fifo: isFifo(queue),
    visibilityMs: seconds('VisibilityTimeout'),
    delayMs: seconds('DelaySeconds'),
    retentionMs: seconds('MessageRetentionPeriod'),
    waitMs: seconds('ReceiveMessageWaitTimeSeconds'),
    messageBytesMax: Number(all.MaximumMessageSize),
    contentBasedDeduplication: all.ContentBasedDeduplication === 'true',
    deduplicatesByGroup: all.DeduplicationScope === 'messageGroup',
    encrypted: all.SqsManagedSseEnabled === 'true',
    ...(all.KmsMasterKeyId !== undefined && { kmsKeyId: all.KmsMasterKeyId }),
    keyReuseMs: Number(all.KmsDataKeyReusePeriodSeconds ?? 0) * 1000,
    ...(policy && 'policy' in policy && { policy: policy.policy }),
    ...(typeof redrive === 'object' && { redrive }),
  };
  settings.set(queue, made);
  return made;
}

/** Default of maxReceiveCount, and what is the most (SQS API reference). */
const RECEIVES_DEFAULT = 10;
const RECEIVES_MAX = 1000;

function readRedrive(json: string): { readonly targetArn: string; readonly receivesMax: number } | string {
  const value = readJson(json);
  if (value === undefined) return 'it is no JSON object';
  const { deadLetterTargetArn, maxReceiveCount = RECEIVES_DEFAULT } = value;
  if (typeof deadLetterTargetArn !== 'string' || !parseQueueArn(deadLetterTargetArn)) {
    return 'deadLetterTargetArn must be the ARN of a queue';
  }
  const receivesMax = Number(maxReceiveCount);
  if (!Number.isInteger(receivesMax) || receivesMax < 1 || receivesMax > RECEIVES_MAX) {
    return `maxReceiveCount must be an integer from 1 to ${RECEIVES_MAX}`;
  }
  return { targetArn: deadLetterTargetArn, receivesMax };
}

const SOURCES_MAX = 10;

function readRedriveAllow(json: string): ((sourceArn: string) => boolean) | string {
  const value = readJson(json);
  if (value === undefined) return 'it is no JSON object';
  const { redrivePermission = 'allowAll', sourceQueueArns } = value;
  if (redrivePermission === 'byQueue') {
    const good =
      Array.isArray(sourceQueueArns) && sourceQueueArns.every((arn) => typeof arn === 'string' && parseQueueArn(arn));
    if (!good || sourceQueueArns.length < 1 || sourceQueueArns.length > SOURCES_MAX) {
      return `sourceQueueArns must be 1 to ${SOURCES_MAX} ARNs of queues`;
    }
    return (arn) => sourceQueueArns.includes(arn);
  }
  if (redrivePermission !== 'allowAll' && redrivePermission !== 'denyAll') {
    return 'redrivePermission must be allowAll, denyAll or byQueue';
  }
  if (sourceQueueArns !== undefined) return 'sourceQueueArns goes with the permission byQueue alone';
  return () => redrivePermission === 'allowAll';
}

/** Whether a queue lets another send it what nobody could process. */
export function allowsRedrive(target: Queue, source: QueueName): boolean {
  const json = target.attributes.RedriveAllowPolicy;
  if (json === undefined) return true;
  const allow = readRedriveAllow(json);
  return typeof allow === 'function' && allow(queueArn(source));
}

function readJson(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
