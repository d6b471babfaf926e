import { TopValues } from './top-values.ts';

/** What of a call an Insight may be put down to (spec: insights §3), in the order of its lists. */
export const ATTRIBUTES = ['userIdentityArn', 'userAgent', 'errorCode'] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

/** Absent: the record does not say. */
export type CallValues = Readonly<Partial<Record<Attribute, string>>>;

/** As stored. */
export type StoredValues = readonly (readonly (readonly [string, number])[])[];

/** Who made the calls of a stretch of time, with what, and how they ended. */
export class Attributions {
  readonly #values: readonly TopValues[];

  constructor(stored: StoredValues = []) {
    this.#values = ATTRIBUTES.map((_, i) => new TopValues(stored[i]));
  }

  add(values: CallValues): void {
    for (const [i, attribute] of ATTRIBUTES.entries()) {
      const value = values[attribute];
      if (value !== undefined) this.#values[i]!.add(value);
    }
  }

  addAll(other: Attributions): void {
    for (const [i, values] of this.#values.entries()) values.addAll(other.#values[i]!);
  }

  scale(factor: number): void {
    for (const values of this.#values) values.scale(factor);
  }

  of(attribute: Attribute): TopValues {
    return this.#values[ATTRIBUTES.indexOf(attribute)]!;
  }

  copy(): Attributions {
    return new Attributions(this.toJSON());
  }

  toJSON(): StoredValues {
    return this.#values.map((values) => values.toJSON());
  }
}
