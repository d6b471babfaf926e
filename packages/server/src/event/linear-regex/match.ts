import { PatternError } from '../pattern-error.ts';
import { CHAR_CLASSES, type CharSet, OTHER_CHARS, type RegexNode } from './parse.ts';

/**
 * A regular expression as a search in any text, in time linear in the text whatever the expression: the set of places
 * where the expression can be is carried along, character by character (Thompson 1968), and sets that were met are
 * kept with where they lead, so that most characters cost one look-up.
 */
export type RegexTest = (text: string) => boolean;

/** Bounds the work a character can cost. `\d{1,3}\.` four times over takes 28. */
const STATES_MAX = 256;
/** What a hostile text can make of sets is thrown away past this: 129 places each. */
const SETS_MAX = 128;

/** A place in the expression: consumes a character, or leads on without one. */
type Place =
  | { readonly kind: 'chars'; readonly set: CharSet; readonly to: number }
  | { readonly kind: 'start' | 'end'; readonly to: number }
  | { readonly kind: 'fork'; to: readonly number[] }
  | { readonly kind: 'found' };

interface PlaceSet {
  readonly places: readonly number[];
  readonly found: boolean;
  readonly foundAtEnd: boolean;
  readonly next: (PlaceSet | undefined)[];
}

/** @throws PatternError when the expression is too large */
export function compileRegex(node: RegexNode, position = 0): RegexTest {
  const places = placesOf(node, position);
  const entry = places.length - 1;
  let sets = new Map<string, PlaceSet>();
  let start: PlaceSet | undefined;

  function setOf(from: readonly number[], atStart: boolean): PlaceSet {
    const open = closure(places, from, atStart, false);
    const key = `${atStart} ${open.join()}`;
    const known = sets.get(key);
    if (known) return known;
    const isFound = (list: readonly number[]) => list.some((p) => places[p]!.kind === 'found');
    const made: PlaceSet = {
      places: open.filter((p) => places[p]!.kind === 'chars'),
      found: isFound(open),
      foundAtEnd: isFound(closure(places, from, atStart, true)),
      next: new Array(CHAR_CLASSES).fill(undefined),
    };
    if (sets.size >= SETS_MAX) {
      sets = new Map();
      start = undefined;
    }
    sets.set(key, made);
    return made;
  }

  function step(set: PlaceSet, char: number): PlaceSet {
    const to = [entry]; // a search: it may begin anew at each character
    for (const p of set.places) {
      const place = places[p]!;
      if (place.kind === 'chars' && place.set[char] === 1) to.push(place.to);
    }
    const next = setOf(to, false);
    set.next[char] = next;
    return next;
  }

  return (text) => {
    start ??= setOf([entry], true);
    let set = start;
    for (let i = 0; i < text.length; i++) {
      if (set.found) return true;
      const code = text.charCodeAt(i);
      const char = Math.min(code, OTHER_CHARS);
      set = set.next[char] ?? step(set, char);
    }
    return set.found || set.foundAtEnd;
  };
}

/** The expression as places, built from its end; the last one is the entry. */
function placesOf(node: RegexNode, position: number): readonly Place[] {
  const places: Place[] = [{ kind: 'found' }];
  const add = (place: Place): number => {
    if (places.length >= STATES_MAX) {
      throw new PatternError(`Regular expression at position ${position} is too large`, position);
    }
    return places.push(place) - 1;
  };
  const build = (part: RegexNode, to: number): number => {
    switch (part.kind) {
      case 'chars':
        return add({ kind: 'chars', set: part.set, to });
      case 'start':
      case 'end':
        return add({ kind: part.kind, to });
      case 'sequence':
        return part.parts.reduceRight((next, one) => build(one, next), to);
      case 'choice':
        return add({ kind: 'fork', to: part.parts.map((one) => build(one, to)) });
      case 'repeat':
        return repeat(part.part, part.min, part.max, to);
    }
  };
  const repeat = (part: RegexNode, min: number, max: number, to: number): number => {
    let entry = to;
    if (max === Number.POSITIVE_INFINITY) {
      const loop: Place = { kind: 'fork', to: [] };
      entry = add(loop);
      loop.to = [build(part, entry), to];
    } else {
      for (let i = min; i < max; i++) entry = add({ kind: 'fork', to: [build(part, entry), to] });
    }
    for (let i = 0; i < min; i++) entry = build(part, entry);
    return entry;
  };
  const entry = build(node, 0);
  add({ kind: 'fork', to: [entry] });
  return places;
}

/** Everywhere that can be reached without a character, in order. */
function closure(places: readonly Place[], from: readonly number[], atStart: boolean, atEnd: boolean): number[] {
  const seen = new Uint8Array(places.length);
  const stack = [...from];
  const reached: number[] = [];
  while (stack.length > 0) {
    const p = stack.pop()!;
    if (seen[p] === 1) continue;
    seen[p] = 1;
    reached.push(p);
    const place = places[p]!;
    if (place.kind === 'fork') stack.push(...place.to);
    else if ((place.kind === 'start' && atStart) || (place.kind === 'end' && atEnd)) stack.push(place.to);
  }
  return reached.sort((a, b) => a - b);
}
