import type { Shape } from '../types.ts';

export interface Namer {
  readonly shapes: Record<string, Shape>;
  /** Adds a shape under its own name, once; `make` may come back to it. */
  define(name: string, make: () => Shape): string;
  /** Adds a shape that has no name; equal ones are one. */
  intern(shape: Shape): string;
}

/** Gathers a schema's shapes. Those without a name get one that no model can have. */
export function createNamer(): Namer {
  const shapes: Record<string, Shape> = Object.create(null);
  const interned = new Map<string, string>();
  const begun = new Set<string>();
  return {
    shapes,
    define(name, make) {
      if (!begun.has(name)) {
        begun.add(name);
        shapes[name] = make();
      }
      return name;
    },
    intern(shape) {
      const key = JSON.stringify(shape);
      let name = interned.get(key);
      if (name === undefined) {
        name = `#${interned.size}`;
        interned.set(key, name);
        shapes[name] = shape;
      }
      return name;
    },
  };
}

/** @throws Error when a model lacks what it cannot do without */
export function text(value: unknown, place: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`${place} is missing`);
}
