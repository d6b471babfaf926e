import { AwsError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { LogGroups, LogLine } from '../doors.ts';
import { batchesOf } from './batches.ts';
import type { OutsideCaller } from './caller.ts';

const GROUP_ARN = /^arn:aws[a-z-]*:logs:([a-z0-9-]{1,32}):\d{12}:log-group:([\w./#-]{1,512})(?::\*)?$/;

/** AWS's limits of PutLogEvents. Messages count as UTF-8, and 26 bytes more each. */
const BATCH_EVENTS_MAX = 10_000;
const BATCH_BYTES_MAX = 1_048_576;
const OVERHEAD_BYTES = 26;
const SPAN_MS_MAX = 86_400_000;
/** What the embedded groups take of services (spec: delivery §6). */
const EVENT_BYTES_MAX = 256 * 1024;

/**
 * Log groups of a CloudWatch Logs elsewhere, in the Region of their ARN; the account is that of the operator's keys.
 * Streams are made as they are named. What AWS takes from nobody (too old, too large) is passed over and logged.
 */
export function outsideLogGroups(logs: OutsideCaller, logger: Logger): LogGroups {
  const call = (region: string, operation: string, input: object) =>
    logs.json(region, '1.1', `Logs_20140328.${operation}`, input);

  async function makeStream(region: string, stream: object): Promise<void> {
    try {
      await call(region, 'CreateLogStream', stream);
    } catch (error) {
      if (!hasCode(error, 'ResourceAlreadyExistsException')) throw error;
    }
  }

  return {
    async put(logGroupArn, logStreamName, events) {
      const [, region, logGroupName] = GROUP_ARN.exec(logGroupArn) ?? [];
      if (region === undefined) {
        throw new AwsError('InvalidParameterException', `${logGroupArn} is not the ARN of a log group.`);
      }
      const stream = { logGroupName, logStreamName };
      if (events.length === 0) return makeStream(region, stream); // proves that it may be written to
      const fitting = events.filter(({ message }) => message !== '' && Buffer.byteLength(message) <= EVENT_BYTES_MAX);
      if (fitting.length < events.length) {
        const count = events.length - fitting.length;
        logger.warn({ logGroupArn, logStreamName, count }, 'events of more than 256 KB are not sent to log groups');
      }
      for (const batch of batchesOf(fitting.toSorted(byTime), LIMITS)) {
        const input = {
          ...stream,
          logEvents: batch.map(({ timestampMs, message }) => ({ timestamp: timestampMs, message })),
        };
        const answer = await call(region, 'PutLogEvents', input).catch(async (error) => {
          if (!hasCode(error, 'ResourceNotFoundException')) throw error;
          await makeStream(region, stream);
          return call(region, 'PutLogEvents', input);
        });
        const rejected = answer.rejectedLogEventsInfo;
        if (rejected)
          logger.warn({ logGroupArn, logStreamName, rejected }, 'the log group takes no events so old, or so new');
      }
    },
  };
}

const LIMITS = {
  count: BATCH_EVENTS_MAX,
  bytes: BATCH_BYTES_MAX,
  bytesOf: ({ message }: LogLine) => Buffer.byteLength(message) + OVERHEAD_BYTES,
  together: (first: LogLine, { timestampMs }: LogLine) => timestampMs - first.timestampMs <= SPAN_MS_MAX,
};

const byTime = (a: LogLine, b: LogLine): number => a.timestampMs - b.timestampMs;

const hasCode = (error: unknown, code: string): boolean => error instanceof AwsError && error.code === code;
