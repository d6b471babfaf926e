import * as bits from './word-bits.ts';
import { bytesOf, type EventBits } from './word-bits.ts';

/**
 * Which of a dictionary's entries the events of a group have, as it is learnt: a list after the other. To set a bit for each
 * at once would be to write all over many megabytes.
 */
export class EntryLog {
  readonly #entries: number;
  /** Of each event added: its place in the group, how many entries, these. */
  #log = new Uint16Array(1 << 16);
  #length = 0;
  /** Where the event that is being added begins. */
  #start = 0;
  /** By entry, the event that it was added to last: most have it once. */
  readonly #last: Int32Array;
  /** As of when the log was so long. */
  #turned: { readonly length: number; readonly ends: Int32Array; readonly events: Uint16Array } | undefined;

  constructor(entries: number) {
    this.#entries = entries;
    this.#last = new Int32Array(entries).fill(-1);
  }

  /** What is added from here on is of this event. */
  begin(event: number): void {
    this.#start = this.#length;
    this.#put(event);
    this.#put(0);
  }

  add(entry: number): void {
    const event = this.#log[this.#start]!;
    if (this.#last[entry] === event) return;
    this.#last[entry] = event;
    this.#put(entry);
    this.#log[this.#start + 1]!++;
  }

  #put(value: number): void {
    if (this.#length === this.#log.length) {
      const more = new Uint16Array(this.#log.length * 2);
      more.set(this.#log);
      this.#log = more;
    }
    this.#log[this.#length++] = value;
  }

  /** Adds the events of an entry. */
  addTo(into: EventBits, entry: number): void {
    bits.addListed(into, this.#listOf(entry));
  }

  /** How many events an entry has. */
  countOf(entry: number): number {
    const list = this.#listOf(entry);
    return isAscending(list) ? list.length : bits.countOf(this.#bitsOf(entry));
  }

  /** The same, and these events as `packed` has them. */
  packed(entry: number): { readonly count: number; readonly bytes: Uint8Array } {
    const list = this.#listOf(entry);
    if (isAscending(list) && bits.packedBytes(list.length) === list.length * 2)
      return { count: list.length, bytes: bytesOf(list) };
    const events = this.#bitsOf(entry);
    const count = bits.countOf(events);
    return { count, bytes: bits.packed(events, count) };
  }

  #bitsOf(entry: number): EventBits {
    const events = bits.newBits();
    this.addTo(events, entry);
    return events;
  }

  /** How many events each of some entries has, and all these, those of one entry after those of the other. */
  lists(entries: readonly number[]): { readonly counts: Uint32Array; readonly events: Uint16Array } {
    const counts = Uint32Array.from(entries, (entry) => this.#endOf(entry) - this.#startOf(entry));
    const events = new Uint16Array(counts.reduce((sum, count) => sum + count, 0));
    let at = 0;
    const { events: all } = this.#turn();
    for (const entry of entries) for (let i = this.#startOf(entry); i < this.#endOf(entry); i++) events[at++] = all[i]!;
    return { counts, events };
  }

  /** In the order in which they were added; twice if they were. */
  #listOf(entry: number): Uint16Array {
    return this.#turn().events.subarray(this.#startOf(entry), this.#endOf(entry));
  }

  #startOf(entry: number): number {
    return entry === 0 ? 0 : this.#endOf(entry - 1);
  }

  #endOf(entry: number): number {
    return this.#turn().ends[entry]!;
  }

  #turn() {
    if (this.#turned?.length === this.#length) return this.#turned;
    const ends = new Int32Array(this.#entries);
    this.#each((entry) => ends[entry]!++);
    for (let entry = 0, sum = 0; entry < this.#entries; entry++) {
      const count = ends[entry]!;
      ends[entry] = sum;
      sum += count;
    }
    const events = new Uint16Array(this.#length);
    this.#each((entry, event) => {
      events[ends[entry]!++] = event;
    });
    this.#turned = { length: this.#length, ends, events };
    return this.#turned;
  }

  #each(tell: (entry: number, event: number) => void): void {
    for (let at = 0; at < this.#length; ) {
      const event = this.#log[at]!;
      const end = at + 2 + this.#log[at + 1]!;
      for (at += 2; at < end; at++) tell(this.#log[at]!, event);
    }
  }
}

function isAscending(list: Uint16Array): boolean {
  for (let i = 1; i < list.length; i++) if (list[i]! <= list[i - 1]!) return false;
  return true;
}
