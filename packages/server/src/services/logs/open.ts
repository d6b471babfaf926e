import { withoutLeaps } from '../../base/clock.ts';
import type { Service } from '../../wire/service.ts';
import { Courier } from '../courier.ts';
import type { LogGroups } from '../doors.ts';
import type { LogsDeps } from './deps.ts';
import { type Following, startFollowing } from './following.ts';
import { createGroups } from './group-store.ts';
import { logsService } from './index.ts';
import { createIngest, createLogGroupsDoor } from './ingest.ts';
import {
  ALL_FOLLOWING,
  ALL_GROUPS,
  ALL_STREAMS,
  DAY_MS,
  expiredBefore,
  type Group,
  subscriptionBox,
  subscriptionCursorKey,
} from './model.ts';
import { createQueries } from './queries.ts';
import { createSendToDestination, isFinal } from './subscription-delivery.ts';

export interface Logs {
  readonly service: Service;
  /** For services that write into groups. */
  readonly logGroups: LogGroups;
  close(): Promise<void>;
}

const MAILBOXES = 'logs/';
/** Between two looks for segments that have expired. */
const RETENTION_SWEEP_MS = 10 * 60_000;
/** What a destination does not take is tried for as long as AWS does. */
const DELIVERY_MS_MAX = DAY_MS;

/** Opens CloudWatch Logs: takes up what followers and deliveries left, and deletes what a deletion left. */
export async function openLogs(deps: LogsDeps): Promise<Logs> {
  const { state, store, mailboxes, clock, random, logger } = deps;
  const groups = createGroups(deps);
  const ingest = createIngest(deps);
  const queries = createQueries(deps, groups);
  const send = createSendToDestination(deps);
  await clearLeftovers(deps);

  const courier: Courier = new Courier({
    ...{ mailboxes, clock, random, logger, prefix: MAILBOXES, isOrdered: () => true },
    async deliver({ box, body }) {
      const found = following.subscriptionOf(box);
      if (found) await send(found.group, found.subscription.destination, body);
    },
    again: ({ meta }, error) => !isFinal(error) && clock.now() - Number(meta.sinceMs ?? clock.now()) < DELIVERY_MS_MAX,
    async giveUp({ box }, error) {
      logger.error(
        { err: error, box },
        'a message to a subscription of a log group could not be delivered, and is given up',
      );
    },
  });
  const following: Following = await startFollowing(deps, groups, (box) => courier.wake(box));
  const stopListening = ingest.onIngest((groupId) => following.wake(groupId));
  courier.start();
  let cancelSweep = () => {};
  let sweeping: Promise<void> = Promise.resolve();
  const steady = withoutLeaps(clock);
  const sweepLater = () => {
    cancelSweep = clock.after(RETENTION_SWEEP_MS, () => {
      sweeping = sweep().then(sweepLater);
    });
  };
  sweepLater();

  return {
    service: logsService(deps, {
      ...{ groups, ingest, following, send, queryHandlers: queries.handlers },
      async unsubscribe(group, gone) {
        for (const { id } of gone) {
          await courier.drop(subscriptionBox(group.id, id));
          await state.write([{ delete: subscriptionCursorKey(group.id, id) }]);
        }
      },
    }),
    logGroups: createLogGroupsDoor(deps, groups, ingest),
    async close() {
      stopListening();
      cancelSweep();
      await sweeping;
      cancelSweep();
      queries.close();
      await following.end();
      await courier.close();
    },
  };

  /** Deletes segments that have expired whole. Never rejects. */
  async function sweep(): Promise<void> {
    for (const { value: group } of await state.list<Group>(ALL_GROUPS)) {
      if (group.retentionDays === undefined) continue;
      try {
        await store.retain(group.id, expiredBefore(group, steady.now()), await following.floor(group));
      } catch (error) {
        logger.error({ err: error, logGroup: group.name }, 'expired log events could not be deleted');
      }
    }
  }
}

/** What is left of groups that are no more: a deletion was interrupted, or somebody was still at it. */
async function clearLeftovers({ state, store, mailboxes }: LogsDeps): Promise<void> {
  const known = new Set((await state.list<Group>(ALL_GROUPS)).map(({ value }) => value.id));
  const isGone = (path: string) => !known.has(path.split('/')[2]!);
  for (const id of await store.groups()) if (!known.has(id)) await store.drop(id);
  for (const box of mailboxes.boxes(MAILBOXES)) if (!known.has(box.split('/')[1]!)) await mailboxes.drop(box);
  const keys = (await Promise.all([ALL_STREAMS, ALL_FOLLOWING].map((prefix) => state.list(prefix)))).flat();
  const left = keys.filter(({ key }) => isGone(key));
  if (left.length > 0) await state.write(left.map(({ key }) => ({ delete: key })));
}
