import { compileOnTime } from '../../event/search/index.ts';
import type { GroupColumns } from './coded-columns.ts';
import { PLAIN, partsOf, rowsOf, WHOLE } from './grams.ts';
import { keyOf } from './hash-log.ts';
import { hashOf, hashOfPath, UNIQUE } from './leaf-paths.ts';
import { type AtPlace, type Coded, isOfColumns, isWithinToken, type Need, type Pieces, type Timed } from './needs.ts';
import { boundsOfRare, type KnownRare } from './rare-bounds.ts';
import type { StoredLeaves } from './stored-leaves.ts';
import {
  ALL,
  and,
  type ChunkBits,
  type EventBits,
  isEmpty,
  NONE,
  ofChunks,
  or,
  where,
  withCodes,
  without,
} from './word-bits.ts';
import { isPartOfWord, patternsOf } from './words.ts';

/** Of a group's events, those of which something is true for sure, and those of which it may be: these among them. */
export interface Bounds {
  readonly sure: EventBits;
  readonly may: EventBits;
}

/** What is known of a group's events. */
export interface Known extends KnownRare {
  readonly columns: GroupColumns;
  readonly leaves: StoredLeaves;
  /** Those that may have a leaf that is rare, and neither listed nor spelt in other ways, by its key (`keyOf`). */
  withKey(key: number): EventBits;
  /** Those with a word of the dictionary in which a pattern stands, beside their frequent leaves. */
  withWords(pattern: string): EventBits;
  /** The chunks that have a gram in some other word. */
  withGram(row: number): ChunkBits;
  /** Those of which the words are not only those that they are spelt with, but also those that are meant. */
  readonly odd: EventBits;
  /** Those of which some values may stand in words alone, and not also as a leaf of any rare value. */
  readonly unplaced: EventBits;
}

export const UNKNOWN: Bounds = { sure: NONE, may: ALL };

/** Of which events a need is met. */
export function boundsOf(need: Need, known: Known): Bounds {
  return combined(need, (part) => {
    if (isOfColumns(part)) return boundsInColumns(part, known.columns);
    return 'place' in part ? boundsAtPlace(part, known) : boundsOfPieces(part, known);
  });
}

/** The same of a need that columns are enough for (`isAllOfColumns`). */
export function boundsByColumns(need: Need, columns: GroupColumns): Bounds {
  return combined(need, (part) => (isOfColumns(part) ? boundsInColumns(part, columns) : UNKNOWN));
}

type Part = Exclude<Need, { readonly any: unknown } | { readonly all: unknown } | { readonly not: unknown }>;

function combined(need: Need, boundsOf: (part: Part) => Bounds): Bounds {
  if ('any' in need) return need.any.map((part) => combined(part, boundsOf)).reduce(either, { sure: NONE, may: NONE });
  if ('all' in need) return allOf(need.all, boundsOf);
  if (!('not' in need)) return boundsOf(need);
  const { sure, may } = combined(need.not, boundsOf);
  return { sure: without(ALL, may), may: without(ALL, sure) };
}

function allOf(parts: readonly Need[], boundsOf: (part: Part) => Bounds): Bounds {
  let found: Bounds = { sure: ALL, may: ALL };
  for (const part of parts) {
    const { sure, may } = combined(part, boundsOf);
    found = { sure: and(found.sure, sure), may: and(found.may, may) };
    if (isEmpty(found.may)) break;
  }
  return found;
}

const either = (a: Bounds, b: Bounds): Bounds => ({ sure: or(a.sure, b.sure), may: or(a.may, b.may) });

/** Columns are exact. */
function boundsInColumns(need: Coded | Timed, columns: GroupColumns): Bounds {
  const found = 'time' in need ? atTimes(columns, compileOnTime(need.time)) : withValues(columns, need);
  return found ? { sure: and(found, columns.known), may: or(found, without(ALL, columns.known)) } : UNKNOWN;
}

/** Of those that the columns know. @returns undefined when they are damaged */
function atTimes(columns: GroupColumns, isTrue: (ms: number) => boolean): EventBits | undefined {
  const times = columns.times();
  if (!times) return undefined;
  const { base, unit, deltas } = times;
  return where((event) => isTrue(base + unit * deltas[event]!));
}

/** Of those that the columns know. @returns undefined when they know nothing of this field, or are damaged */
export function withValues(columns: GroupColumns, { coded, condition }: Coded): EventBits | undefined {
  const column = columns.column(coded);
  if (!column) return undefined;
  const { codes, ids, values } = column;
  const test = values.testOf(condition);
  const isTrue = Uint8Array.from(ids, (id) => (test(id) ? 1 : 0));
  return withCodes(codes, isTrue);
}

/** A value is a frequent leaf, or a listed one, or else its words are kept, and that there is a rare one at its place. */
function boundsAtPlace(need: AtPlace, known: Known): Bounds {
  const { found, rare } = known.leaves.at(need);
  const named = isEmpty(known.unplaced) ? NONE : and(known.unplaced, inWords(need.names, known));
  if (need.condition.op === 'exists') {
    const is = known.withLeaves([...found, ...rare.map(({ leaf }) => leaf)]);
    return { sure: need.isWhole ? is : NONE, may: or(is, named) };
  }
  const { is: isRare, untold } = boundsOfRare(need.condition, rare, known);
  const is = or(known.withLeaves(found), isRare);
  const among = asWhole(need, or(untold, named), known);
  const may = isEmpty(among) ? NONE : and(among, inWords(need.value, known));
  return { sure: need.isWhole ? is : NONE, may: or(is, may) };
}

/** Those of some events that may have a value as a whole: it is known of each rare one, unless it is written in other ways. */
function asWhole({ place, condition }: AtPlace, among: EventBits, known: Known): EventBits {
  if (isEmpty(among) || UNIQUE.includes(place) || (condition.op !== '=' && condition.op !== 'in')) return among;
  const values = condition.op === 'in' ? condition.values : [condition.value];
  if (!values.every((value) => IN_ONE_WAY.test(value))) return among;
  const path = hashOfPath(place);
  const whole = values.map((value) => known.withKey(keyOf(path, hashOf(Buffer.from(`"${value}"`)))));
  return and(among, [known.odd, known.unplaced, ...whole].reduce(or));
}

/** No number nor constant, and nothing that JSON escapes. */
const IN_ONE_WAY = /^(?!-?\d|(true|false)$)[ !#-[\]-\u007e]+$/;

/** The events that may hold pieces in words, beside their frequent leaves. */
function inWords(need: Need, known: Known): EventBits {
  if ('any' in need) return need.any.map((part) => inWords(part, known)).reduce(or, NONE);
  return 'pieces' in need ? allHold(need.pieces.flatMap(patternsOf), (pattern) => holding(pattern, WHOLE, known)) : ALL;
}

function boundsOfPieces({ pieces, isAll }: Pieces, known: Known): Bounds {
  if (isAll === true && pieces.length === 1) return boundsOfPiece(pieces[0]!, known);
  return { sure: NONE, may: allHold(pieces, (piece) => boundsOfPiece(piece, known).may) };
}

function boundsOfPiece(piece: string, known: Known): Bounds {
  const patterns = patternsOf(piece);
  const inWords = (pattern: string) => holding(pattern, WHOLE, known);
  if (!isWithinToken(piece)) {
    const may = (pattern: string) => or(inWords(pattern), known.withLeaves(known.leaves.holding(pattern)));
    return { sure: NONE, may: allHold(patterns, may) };
  }
  const inLeaves = known.withLeaves(known.leaves.containing(piece));
  const sure = isPartOfWord(piece) ? or(inLeaves, without(known.withWords(piece), known.odd)) : inLeaves;
  return { sure, may: or(inLeaves, allHold(patterns, inWords)) };
}

/** The events that may hold all. What is rare mostly stands last: in a value, behind its name, and at its end. */
function allHold(parts: readonly string[], holding: (part: string) => EventBits): EventBits {
  let may = ALL;
  for (const part of [...parts].reverse()) {
    may = and(may, holding(part));
    if (isEmpty(may)) break;
  }
  return may;
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
