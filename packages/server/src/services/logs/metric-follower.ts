import { setImmediate } from 'node:timers/promises';
import type { LogsDeps } from './deps.ts';
import { Follower } from './follower.ts';
import {
  type Counted,
  type Counter,
  closeMinute,
  compileCounter,
  MINUTE_MS,
  type OpenMinute,
  startCount,
} from './metric-counts.ts';
import { type Group, groupKey, metricsCursorKey } from './model.ts';

/**
 * Where counting is. What is counted is written with the place up to which it was, and only then published, under the
 * number that stands there: so a crash neither loses nor doubles it (`PutOnce`).
 */
interface Cursor {
  readonly next: number;
  readonly number: number;
  readonly pending?: Counted;
  readonly open?: OpenMinute;
}

/** Read and counted at a time. */
const BATCH_BYTES = 1 << 20;
/** Evaluated before others have their turn. */
const SLICE_EVENTS = 200;
/** After a minute has ended, before its default values are published: events may be late a little. */
const MINUTE_SLACK_MS = 5_000;

type Deps = Pick<LogsDeps, 'state' | 'store' | 'metrics' | 'clock' | 'logger'>;

/** Counts what comes into a group for its metric filters, behind its storage. */
export function followMetrics(deps: Deps, { id, name, accountId, region }: Group): Follower {
  const { state, store, metrics, clock, logger } = deps;
  const key = metricsCursorKey(id);
  let compiled: { readonly version: number; readonly counters: readonly Counter[] } | undefined;
  let cancelTimer = () => {};
  /** The number of what this process has published. */
  let published = -1;

  const follower: Follower = new Follower({ clock, logger, name: `metric filters of ${name}`, step });
  return follower;

  async function step(): Promise<boolean> {
    const entry = await state.get<Group>(groupKey({ accountId, region }, name));
    if (entry?.value.id !== id) return false; // deleted
    const { metricFilters: filters } = entry.value;
    const cursor = await cursorOf(filters);
    if (cursor.pending && cursor.number !== published) await publish(cursor, cursor.pending);
    if (compiled?.version !== entry.version) {
      compiled = { version: entry.version, counters: filters.map(compileCounter) };
    }
    const { counters } = compiled;
    const events = await store.readIngested(id, cursor.next, BATCH_BYTES);
    if (events.length === 0) return closeIfOver(cursor, counters);
    const count = startCount(counters, cursor.open);
    let next = cursor.next;
    for (const [i, event] of events.entries()) {
      count.add(event);
      next = event.sequence + 1;
      if (count.isFull) break;
      if (i % SLICE_EVENTS === SLICE_EVENTS - 1) await setImmediate();
    }
    const { counted: pending, open } = count.result();
    await advance(cursor, { next, pending, open });
    return true;
  }

  async function cursorOf(filters: Group['metricFilters']): Promise<Cursor> {
    const known = (await state.get<Cursor>(key))?.value;
    const first = Math.min(...filters.map(({ from }) => from), await store.end(id));
    return known ? { ...known, next: Math.max(known.next, first) } : { next: first, number: 0 };
  }

  /** The default values of a minute that ended while nothing came. */
  async function closeIfOver(cursor: Cursor, counters: readonly Counter[]): Promise<boolean> {
    const { open } = cursor;
    cancelTimer();
    if (!open || open.silent.length === 0 || Object.keys(closeMinute(counters, open)).length === 0) return false;
    const dueMs = open.startMs + MINUTE_MS + MINUTE_SLACK_MS - clock.now();
    if (dueMs > 0) {
      cancelTimer = clock.after(Math.min(dueMs, 2 * MINUTE_MS), () => follower.wake());
      return false;
    }
    await advance(cursor, { next: cursor.next, pending: closeMinute(counters, open), open: { ...open, silent: [] } });
    return true;
  }

  async function advance(
    cursor: Cursor,
    {
      next,
      pending,
      open,
    }: { readonly next: number; readonly pending: Counted; readonly open: OpenMinute | undefined },
  ): Promise<void> {
    const counted = Object.keys(pending).length > 0;
    const changed: Cursor = {
      ...{ next, number: cursor.number + 1 },
      ...(counted && { pending }),
      ...(open && { open }),
    };
    await state.write([{ put: key, value: changed }]);
    if (counted) await publish(changed, pending);
  }

  async function publish({ number }: Cursor, pending: Counted): Promise<void> {
    for (const [namespace, data] of Object.entries(pending)) {
      await metrics.put(accountId, region, namespace, data, { source: `logs/${id}/${namespace}`, sequence: number });
    }
    published = number;
  }
}
