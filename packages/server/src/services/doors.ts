import type { ServiceCaller } from '../ports/objects.ts';

/**
 * What services ask of each other inside the process. Each resolves when what it was given is durable; from there on it
 * is the receiving service's to deliver. The resource's policy decides, as for any AWS service that calls in its own name.
 */
export interface MessageParts {
  readonly attributes?: Readonly<Record<string, { readonly type: string; readonly value: string }>>;
  /** FIFO topics and queues only. */
  readonly groupId?: string;
  readonly deduplicationId?: string;
}

export interface Topics {
  /** The checks of `publish` without a message: `undefined`, or why the actor may not. @throws AwsError NotFound, InvalidParameter */
  check(topicArn: string, actor: ServiceCaller): Promise<string | undefined>;
  /** @throws AwsError NotFound, AuthorizationError, KMS errors */
  publish(
    topicArn: string,
    message: MessageParts & { readonly message: string; readonly subject?: string },
    actor: ServiceCaller,
  ): Promise<{ readonly messageId: string }>;
}

export interface Queues {
  /** The checks of `send` without a message: `undefined`, or why the actor may not. @throws AwsError QueueDoesNotExist */
  check(queueArn: string, actor: ServiceCaller): Promise<string | undefined>;
  /** @throws AwsError QueueDoesNotExist, AccessDenied, InvalidParameterValue, InvalidMessageContents; Pushback */
  send(
    queueArn: string,
    message: MessageParts & { readonly body: string },
    actor: ServiceCaller,
  ): Promise<{ readonly messageId: string }>;
}

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
  readonly message: string;
}

export interface LogGroups {
  /** Makes the stream if it is not there. @throws AwsError ResourceNotFoundException for the group */
  put(logGroupArn: string, logStream: string, events: readonly LogLine[]): Promise<void>;
  /**
   * The newest messages of a stream, at least `bytes` of them if there are so many: for who does not know after a crash
   * whether a put arrived. None when there is no such stream. Absent where it cannot be told.
   */
  tail?(logGroupArn: string, logStream: string, bytes: number): Promise<ReadonlySet<string>>;
}

/** One value of a metric, or a set of them (PutMetricData). */
export interface MetricDatum {
  readonly name: string;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
  readonly timestampMs: number;
  readonly unit: string;
  readonly value: { readonly sum: number; readonly count: number; readonly min: number; readonly max: number };
  /** What raised it, at most a few: the alarm's message carries them. */
  readonly causes?: readonly MetricCause[];
}

/** A CloudTrail record that a metric filter counted. */
export interface MetricCause {
  readonly eventId?: string;
  /** The log event's own text. */
  readonly message: string;
  readonly timestampMs: number;
}

/** Tells a put from one before it, so that who does not know after a crash whether it arrived can make it again. */
export interface PutOnce {
  /** Who puts: `logs/…`. At most 512 characters. */
  readonly source: string;
  /** Ascends from put to put of the source. Data whose number is not above the last one taken is passed over. */
  readonly sequence: number;
}

export interface Metrics {
  /** @param once the data and its number are taken in the same instant, or neither is */
  put(
    accountId: string,
    region: string,
    namespace: string,
    data: readonly MetricDatum[],
    once?: PutOnce,
  ): Promise<void>;
}

/** What a service tells EventBridge of itself. */
export interface EventToPut {
  /** A UUID; the same when the same is told again. */
  readonly id: string;
  /** `aws.cloudwatch` */
  readonly source: string;
  /** `CloudWatch Alarm State Change` */
  readonly detailType: string;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  /** ARNs. */
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Events {
  /** To the default bus of the account and Region. @throws Pushback */
  put(accountId: string, region: string, events: readonly EventToPut[]): Promise<void>;
}
