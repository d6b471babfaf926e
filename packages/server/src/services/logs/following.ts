import type { LogsDeps } from './deps.ts';
import type { Follower } from './follower.ts';
import type { Groups } from './group-store.ts';
import { followMetrics } from './metric-follower.ts';
import {
  ALL_GROUPS,
  type Group,
  metricsCursorKey,
  type Subscription,
  subscriptionBox,
  subscriptionCursorKey,
} from './model.ts';
import { followSubscription } from './subscription-follower.ts';

/** All that follows groups: one for a group's metric filters, one for each of its subscriptions. */
export interface Following {
  /** Starts and ends followers as the group's filters ask for. */
  update(group: Group): void;
  forget(group: Pick<Group, 'id'>): Promise<void>;
  wake(groupId: string): void;
  /** Whose messages a mailbox holds; undefined when the subscription is gone. */
  subscriptionOf(box: string): { readonly group: Group; readonly subscription: Subscription } | undefined;
  /** Events below it are needed by nobody any more. */
  floor(group: Group): Promise<number>;
  end(): Promise<void>;
}

/** @param posted told of mailboxes that have something new */
export async function startFollowing(
  deps: LogsDeps,
  groups: Groups,
  posted: (box: string) => void,
): Promise<Following> {
  /** By group, then by what follows: `metrics`, or a subscription's id. */
  const all = new Map<string, Map<string, Follower>>();
  const boxes = new Map<string, { readonly group: Group; readonly subscription: Subscription }>();
  const forgetBoxes = (groupId: string) => {
    for (const box of boxes.keys()) if (box.startsWith(subscriptionBox(groupId, ''))) boxes.delete(box);
  };
  const following: Following = {
    update(group) {
      forgetBoxes(group.id);
      for (const subscription of group.subscriptions) {
        boxes.set(subscriptionBox(group.id, subscription.id), { group, subscription });
      }
      const known = all.get(group.id) ?? new Map<string, Follower>();
      const wanted = new Set(group.subscriptions.map(({ id }) => id));
      if (group.metricFilters.length > 0) wanted.add('metrics');
      for (const [name, follower] of known) {
        if (wanted.has(name)) continue;
        void follower.end();
        known.delete(name);
      }
      if (wanted.has('metrics') && !known.has('metrics')) known.set('metrics', followMetrics(deps, group));
      for (const subscription of group.subscriptions) {
        if (known.has(subscription.id)) continue;
        known.set(subscription.id, followSubscription(deps, groups, group, subscription, posted));
      }
      if (known.size > 0) all.set(group.id, known);
      else all.delete(group.id);
      following.wake(group.id);
    },
    async forget({ id }) {
      const known = all.get(id);
      all.delete(id);
      forgetBoxes(id);
      await Promise.all([...(known?.values() ?? [])].map((follower) => follower.end()));
    },
    wake(groupId) {
      for (const follower of all.get(groupId)?.values() ?? []) follower.wake();
    },
    subscriptionOf: (box) => boxes.get(box),
    async floor({ id, metricFilters, subscriptions }) {
      const places = await Promise.all([
        ...(metricFilters.length > 0
          ? [deps.state.get<{ readonly next: number }>(metricsCursorKey(id)).then((entry) => entry?.value.next)]
          : []),
        ...subscriptions.map(async (one) => {
          const entry = await deps.state.get<number>(subscriptionCursorKey(id, one.id));
          return entry?.value ?? one.from;
        }),
      ]);
      return Math.min(Number.POSITIVE_INFINITY, ...places.filter((place) => place !== undefined));
    },
    async end() {
      await Promise.all([...all.values()].flatMap((known) => [...known.values()].map((follower) => follower.end())));
    },
  };
  for (const { value } of await deps.state.list<Group>(ALL_GROUPS)) following.update(value);
  return following;
}
