import { gzipSync } from 'node:zlib';
import { uuid } from '../../base/random.ts';
import { compileFilterPattern, parseFilterPattern } from '../../event/filter-pattern/index.ts';
import type { Handler } from '../../wire/service.ts';
import type { LogsDeps } from './deps.ts';
import { invalid, logsError, notFound, readingPattern, unsupported } from './errors.ts';
import { type Groups, placeOf } from './group-store.ts';
import type { Group, Subscription } from './model.ts';
import { pageOf } from './pages.ts';
import { isDestination, type SendToDestination } from './subscription-delivery.ts';
import { controlMessage } from './subscription-messages.ts';

interface PutInput {
  readonly logGroupName: string;
  readonly filterName: string;
  readonly filterPattern: string;
  readonly destinationArn: string;
  readonly roleArn?: string;
  readonly distribution?: string;
  readonly applyOnTransformedLogs?: boolean;
  readonly fieldSelectionCriteria?: string;
  readonly emitSystemFields?: readonly string[];
}

/** AWS's quota, a log group. */
const FILTERS_MAX = 2;

export function createSubscriptionHandlers(
  { store, clock, random }: Pick<LogsDeps, 'store' | 'clock' | 'random'>,
  groups: Groups,
  send: SendToDestination,
  /** Told of a group whose filters have changed, and of those that went. */
  changed: (group: Group, gone: readonly Subscription[]) => Promise<void>,
): Record<string, Handler> {
  return {
    /** The destination is proved with a control message, as AWS does. */
    PutSubscriptionFilter: async (context, input: PutInput) => {
      if (input.applyOnTransformedLogs) throw unsupported('log transformers (applyOnTransformedLogs)');
      if (input.fieldSelectionCriteria) throw unsupported('fieldSelectionCriteria');
      if (input.emitSystemFields?.length) throw unsupported('emitSystemFields');
      const { filterName: name, filterPattern: pattern, destinationArn: destination } = input;
      readingPattern(() => compileFilterPattern(parseFilterPattern(pattern)));
      if (!isDestination(destination)) throw invalid(NO_DESTINATION);
      const place = placeOf(context);
      const { value: before } = await groups.find(place, input.logGroupName);
      const control = gzipSync(controlMessage(destination, clock.now()));
      await send({ ...before, name: before.name }, destination, control).catch((error) => {
        const why = (error as Error).message;
        throw invalid(
          `Could not deliver test message to specified destination. Check if the destination is valid. (${why})`,
        );
      });
      const made: Subscription = {
        ...{ name, id: uuid(random), pattern, destination, createdMs: clock.now() },
        ...{ distribution: input.distribution ?? 'ByLogStream', from: await store.end(before.id) },
        ...(input.roleArn !== undefined && { roleArn: input.roleArn }),
      };
      let gone: readonly Subscription[] = [];
      const group = await groups.change(place, input.logGroupName, (known) => {
        gone = known.subscriptions.filter((filter) => filter.name === name);
        const others = known.subscriptions.filter((filter) => filter.name !== name);
        if (others.length >= FILTERS_MAX) throw logsError('LimitExceededException', 'Resource limit exceeded.');
        return { ...known, subscriptions: [...others, made].sort((a, b) => (a.name < b.name ? -1 : 1)) };
      });
      await changed(group, gone);
      return {};
    },
    DeleteSubscriptionFilter: async (
      context,
      input: { readonly logGroupName: string; readonly filterName: string },
    ) => {
      let gone: readonly Subscription[] = [];
      const group = await groups.change(placeOf(context), input.logGroupName, (known) => {
        gone = known.subscriptions.filter(({ name }) => name === input.filterName);
        if (gone.length === 0) throw notFound('subscription filter');
        return { ...known, subscriptions: known.subscriptions.filter(({ name }) => name !== input.filterName) };
      });
      await changed(group, gone);
      return {};
    },
    DescribeSubscriptionFilters: async (
      context,
      input: {
        readonly logGroupName: string;
        readonly filterNamePrefix?: string;
        readonly nextToken?: string;
        readonly limit?: number;
      },
    ) => {
      const { logGroupName, filterNamePrefix: prefix = '' } = input;
      const { value: group } = await groups.find(placeOf(context), logGroupName);
      const found = group.subscriptions.filter(({ name }) => name.startsWith(prefix));
      const listed = ['DescribeSubscriptionFilters', group.id, prefix];
      const { page, nextToken } = pageOf(found, ({ name }) => name, input, listed);
      return {
        subscriptionFilters: page.map((filter) => ({
          filterName: filter.name,
          logGroupName,
          filterPattern: filter.pattern,
          destinationArn: filter.destination,
          ...(filter.roleArn !== undefined && { roleArn: filter.roleArn }),
          distribution: filter.distribution,
          applyOnTransformedLogs: false,
          creationTime: filter.createdMs,
        })),
        ...(nextToken && { nextToken }),
      };
    },
  };
}

const NO_DESTINATION =
  'destinationArn must be the ARN of an SQS queue (arn:aws:sqs:region:account:name), or the URL of an HTTP endpoint (https://host/path or arn:aws:http:::https://host/path); OpenTrail has no other destinations of subscriptions.';
