import type { CallContext } from '../../wire/service.ts';
import { invalidParameter, missingParameter, noSuchQueue, sqsError } from './errors.ts';

/** A queue as it is kept in State. */
export interface Queue {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  /** 32 hex digits: tells it from an earlier queue of the same name, and seals its receipt handles. */
  readonly secret: string;
  readonly createdMs: number;
  readonly changedMs: number;
  /** As they were set, by AWS's names; what is not here has its default. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

export interface QueueName {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
}

export const STATE_PREFIX = 'sqs/';
export const stateKey = ({ accountId, region, name }: QueueName) => `sqs/${accountId}/${region}/queue/${name}`;
export const statePrefix = (accountId: string, region: string) => `sqs/${accountId}/${region}/queue/`;

/** Where the queue's messages are. */
export const boxOf = ({ accountId, region, name, secret }: Queue) =>
  `sqs/${accountId}/${region}/${name}/${secret.slice(0, 8)}`;
/** What FIFO queues know of messages of the last five minutes. */
export const markerBoxOf = (queue: Queue) => `${boxOf(queue)}/sent`;

export const queueArn = ({ accountId, region, name }: QueueName) =>
  `arn:${partitionOf(region)}:sqs:${region}:${accountId}:${name}`;

const partitionOf = (region: string) =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';

export function parseQueueArn(arn: string): QueueName | undefined {
  const [, region, accountId, name] = /^arn:aws[a-z-]*:sqs:([a-z0-9-]+):(\d{12}):([\w.-]+)$/.exec(arn) ?? [];
  return region && accountId && name ? { accountId, region, name } : undefined;
}

export const isFifo = ({ name }: Pick<QueueName, 'name'>) => name.endsWith(FIFO_SUFFIX);
export const FIFO_SUFFIX = '.fifo';

/** The URL as the client itself reaches this server. */
export const queueUrl = ({ http, tls }: Pick<CallContext, 'http' | 'tls'>, { accountId, name }: QueueName) =>
  `${tls ? 'https' : 'http'}://${http.host}/${accountId}/${name}`;

const QUEUE_PATH = /^\/(\d{12})\/([\w-]{1,80}|[\w-]{1,75}\.fifo)\/?$/;

/**
 * The queue that a request means: by `QueueUrl`, whatever its host, or, in the query protocol of old, by its own path.
 * @throws AwsError MissingParameter, InvalidAddress, QueueDoesNotExist
 */
export function namedQueue({ http, region, caller }: CallContext, url: string | undefined): QueueName {
  const given = url ?? (QUEUE_PATH.test(http.rawPath) ? http.rawPath : undefined);
  if (given === undefined || given === '') throw missingParameter('QueueUrl');
  const path = /^[a-z]+:\/\//i.test(given) ? given.replace(/^[a-z]+:\/\/[^/]*/i, '') : given;
  const [, accountId, name] = QUEUE_PATH.exec(path) ?? [];
  if (accountId && name) return { accountId, region, name };
  // botocore sends a bare name as it was given, and AWS takes it for the caller's own.
  if (NAME.test(given)) return { accountId: caller.accountId, region, name: given };
  if (path.split('/').filter((part) => part !== '').length === 2) throw noSuchQueue();
  throw sqsError('InvalidAddress', `The address ${given.slice(0, 200)} is not valid for this endpoint.`);
}

const NAME = /^(?:[\w-]{1,80}|[\w-]{1,75}\.fifo)$/;

/** @throws AwsError InvalidParameterValue */
export function checkQueueName(name: string | undefined): string {
  if (name === undefined) throw missingParameter('QueueName');
  if (name === '') throw invalidParameter('Queue name cannot be empty');
  if (!NAME.test(name)) {
    throw invalidParameter('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
  }
  return name;
}
