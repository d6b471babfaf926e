import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { compileFilterPattern, filterEvent, parseFilterPattern } from '../../event/filter-pattern/index.ts';
import type { StoredLogEvent } from '../../ports/log-groups.ts';
import type { LogsDeps } from './deps.ts';
import { Follower } from './follower.ts';
import type { Groups } from './group-store.ts';
import { type Group, type Subscription, subscriptionBox, subscriptionCursorKey } from './model.ts';
import { dataMessage } from './subscription-messages.ts';

const compress = promisify(gzip);

/** Evaluated before others have their turn. */
const SLICE_EVENTS = 200;
/** Read at a time. */
const BATCH_BYTES = 512 << 10;
/** Of one message before compression; in base64 it fits into a queue's message (256 KB) unless it does not compress at all. */
const MESSAGE_CHARS_MAX = 190_000;
/** What waits for a destination that does not take it; the rest stays in the group, which is followed on later. */
const WAITING_BYTES_MAX = 64 << 20;
const FULL_RETRY_MS = 10_000;

type Deps = Pick<LogsDeps, 'state' | 'store' | 'mailboxes' | 'clock' | 'logger'>;

/** Puts what matches a subscription into its mailbox, behind the group's storage. After a crash some of it comes twice. */
export function followSubscription(
  deps: Deps,
  groups: Groups,
  group: Group,
  subscription: Subscription,
  /** The mailbox has something new. */
  posted: (box: string) => void,
): Follower {
  const { state, store, mailboxes, clock, logger } = deps;
  const key = subscriptionCursorKey(group.id, subscription.id);
  const box = subscriptionBox(group.id, subscription.id);
  const matches = compileFilterPattern(parseFilterPattern(subscription.pattern));
  const name = `subscription ${subscription.name} of ${group.name}`;
  const follower: Follower = new Follower({ clock, logger, name, step });
  return follower;

  async function step(): Promise<boolean> {
    if (mailboxes.size(box).bytes > WAITING_BYTES_MAX) {
      clock.after(FULL_RETRY_MS, () => follower.wake());
      return false;
    }
    const next = (await state.get<number>(key))?.value ?? subscription.from;
    const events = await store.readIngested(group.id, next, BATCH_BYTES);
    if (events.length === 0) return false;
    const found: StoredLogEvent[] = [];
    for (const [i, event] of events.entries()) {
      if (matches(filterEvent(event.message))) found.push(event);
      if (i % SLICE_EVENTS === SLICE_EVENTS - 1) await setImmediate();
    }
    if (found.length > 0) {
      const bodies = await messagesOf(found);
      if (bodies.length > 0) await mailboxes.put(bodies.map((body) => ({ box, body, meta: { sinceMs: clock.now() } })));
      posted(box);
    }
    await state.write([{ put: key, value: events.at(-1)!.sequence + 1 }]);
    return true;
  }

  async function messagesOf(events: readonly StoredLogEvent[]): Promise<readonly Buffer[]> {
    const names = new Map((await groups.streams(group)).map(({ name, number }) => [number, name]));
    const byStream = new Map<number, StoredLogEvent[]>();
    for (const event of events) {
      const mine = byStream.get(event.stream);
      if (mine) mine.push(event);
      else byStream.set(event.stream, [event]);
    }
    const texts: string[] = [];
    for (const [stream, mine] of byStream) {
      const streamName = names.get(stream);
      if (streamName === undefined) continue; // deleted meanwhile
      for (const part of partsOf(mine)) texts.push(dataMessage(group, streamName, subscription, part));
    }
    return Promise.all(texts.map((text) => compress(text)));
  }
}

/** Cuts events into runs of a message each. */
function partsOf(events: readonly StoredLogEvent[]): StoredLogEvent[][] {
  const parts: StoredLogEvent[][] = [[]];
  let chars = 0;
  for (const event of events) {
    if (chars + event.message.length > MESSAGE_CHARS_MAX && parts.at(-1)!.length > 0) {
      parts.push([]);
      chars = 0;
    }
    parts.at(-1)!.push(event);
    chars += event.message.length;
  }
  return parts;
}
