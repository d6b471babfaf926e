import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bag, type Bagged } from './bag.ts';

test('is a set, whatever comes and goes', () => {
  const steps = fc.array(fc.record({ thing: fc.nat(9), adds: fc.boolean() }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (all) => {
      const things: Bagged[] = Array.from({ length: 10 }, () => ({ bagPlace: -1 }));
      const bag = new Bag<Bagged>();
      const model = new Set<Bagged>();
      for (const { thing: i, adds } of all) {
        const thing = things[i]!;
        if (!adds) {
          bag.delete(thing);
          model.delete(thing);
        } else if (!model.has(thing)) {
          bag.add(thing);
          model.add(thing);
        }
        expect(bag.size).toBe(model.size);
        expect(new Set(bag)).toEqual(model);
      }
    }),
  );
});

test('may change while it is gone through', () => {
  const bag = new Bag<Bagged>();
  const things = [{ bagPlace: -1 }, { bagPlace: -1 }, { bagPlace: -1 }];
  for (const thing of things) bag.add(thing);
  let seen = 0;
  for (const thing of bag) {
    seen++;
    bag.delete(thing);
  }
  expect([seen, bag.size]).toEqual([3, 0]);
});
