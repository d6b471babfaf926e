import { compileSearchFilter, foldCase } from '../../event/search/index.ts';
import type { AtPlace } from './needs.ts';
import type { ListedValues } from './rare-file.ts';
import { eventOf, type RarePlace, SEPARATOR } from './stored-leaves.ts';
import { type EventBits, newBits, or } from './word-bits.ts';
import { matching, splitWords } from './words.ts';

/** What is known of a group's rare values. */
export interface KnownRare {
  /** Those with one of these leaves. */
  withLeaves(leaves: readonly number[]): EventBits;
  isListed(leaf: number): boolean;
  /** The values of some leaves that are listed. */
  listed(leaves: readonly number[]): Iterable<ListedValues>;
}

/**
 * The events that have a rare value at some places of which it is true what is asked, and those of which that cannot be told by what
 * is listed. To read the values of all within an object is of use when none else are there.
 */
export function boundsOfRare(
  condition: AtPlace['condition'],
  rare: readonly RarePlace[],
  known: KnownRare,
): { readonly is: EventBits; readonly untold: EventBits } {
  const listed = new Map(rare.filter(({ leaf }) => known.isListed(leaf)).map(({ leaf, way }) => [leaf, way]));
  if (listed.size < rare.length && rare.some(({ way }) => way !== '')) listed.clear();
  const others = rare.filter(({ leaf }) => !listed.has(leaf)).map(({ leaf }) => leaf);
  const fitting = valuesThatFit(condition);
  const [is, untold] = [newBits(), newBits()];
  for (const values of known.listed([...listed.keys()])) {
    values.addTo(is, fitting(listed.get(values.leaf)!, values.texts));
    if (values.texts.startsWith(UNTOLD)) values.addTo(untold, [0]);
  }
  return { is, untold: others.length === 0 ? untold : or(untold, known.withLeaves(others)) };
}

/** An empty text, the first one. */
const UNTOLD = SEPARATOR + SEPARATOR;

/** Operators whose value, but for case, stands in what they find. */
const PARTS: ReadonlySet<string> = new Set(['=', ':', '^']);

/** @returns which of some values it is true of, of a place, or of what stands at its end of a way from there */
function valuesThatFit(condition: AtPlace['condition']): (way: string, texts: string) => readonly number[] {
  const isTrue = compileSearchFilter(condition);
  const part = 'value' in condition && PARTS.has(condition.op) ? foldCase(condition.value) : undefined;
  // What has a line break stands in none: JSON spells that in other ways.
  if (part?.includes(SEPARATOR)) return () => [];
  return (way, texts) => {
    const holding = part === undefined ? undefined : matching(texts.toLowerCase(), part);
    // Of what is further on it is only asked whether it is a part of that.
    if (holding && (way !== '' || holding.length === 0)) return holding;
    const values = splitWords(texts);
    const numbers = holding ?? values.keys();
    return [...numbers].filter((number) => values[number] !== '' && isTrue(eventOf(values[number]!)));
  };
}
