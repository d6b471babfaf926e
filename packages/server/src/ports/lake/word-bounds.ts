import { PLAIN, partsOf, rowsOf, WHOLE } from './grams.ts';
import type { Need } from './needs.ts';
import { ALL, and, type ChunkBits, type EventBits, isEmpty, NONE, ofChunks, or, without } from './word-bits.ts';
import { patternsOf } from './words.ts';

/** Of a group's events, those of which something is true for sure, and those of which it may be: these among them. */
export interface Bounds {
  readonly sure: EventBits;
  readonly may: EventBits;
}

/** What is known of a group's events. */
export interface Known {
  /** Those with a word of the dictionary in which a pattern stands. */
  withWords(pattern: string): EventBits;
  /** The chunks that have a gram in some other word. */
  withGram(row: number): ChunkBits;
  /** Those of which the words are not only those that they are spelt with, but also those that are meant. */
  readonly odd: EventBits;
}

export const UNKNOWN: Bounds = { sure: NONE, may: ALL };

/** Of which events a need is met. */
export function boundsOf(need: Need, known: Known): Bounds {
  if ('any' in need) return need.any.map((part) => boundsOf(part, known)).reduce(either, { sure: NONE, may: NONE });
  if ('all' in need) return allOf(need.all, known);
  if ('not' in need) {
    const { sure, may } = boundsOf(need.not, known);
    return { sure: without(ALL, may), may: without(ALL, sure) };
  }
  return boundsOfPieces(need, known);
}

function allOf(parts: readonly Need[], known: Known): Bounds {
  let found: Bounds = { sure: ALL, may: ALL };
  for (const part of parts) {
    const { sure, may } = boundsOf(part, known);
    found = { sure: and(found.sure, sure), may: and(found.may, may) };
    if (isEmpty(found.may)) break;
  }
  return found;
}

const either = (a: Bounds, b: Bounds): Bounds => ({ sure: or(a.sure, b.sure), may: or(a.may, b.may) });

function boundsOfPieces({ pieces, isAll }: Extract<Need, { pieces: unknown }>, known: Known): Bounds {
  const patterns = pieces.flatMap(patternsOf);
  const isWithinWord = isAll === true && patterns.length === 1 && patterns[0] === pieces[0];
  if (isWithinWord)
    return { sure: without(known.withWords(pieces[0]!), known.odd), may: holding(pieces[0]!, WHOLE, known) };
  let may = ALL;
  // What is rare mostly stands last: in a value, behind its name, and at its end. So little is read to find nothing.
  for (const pattern of patterns.reverse()) {
    may = and(may, holding(pattern, WHOLE, known));
    if (isEmpty(may)) break;
  }
  return { sure: NONE, may };
}

/** The events with a word, or a part of one, of this level in which the pattern stands, if not some that have none. */
function holding(pattern: string, level: number, known: Known): EventBits {
  const parts = level < PLAIN ? partsOf(pattern, level) : [];
  if (parts.length === 1) return holding(pattern, level + 1, known);
  const rows = rowsOf(pattern, level);
  let unknown = rows.length > 0 ? ofChunks(chunksWith(rows, known)) : ALL;
  for (const part of parts) if (!isEmpty(unknown)) unknown = and(unknown, holding(part, level + 1, known));
  // Nothing is known of what is too short for a gram, so it does not matter what has it in the dictionary.
  return unknown === ALL ? ALL : or(known.withWords(pattern), unknown);
}

function chunksWith(rows: readonly number[], known: Known): ChunkBits {
  let found: ChunkBits | undefined;
  for (const row of [...rows].reverse()) {
    const chunks = known.withGram(row);
    found = found ? found.map((word, i) => word & chunks[i]!) : chunks;
    if (isEmpty(found)) break;
  }
  return found!;
}
