import { compileSearchFilter, foldCase, type SearchableEvent } from '../../event/search/index.ts';
import type { AtPlace } from './needs.ts';
import { isPartOfWord, splitWords } from './words.ts';

/** The frequent leaves of a group, as they are asked: by their numbers. */
export interface LeafTexts {
  /** Texts of paths (`LeafPaths`), as `values` are. */
  readonly paths: string;
  /** Of each leaf, which of them. */
  readonly pathOf: Uint16Array;
  /** Their JSON, each with a `SEPARATOR` before and behind it. Of some leaves it is nothing: these have any value that is rare. */
  readonly values: string;
  /** Of each leaf, the bytes of its value. */
  readonly lengths: Uint8Array;
}

export const SEPARATOR = '\n';

/** Leaves at some place. */
export interface Placed {
  /** Those of which it is true what is asked. */
  readonly found: readonly number[];
  /** Those with any value that is rare. */
  readonly rare: readonly RarePlace[];
}

export interface RarePlace {
  readonly leaf: number;
  /** From the place that is asked about, further on: none, if it is there. */
  readonly way: string;
}

export class StoredLeaves {
  readonly texts: LeafTexts;
  readonly #paths: Lines;
  readonly #values: Lines;
  #folded: { readonly paths: Lines; readonly values: Lines } | undefined;

  constructor(texts: LeafTexts) {
    this.texts = texts;
    this.#paths = { text: texts.paths, starts: startsOf(splitWords(texts.paths).map((path) => path.length)) };
    this.#values = { text: texts.values, starts: startsOf(texts.lengths) };
  }

  /** Those in whose value, or in one of whose names, a text stands, both with their quotes. @param text in lower case */
  containing(text: string): readonly number[] {
    return this.#where(text, () => true);
  }

  /** Those that have a word, or a part of one, that fits a pattern (`patternsOf`). */
  holding(pattern: string): readonly number[] {
    const [isStart, isEnd] = [pattern.startsWith(SEPARATOR), pattern.endsWith(SEPARATOR)];
    const word = pattern.slice(isStart ? 1 : 0, isEnd ? -1 : undefined);
    return this.#where(
      word,
      (text, at) => !(isStart && isOfWord(text, at - 1)) && !(isEnd && isOfWord(text, at + word.length)),
    );
  }

  #where(needle: string, fits: Fits): readonly number[] {
    this.#folded ??= { paths: inLowerCase(this.#paths), values: inLowerCase(this.#values) };
    const found = linesWith(this.#folded.values, needle, fits);
    const named = linesWith(this.#folded.paths, needle, fits);
    if (named.length === 0) return found;
    const { pathOf } = this.texts;
    const isNamed = new Uint8Array(this.#paths.starts.length);
    for (const path of named) isNamed[path] = 1;
    const all = new Set(found);
    for (let leaf = 0; leaf < pathOf.length; leaf++) if (isNamed[pathOf[leaf]!] === 1) all.add(leaf);
    return [...all];
  }

  /** Those at a place; and further on, where its JSON as a whole is asked about: each stands in that. */
  at({ place, condition }: AtPlace): Placed {
    const { pathOf } = this.texts;
    const isTrue = compileSearchFilter(condition);
    const within = condition.op === ':' ? foldCase(condition.value) : undefined;
    const isOfAll = within !== undefined || condition.op === 'exists';
    const ways = new Map<number, string>();
    for (const path of linesWith(this.#paths, place, (text, at) => text[at - 1] === SEPARATOR)) {
      const way = lineOf(this.#paths, path).slice(place.length);
      if (isOfAll || way === '') ways.set(path, way);
    }
    const [found, rare]: [number[], RarePlace[]] = [[], []];
    for (let leaf = 0; ways.size > 0 && leaf < pathOf.length; leaf++) {
      const way = ways.get(pathOf[leaf]!);
      if (way === undefined) continue;
      const value = lineOf(this.#values, leaf);
      // Whatever the value: of an object, its names are a part of its JSON.
      const isNamed = within !== undefined && foldCase(way).includes(within);
      if (value === '' && !isNamed) rare.push({ leaf, way });
      else if (value === '') found.push(leaf);
      else if (way === '' ? isTrue(eventOf(value)) : foldCase(way + SEPARATOR + value).includes(within ?? ''))
        found.push(leaf);
    }
    return { found, rare };
  }
}

/** Lines of a text, with a `SEPARATOR` before and behind each. */
interface Lines {
  readonly text: string;
  /** Where they begin, and where one more would. */
  readonly starts: Uint32Array;
}

const inLowerCase = ({ text, starts }: Lines): Lines => ({ text: text.toLowerCase(), starts });

function startsOf(lengths: ArrayLike<number>): Uint32Array {
  const starts = new Uint32Array(lengths.length + 1);
  starts[0] = SEPARATOR.length;
  for (let i = 0; i < lengths.length; i++) starts[i + 1] = starts[i]! + lengths[i]! + SEPARATOR.length;
  return starts;
}

const lineOf = ({ text, starts }: Lines, line: number): string =>
  text.slice(starts[line], starts[line + 1]! - SEPARATOR.length);

type Fits = (text: string, at: number) => boolean;

/** The lines in which a text stands somewhere where it fits. */
function linesWith({ text, starts }: Lines, needle: string, fits: Fits): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(needle); at >= 0; ) {
    const isFound = fits(text, at);
    const line = isFound ? lineAt(starts, at) : 0;
    if (isFound) found.push(line);
    at = text.indexOf(needle, isFound ? starts[line + 1] : at + 1);
  }
  return found;
}

/** The last line that begins before a place, or at it. */
function lineAt(starts: Uint32Array, at: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** An event whose one field `VALUE` is this. */
export function eventOf(json: string): SearchableEvent {
  const value = json.startsWith('"') ? json.slice(1, -1) : (JSON.parse(json) as unknown);
  return { record: { value }, fold: foldCase, jsonOf: JSON.stringify } as unknown as SearchableEvent;
}

const isOfWord = (text: string, at: number): boolean => isPartOfWord(text.charAt(at));
