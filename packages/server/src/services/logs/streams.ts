import type { StreamFigures } from '../../ports/log-groups.ts';
import type { Handler } from '../../wire/service.ts';
import type { LogsDeps } from './deps.ts';
import { invalid } from './errors.ts';
import { type GroupNames, type Groups, placeOf } from './group-store.ts';
import { type Group, groupArn, type Stream, streamKey } from './model.ts';
import { pageOf } from './pages.ts';
import { SEQUENCE_TOKEN } from './put-events.ts';

interface DescribeInput extends GroupNames {
  readonly logStreamNamePrefix?: string;
  readonly orderBy?: 'LogStreamName' | 'LastEventTime';
  readonly descending?: boolean;
  readonly nextToken?: string;
  readonly limit?: number;
}
interface NamesStream {
  readonly logGroupName: string;
  readonly logStreamName: string;
}

export function createStreamHandlers(
  { state, store }: Pick<LogsDeps, 'state' | 'store'>,
  groups: Groups,
): Record<string, Handler> {
  return {
    CreateLogStream: async (context, { logGroupName, logStreamName }: NamesStream) => {
      await groups.createStream(placeOf(context), logGroupName, logStreamName);
      return {};
    },
    /** Its events are no longer seen at once, and leave the disk with the segments that they are in. */
    DeleteLogStream: async (context, { logGroupName, logStreamName }: NamesStream) => {
      const { value: group } = await groups.find(placeOf(context), logGroupName);
      await groups.stream(group, logStreamName);
      await state.write([{ delete: streamKey(group.id, logStreamName) }]);
      return {};
    },
    DescribeLogStreams: async (context, input: DescribeInput) => {
      const { logStreamNamePrefix: prefix, orderBy = 'LogStreamName', descending = false } = input;
      if (orderBy === 'LastEventTime' && prefix !== undefined) {
        throw invalid('Cannot order by LastEventTime with a logStreamNamePrefix.');
      }
      const group = await groups.named(context, input);
      const figures = await store.figures(group.id);
      const keyOf = ({ name, number }: Stream) =>
        orderBy === 'LogStreamName' ? name : `${String(figures.get(number)?.lastMs ?? 0).padStart(20, '0')}/${name}`;
      const streams = (await groups.streams(group))
        .filter(({ name }) => prefix === undefined || name.startsWith(prefix))
        .map((stream) => ({ stream, key: keyOf(stream) }))
        .sort((a, b) => (a.key < b.key ? -1 : 1) * (descending ? -1 : 1));
      const listed = ['DescribeLogStreams', group.id, prefix ?? null, orderBy, descending];
      const { page, nextToken } = pageOf(streams, ({ key }) => key, input, listed, descending);
      return {
        logStreams: page.map(({ stream }) => describe(group, stream, figures.get(stream.number))),
        ...(nextToken && { nextToken }),
      };
    },
  };
}

const describe = (group: Group, { name, createdMs }: Stream, figures: StreamFigures | undefined) => ({
  logStreamName: name,
  creationTime: createdMs,
  ...(figures && {
    firstEventTimestamp: figures.firstMs,
    lastEventTimestamp: figures.lastMs,
    lastIngestionTime: figures.lastIngestedMs,
  }),
  uploadSequenceToken: SEQUENCE_TOKEN,
  arn: `${groupArn(group, group.name)}:log-stream:${name}`,
  storedBytes: 0, // AWS no longer reports it
});
