import { type Condition, compileOnValues, foldCase, type ValuesTest } from '../../event/search/index.ts';
import { LIST_MARK, LIST_MARK_STANDS_FOR } from './columns.ts';

export type ValueCondition = Exclude<Condition, { readonly text: string }>;

/** Of so many conditions it is remembered which values they are true of. */
const CONDITIONS_MAX = 16;
const [UNTESTED, FALSE, TRUE] = [0, 1, 2];

/** The values of a field as numbers, of each the same wherever it comes again. 0 is no value. */
export class ValueIds {
  readonly #ids = new Map<string, number>([['', 0]]);
  readonly #texts = [''];
  readonly #isList: boolean;
  /** By condition, of each value: the least recently used first. */
  readonly #tested = new Map<string, { readonly test: ValuesTest; verdicts: Uint8Array }>();

  /** @param isList whether an event may have several: their text is that of all of them then, as columns have it */
  constructor(isList: boolean) {
    this.#isList = isList;
  }

  get size(): number {
    return this.#texts.length;
  }

  idOf(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#ids.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  /** What an event has. */
  valuesOf(id: number): readonly string[] {
    const text = this.#texts[id]!;
    if (!this.#isList) return text === '' ? [] : [text];
    return text.split(LIST_MARK).filter((value) => value !== '');
  }

  /** Says of some values, one by one, whether a condition is true of an event that has them. */
  testOf(condition: ValueCondition): (id: number) => boolean {
    const key = JSON.stringify(condition);
    const known = this.#tested.get(key) ?? this.#newTest(condition);
    this.#tested.delete(key);
    this.#tested.set(key, known);
    if (this.#tested.size > CONDITIONS_MAX) this.#tested.delete(this.#tested.keys().next().value!);
    return (id) => {
      if (id >= known.verdicts.length) known.verdicts = grown(known.verdicts, this.size);
      if (known.verdicts[id] === UNTESTED) known.verdicts[id] = known.test(this.valuesOf(id), FOLDING) ? TRUE : FALSE;
      return known.verdicts[id] === TRUE;
    };
  }

  #newTest(condition: ValueCondition) {
    const test = compileOnValues(this.#isList ? asMarked(condition) : condition);
    return { test, verdicts: new Uint8Array(this.size) };
  }
}

/** About values that stand between marks. */
function asMarked(condition: ValueCondition): ValueCondition {
  const marked = (value: string) => value.replaceAll(LIST_MARK, LIST_MARK_STANDS_FOR);
  if (condition.op === 'in') return { ...condition, values: condition.values.map(marked) };
  return condition.op === 'exists' ? condition : { ...condition, value: marked(condition.value) };
}

const FOLDING = { fold: foldCase };

function grown(verdicts: Uint8Array, size: number): Uint8Array {
  const more = new Uint8Array(size);
  more.set(verdicts);
  return more;
}
