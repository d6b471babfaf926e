import { DuckDBBitValue } from '@duckdb/node-api';
import type { Sequence } from '../log.ts';
import type { Bind } from './filter-sql.ts';
import { SequenceSet } from './sequence-set.ts';
import { BITS_BYTES, GROUP_EVENTS, seen } from './word-bits.ts';

/**
 * So many events to a value of bits: DuckDB copies a value for each 2,048 rows that it compares with it, so that one of
 * millions would cost more than all else. Fewer make more values to choose among.
 */
const PIECE_EVENTS = 8 * GROUP_EVENTS;

/** SQL: whether a row is one of the set. All of whose sequence is not from `first` on and before `end` are not. */
export function isOneOf(set: SequenceSet, first: Sequence, end: Sequence, bind: Bind): string {
  const pieces: string[] = [];
  const from = Math.floor(first / PIECE_EVENTS) * PIECE_EVENTS;
  for (let at = from; at < end; at += PIECE_EVENTS) pieces.push(pieceSql(set, at, bind));
  // What is not within is never looked up: there is no bit for it, at which DuckDB would give up.
  return `CASE WHEN sequence >= ${first} AND sequence < ${end} THEN ${choice(pieces, from)} ELSE FALSE END`;
}

function pieceSql(set: SequenceSet, first: Sequence, bind: Bind): string {
  const end = first + PIECE_EVENTS;
  const count = set.count(first, end);
  if (count === 0) return 'FALSE';
  if (count === PIECE_EVENTS) return 'TRUE';
  // Their first byte says how many bits of the second do not count.
  return `get_bit(${bind(new DuckDBBitValue(set.bits(first, end, 1)))}, (sequence - ${first})::INTEGER) = 1`;
}

/** Halves them until one is left. @param first where the first of them begins */
function choice(pieces: readonly string[], first: Sequence): string {
  if (pieces.length < 2) return pieces[0] ?? 'FALSE';
  const half = pieces.length >> 1;
  const [left, right] = [pieces.slice(0, half), pieces.slice(half)];
  const middle = first + half * PIECE_EVENTS;
  return `CASE WHEN sequence < ${middle} THEN ${choice(left, first)} ELSE ${choice(right, middle)} END`;
}

/** SQL: an aggregate, the bits of all rows' sequences, which must be from `first` on and before `end`; NULL of none. */
export function bitsSql(first: Sequence, end: Sequence): string {
  const { from, to } = aligned(first, end);
  return `bitstring_agg(sequence, ${from}, ${to - 1})::BLOB`;
}

/** What `bitsSql` gave, for the same events. */
export function setOfBits(bits: Uint8Array | null, first: Sequence, end: Sequence): SequenceSet {
  const { from, to } = aligned(first, end);
  const set = new SequenceSet();
  for (let at = from; bits !== null && at < to; at += GROUP_EVENTS) {
    const own = Uint8Array.from(bits.subarray((at - from) / 8, (at - from) / 8 + BITS_BYTES));
    set.put(at / GROUP_EVENTS, seen(own));
  }
  return set;
}

/** By whole groups. */
const aligned = (first: Sequence, end: Sequence) => ({
  from: Math.floor(first / GROUP_EVENTS) * GROUP_EVENTS,
  to: Math.ceil(end / GROUP_EVENTS) * GROUP_EVENTS,
});
