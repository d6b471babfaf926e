import { compileSearchFilter, type SearchFilter, type SearchTest, searchableEvent } from '../../event/search/index.ts';
import type { Sequence } from '../log.ts';
import { mayHold, type Need, needOf } from './needs.ts';
import type { LogRecords, Wanted } from './records.ts';
import { SequenceSet, type Span } from './sequence-set.ts';
import type { Pause } from './turns.ts';
import { PIECE_EVENTS } from './word-bits.ts';
import { mayMeanOther } from './words.ts';

/** Read before others have their turn: some 10 ms. */
const SLICE_PIECES = 96;

/**
 * Tests events in the Log itself: what an index is in doubt of is a few pieces of it, where a scan of the lake would read
 * gigabytes.
 */
export class LogTest {
  readonly #records: Pick<LogRecords, 'readSome'>;
  readonly #span: Span;
  readonly #wanted: Wanted;
  readonly #test: SearchTest;
  /** The piece that was looked at last: where it begins, and of which of its events the filter is true. */
  #last: { readonly first: Sequence; readonly found: ReadonlySet<Sequence> } | undefined;
  /** Pieces that were read. */
  reads = 0;

  /** @param span of events that are in the Log @throws PatternError when the filter names nothing */
  constructor(records: Pick<LogRecords, 'readSome'>, filter: SearchFilter, span: Span) {
    this.#records = records;
    this.#span = span;
    this.#wanted = wantedBy(needOf(filter));
    this.#test = compileSearchFilter(filter);
  }

  /** Whether the filter is true of an event. To ask for those of a piece one after the other reads it once. @throws Moved */
  holds(sequence: Sequence): boolean {
    const first = sequence - (sequence % PIECE_EVENTS);
    if (this.#last?.first !== first) this.#last = { first, found: this.#foundIn(first) };
    return this.#last.found.has(sequence);
  }

  /** Those among some events of which it is true. @throws Moved; what `pause` throws */
  async among(events: SequenceSet, pause: Pause): Promise<SequenceSet> {
    const found = new SequenceSet();
    for (const sequence of events) {
      const before = this.reads;
      if (this.holds(sequence)) found.add(sequence);
      if (this.reads > before && this.reads % SLICE_PIECES === 0) await pause();
    }
    return found;
  }

  #foundIn(piece: Sequence): ReadonlySet<Sequence> {
    this.reads++;
    const { from, upTo } = this.#span;
    const [first, end] = [Math.max(from, piece), Math.min(upTo, piece + PIECE_EVENTS)];
    const events = this.#records.readSome(first, end, this.#wanted);
    if (!events) throw new Moved();
    const found = events.filter(({ header, json }) => this.#test(searchableEvent(header, json)));
    return new Set(found.map(({ sequence }) => sequence));
  }
}

/** Raised when the Log's files change while they are read. Whoever asks again, or otherwise, finds all. */
export class Moved extends Error {
  constructor() {
    super('the Log moved on while it was read: try again');
  }
}

/** Whether bytes of the Log may be of a record that holds what is needed: what they are not is known without parsing them. */
export function wantedBy(need: Need): Wanted {
  return (bytes) => {
    const text = bytes.toString('latin1').toLowerCase();
    return mayHold(need, text) || mayMeanOther(text);
  };
}
