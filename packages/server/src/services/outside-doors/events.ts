import { AwsError, Pushback } from '../../base/errors.ts';
import type { Events, EventToPut } from '../doors.ts';
import { batchesOf } from './batches.ts';
import { type OutsideCaller, unlike } from './caller.ts';

/** AWS's limits of PutEvents. */
const ENTRIES_MAX = 10;
const ENTRIES_BYTES_MAX = 256 * 1024;

interface Entry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Time: number;
  readonly Resources: readonly string[];
  readonly Detail: string;
}

/**
 * The default bus of an EventBridge elsewhere: of the account of the operator's keys, in the Region that AWS's endpoints
 * name, otherwise in that of what is told. EventBridge takes sources that begin with `aws.` from nobody but AWS, so
 * `aws.cloudwatch` goes as `opentrail.cloudwatch`. When one event of several is refused all are told again.
 */
export function outsideEvents(bridge: OutsideCaller): Events {
  return {
    async put(_accountId, ofEvents, events) {
      const region = bridge.region ?? ofEvents;
      for (const Entries of batchesOf(events.map(entryOf), LIMITS)) {
        const answer = await bridge.json(region, '1.1', 'AWSEvents.PutEvents', { Entries });
        if (answer.FailedEntryCount === 0) continue;
        throw failureIn(answer.Entries) ?? unlike('the EventBridge outside');
      }
    },
  };
}

const entryOf = ({ source, detailType, timeMs, resources, detail }: EventToPut): Entry => ({
  Source: source.replace(/^aws\./, 'opentrail.'),
  DetailType: detailType,
  Time: Math.floor(timeMs / 1000),
  Resources: resources,
  Detail: JSON.stringify(detail),
});

/** As EventBridge reckons the size of an entry: 14 bytes for the time, and the texts. */
const LIMITS = {
  count: ENTRIES_MAX,
  bytes: ENTRIES_BYTES_MAX,
  bytesOf: ({ Source, DetailType, Resources, Detail }: Entry) =>
    14 + [Source, DetailType, Detail, ...Resources].reduce((sum, text) => sum + Buffer.byteLength(text), 0),
};

/** What waiting does not mend comes first. */
function failureIn(entries: unknown): Error | undefined {
  const failed = (Array.isArray(entries) ? entries : []).filter((entry) => typeof entry?.ErrorCode === 'string');
  const lasting = failed.find(({ ErrorCode }) => !/Throttl|Internal|Unavailable/.test(ErrorCode));
  const { ErrorCode, ErrorMessage } = lasting ?? failed[0] ?? {};
  const why = `the EventBridge outside answered ${ErrorCode}: ${ErrorMessage}`;
  if (lasting) return new AwsError(ErrorCode, why);
  return failed.length > 0 ? new Pushback(why) : undefined;
}
