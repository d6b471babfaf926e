import type { LogPlace, LogRange, StoredLogEvent } from '../log-groups.ts';
import type { BlockInfo } from './block.ts';
import type { Segment } from './segment.ts';

/** Given out at a time; a page is complete at either. */
const PAGE_EVENTS = 500;
const PAGE_CHARS = 1 << 20;
/**
 * Bytes of messages that may be held of blocks that are read side by side, as when many streams go on at the same time.
 * Past it, what was read is let go and read again.
 */
const HELD_BYTES_MAX = 32 << 20;

/** Something of which events come: a segment, a block, or a block that is loaded. `place` bounds what it can give next. */
type Source =
  | { readonly kind: 'segment'; readonly place: LogPlace; readonly segment: Segment }
  | { readonly kind: 'block'; readonly place: LogPlace; readonly segment: Segment; readonly block: BlockInfo }
  | {
      readonly kind: 'events';
      readonly place: LogPlace;
      readonly segment: Segment;
      readonly block: BlockInfo;
      readonly events: readonly StoredLogEvent[];
      readonly at: number;
    };

/**
 * All segments' events in one order of time. Segments, and blocks within them, are opened no sooner than their first
 * event can be the next: of a group that came in order, one or two are open at a time.
 */
export async function* mergeByTime(
  segments: readonly Segment[],
  range: LogRange,
): AsyncGenerator<readonly StoredLogEvent[], void> {
  const heap = new Heap(range.backward === true);
  const select = selectorOf(range);
  let held = 0;
  for (const segment of segments) {
    const source = select.segment(segment);
    if (source) heap.push(source);
  }
  let page: StoredLogEvent[] = [];
  let chars = 0;
  const isFull = () => page.length >= PAGE_EVENTS || chars >= PAGE_CHARS;
  for (let source = heap.pop(); source; source = heap.pop()) {
    if (source.kind === 'segment') {
      for (const block of await source.segment.blocks()) {
        const inside = select.block(source.segment, block);
        if (inside) heap.push(inside);
      }
    } else if (source.kind === 'block') {
      const events = select.events(await source.segment.load(source.block), source.place);
      if (events.length > 0) heap.push({ ...source, kind: 'events', place: events[0]!, events, at: 0 });
      if (events.length > 0) held += source.block.messageBytes;
    } else {
      let { at } = source;
      const { events, segment, block } = source;
      do {
        page.push(events[at]!);
        chars += events[at]!.message.length;
        at++;
      } while (at < events.length && !isFull() && !heap.isBefore(events[at]!));
      const isDone = at === events.length;
      if (!isDone && (held <= HELD_BYTES_MAX || heap.size === 0)) heap.push({ ...source, place: events[at]!, at });
      else {
        held -= block.messageBytes;
        if (!isDone) heap.push({ kind: 'block', place: events[at]!, segment, block });
      }
    }
    if (isFull()) {
      yield page;
      page = [];
      chars = 0;
    }
  }
  if (page.length > 0) yield page;
}

/** What of segments, blocks and events belongs to a range, and from which place on. */
function selectorOf({ startMs = Number.NEGATIVE_INFINITY, endMs = Number.POSITIVE_INFINITY, ...range }: LogRange) {
  const { streams, after, backward = false } = range;
  const inTime = ({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }) =>
    maxMs >= startMs &&
    minMs < endMs &&
    (!after || (backward ? minMs <= after.timestampMs : maxMs >= after.timestampMs));
  const beyond = (place: LogPlace) => !after || (backward ? compare(place, after) < 0 : compare(place, after) > 0);
  return {
    segment: (segment: Segment): Source | undefined =>
      inTime(segment)
        ? {
            kind: 'segment',
            segment,
            place: backward
              ? { timestampMs: segment.maxMs, sequence: segment.end }
              : { timestampMs: segment.minMs, sequence: segment.first },
          }
        : undefined,
    block: (segment: Segment, block: BlockInfo): Source | undefined =>
      inTime(block) && (!streams || streams.has(block.stream))
        ? {
            ...{ kind: 'block', segment, block },
            place: backward
              ? { timestampMs: block.maxMs, sequence: block.maxSequence }
              : { timestampMs: block.minMs, sequence: block.minSequence },
          }
        : undefined,
    /** In the direction of reading, from `from` on. */
    events(loaded: readonly StoredLogEvent[], from: LogPlace): readonly StoredLogEvent[] {
      const mine = loaded.filter(
        (event) =>
          event.timestampMs >= startMs &&
          event.timestampMs < endMs &&
          beyond(event) &&
          (backward ? compare(event, from) <= 0 : compare(event, from) >= 0),
      );
      return backward ? mine.reverse() : mine;
    },
  };
}

const compare = (a: LogPlace, b: LogPlace): number => a.timestampMs - b.timestampMs || a.sequence - b.sequence;

/** The source whose place comes first on top. */
class Heap {
  readonly #items: Source[] = [];
  readonly #sign: number;

  constructor(backward: boolean) {
    this.#sign = backward ? -1 : 1;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Whether something that is in here may come before `place`. */
  isBefore(place: LogPlace): boolean {
    const top = this.#items[0];
    return top !== undefined && this.#sign * compare(top.place, place) <= 0;
  }

  push(item: Source): void {
    const items = this.#items;
    let at = items.length;
    for (items.push(item); at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#less(item, items[parent]!)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): Source | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#less(items[child + 1]!, items[child]!)) child++;
      if (!this.#less(items[child]!, last)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return top;
  }

  #less(a: Source, b: Source): boolean {
    return this.#sign * compare(a.place, b.place) < 0;
  }
}
