import { setImmediate } from 'node:timers/promises';
import { compileSearchFilter, searchableEvent } from '../../event/search/index.ts';
import type { LogEvent } from '../history/sealed-events.ts';
import type { LakeCursor, LakePageQuery, LakeQuery } from '../lake.ts';
import type { Sequence } from '../log.ts';
import { firstOf, groupOf } from './gram-group.ts';
import type { Chunk, GramIndex } from './gram-index.ts';
import { CHUNK_EVENTS } from './grams.ts';
import { mayHold, type Need, needOf } from './needs.ts';
import type { LogRecords, Wanted } from './records.ts';
import { readsRecords } from './scan.ts';
import { SequenceSet } from './sequence-set.ts';
import { mayMeanOther } from './words.ts';

/**
 * Looks for events in the Log itself, where their text may stand by what the gram index says: what is rare is found in
 * hundreds of chunks of it, where a scan of the lake would read gigabytes.
 */
export interface SeekDeps {
  readonly grams: Pick<GramIndex, 'chunks'>;
  readonly records: Pick<LogRecords, 'readSome'>;
}

/** Which of those found first; all of them without it. */
export type SeekOrder = Pick<LakePageQuery, 'order' | 'limit' | 'after'>;

/**
 * Of all chunks, so many may have to be read: one takes a quarter of a millisecond, in which DuckDB, on two processors, reads
 * some 250 whole records, or of 5,000 one column of JSON. As many have a value that is just not frequent (`LEAVES`).
 */
const CHUNKS_ONE_IN = { records: 4, columns: 64 };
/** So many are always read, which takes a quarter of a second. */
const CHUNKS_FEW = 800;
/** Read before others have their turn: some 10 ms. */
const SLICE_CHUNKS = 24;

/**
 * The events found, in pieces of no particular order, until those that are asked for are among them.
 * @returns undefined when this is no way to find them: the filter says too little of what is in a record
 */
export function seek(
  { grams, records }: SeekDeps,
  query: LakeQuery & { readonly from: Sequence; readonly upTo: Sequence },
  order: SeekOrder | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly LogEvent[]> | undefined {
  const { filter, startMs, endMs, from: first, upTo: end } = query;
  const reads = readsRecords(filter);
  if (!reads) return undefined;
  const need = needOf(filter!);
  const most = (among: number) => Math.max(CHUNKS_FEW, among / CHUNKS_ONE_IN[reads]);
  const found = grams.chunks(need, { first, end, startMs, endMs }, most);
  return found && read(records, need, query, found, order, signal);
}

/** Raised when the Log's files change while they are read. Whoever asks again, or otherwise, finds all. */
export class Moved extends Error {
  constructor() {
    super('the Log moved on while it was read: try again');
  }
}

async function* read(
  records: SeekDeps['records'],
  need: Need,
  query: LakeQuery & { readonly from: Sequence; readonly upTo: Sequence },
  chunks: readonly Chunk[],
  order: SeekOrder | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly LogEvent[]> {
  const sign = order?.order === 'oldest' ? 1 : -1;
  const edgeOf = (chunk: Chunk) => (sign > 0 ? chunk.minMs : -chunk.maxMs);
  const sorted = [...chunks].sort((a, b) => edgeOf(a) - edgeOf(b));
  const wanted = wantedBy(need);
  const isFound = testOf(query, order);
  const places: number[] = [];
  for (const [i, chunk] of sorted.entries()) {
    // Of a page that is full, all that comes before its last event has been seen.
    if (order && places.length >= order.limit && places.filter((at) => at < edgeOf(chunk)).length >= order.limit)
      return;
    const [from, to] = [Math.max(chunk.first, query.from), Math.min(chunk.first + CHUNK_EVENTS, query.upTo)];
    const events = records.readSome(from, to, wanted);
    if (!events) throw new Moved();
    const found = events.filter(isFound);
    if (order) places.push(...found.map(({ header }) => sign * header.timeMs));
    if (found.length > 0) yield found;
    if (i % SLICE_CHUNKS === SLICE_CHUNKS - 1) await setImmediate();
    signal.throwIfAborted();
  }
}

/**
 * Those among some events of which the filter is true, in the asked time and accounts.
 * @returns undefined when the Log's files change meanwhile
 */
export async function testedInLog(
  records: SeekDeps['records'],
  query: LakeQuery & { readonly from: Sequence; readonly upTo: Sequence },
  among: SequenceSet,
  signal: AbortSignal,
): Promise<SequenceSet | undefined> {
  const wanted = wantedBy(needOf(query.filter!));
  const isFound = testOf(query, undefined);
  const found = new SequenceSet();
  let read = 0;
  for (const first of chunksOf(among, query.from, query.upTo)) {
    const [from, to] = [Math.max(first, query.from), Math.min(first + CHUNK_EVENTS, query.upTo)];
    const events = records.readSome(from, to, wanted);
    if (!events) return undefined;
    for (const event of events) if (among.has(event.sequence) && isFound(event)) found.add(event.sequence);
    if (++read % SLICE_CHUNKS === 0) await setImmediate();
    signal.throwIfAborted();
  }
  return found;
}

/** First sequences of the chunks that have some of the events. */
function* chunksOf(events: SequenceSet, from: Sequence, upTo: Sequence): Generator<Sequence> {
  for (let group = groupOf(from); firstOf(group) < upTo; group++) {
    const bits = events.bits(firstOf(group), firstOf(group + 1));
    for (let at = 0; at < bits.length; at += CHUNK_EVENTS / 8)
      if (bits.subarray(at, at + CHUNK_EVENTS / 8).some((byte) => byte !== 0)) yield firstOf(group) + at * 8;
  }
}

/** Whether bytes of the Log may be of a record that holds what is needed: what they are not is known without parsing them. */
export function wantedBy(need: Need): Wanted {
  return (bytes) => {
    const text = bytes.toString('latin1').toLowerCase();
    return mayHold(need, text) || mayMeanOther(text);
  };
}

function testOf(query: LakeQuery, order: SeekOrder | undefined): (event: LogEvent) => boolean {
  const { accounts, startMs, endMs } = query;
  const test = compileSearchFilter(query.filter);
  const isAfter = order?.after ? after(order.after, order.order) : () => true;
  return (event) => {
    const { header, json } = event;
    return (
      header.timeMs >= startMs &&
      header.timeMs <= endMs &&
      (accounts === undefined || accounts.includes(header.accountId)) &&
      isAfter(event) &&
      test(searchableEvent(header, json))
    );
  };
}

const after =
  (cursor: LakeCursor, order: LakePageQuery['order']) =>
  ({ header, sequence }: LogEvent): boolean => {
    const sign = order === 'newest' ? -1 : 1;
    const [time, place] = [sign * (header.timeMs - cursor.timeMs), sign * (sequence - cursor.sequence)];
    return time > 0 || (time === 0 && place > 0);
  };
