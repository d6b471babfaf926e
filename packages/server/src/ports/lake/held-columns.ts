import { bytesOfColumn, bytesOfTimes, type Column, type GroupColumns, type Times } from './coded-columns.ts';
import { CODED_FIELDS, codedField } from './coded-fields.ts';
import type { StoredGroup } from './gram-file.ts';
import { ValueIds } from './value-ids.ts';
import { ALL } from './word-bits.ts';

/** Of ten million events the times and ten fields: those that the console counts, and two that are filtered by. */
const BYTES_MAX = 192 << 20;
/** Numbers of values, of all fields: texts take some 100 bytes each. With more they are given anew. */
const VALUES_MAX = 1_000_000;

/** What is shown when somebody comes to look, and only as long as there is room for more. */
const WARM_FIELDS = [
  ...['eventName', 'eventSource', 'awsRegion', 'accountId', 'userName'],
  ...['sourceIPAddress', 'errorCode', 'readOnly', 'resourceType'],
].map(codedField);
const WARM_SHARE = 0.9;

type Block = Column | Times;

/** Columns of groups, as many as there is memory for: of the newest groups. The values of a field have the same numbers in all. */
export class HeldColumns {
  readonly #bytesMax: number;
  readonly #groups = new Map<number, Map<number, { readonly block: Block; readonly bytes: number }>>();
  readonly #warmed = new Set<number>();
  #values: readonly ValueIds[] = newValues();
  #bytes = 0;

  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  valuesOf(field: number): ValueIds {
    return this.#values[field]!;
  }

  of(number: number, group: StoredGroup): GroupColumns {
    return {
      known: ALL,
      times: () => this.#held(number, TIMES, () => group.times(), bytesOfTimes),
      column: (field) => this.#held(number, field, () => group.column(field, this.valuesOf(field)), bytesOfColumn),
    };
  }

  /** Reads what most questions look at, once, if there is room for it. @returns whether it was read */
  warm(number: number, group: StoredGroup): boolean {
    if (this.#warmed.has(number) || this.#bytes > this.#bytesMax * WARM_SHARE) return false;
    this.#warmed.add(number);
    const columns = this.of(number, group);
    if (columns.times()) for (const field of WARM_FIELDS) columns.column(field);
    return true;
  }

  drop(number: number): void {
    for (const { bytes } of this.#groups.get(number)?.values() ?? []) this.#bytes -= bytes;
    this.#groups.delete(number);
  }

  #held<B extends Block>(
    number: number,
    which: number,
    read: () => B | undefined,
    bytesOf: (block: B) => number,
  ): B | undefined {
    const known = this.#groups.get(number)?.get(which);
    if (known) return known.block as B;
    this.#begin();
    const block = read();
    if (!block) return undefined;
    const bytes = bytesOf(block);
    const group = this.#groups.get(number) ?? new Map();
    this.#groups.set(number, group.set(which, { block, bytes }));
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax) this.drop(Math.min(...this.#groups.keys()));
    return block;
  }

  /** Who still counts by the numbers that were has them with his columns. */
  #begin(): void {
    if (this.#values.reduce((sum, { size }) => sum + size, 0) <= VALUES_MAX) return;
    this.#values = newValues();
    this.#groups.clear();
    this.#bytes = 0;
  }
}

/** Among the fields. */
const TIMES = -1;

const newValues = () => CODED_FIELDS.map(({ isList }) => new ValueIds(isList));
