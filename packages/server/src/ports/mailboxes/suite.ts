import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Mailboxes } from '../mailboxes.ts';

/** Where a suite's mailboxes live: opened again, they hold what was there before (unless they forget). */
export interface MailboxPlace {
  open(): Promise<Mailboxes>;
  remove(): Promise<void>;
}

export const text = (value: string) => Buffer.from(value);

/** All that is in a box: id, what is known, body. */
export async function contents(mailboxes: Mailboxes, box: string): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (const { id, meta, bodyBytes } of mailboxes.entries(box)) {
    const body = await mailboxes.body(box, id);
    expect(body?.length).toBe(bodyBytes);
    found.push([id, meta, body!.toString()]);
  }
  return found;
}

/** What all mailboxes do (the contract in `ports/mailboxes.ts`). @param makePlace gives an empty place */
export function mailboxSuite(
  name: string,
  makePlace: () => MailboxPlace,
  options: { readonly forgets: boolean; readonly runs?: number },
): void {
  describe(`${name}: what all mailboxes do`, () => {
    let place: MailboxPlace;
    let mailboxes: Mailboxes;
    beforeEach(async () => {
      place = makePlace();
      mailboxes = await place.open();
    });
    afterEach(async () => {
      await mailboxes.close();
      await place.remove();
    });
    const ids = (box: string, after?: number) => [...mailboxes.entries(box, after)].map(({ id }) => id);

    it('are empty at first', async () => {
      expect(ids('a')).toEqual([]);
      expect(mailboxes.size('a')).toEqual({ count: 0, bytes: 0 });
      expect(mailboxes.entry('a', 1)).toBeUndefined();
      expect(await mailboxes.body('a', 1)).toBeUndefined();
      expect(mailboxes.boxes('')).toEqual([]);
      await mailboxes.update('a', [{ id: 1, meta: {} }]);
      await mailboxes.remove('a', [1]);
      await mailboxes.drop('a');
      expect(await mailboxes.put([])).toEqual([]);
    });

    it('keep messages in order, box by box', async () => {
      const put = await mailboxes.put([
        { box: 'a', body: text('one'), meta: { n: 1 } },
        { box: 'b', body: text('') },
        { box: 'a', body: text('zwei ü') },
      ]);
      const [third] = await mailboxes.put([{ box: 'a', body: text('three') }]);
      expect(await contents(mailboxes, 'a')).toEqual([
        [put[0], { n: 1 }, 'one'],
        [put[2], {}, 'zwei ü'],
        [third, {}, 'three'],
      ]);
      expect(await contents(mailboxes, 'b')).toEqual([[put[1], {}, '']]);
      expect(ids('a', put[0])).toEqual([put[2], third]);
      expect(ids('a', third)).toEqual([]);
      expect(mailboxes.size('a')).toEqual({ count: 3, bytes: 3 + 7 + 5 });
      expect(mailboxes.boxes('')).toEqual(['a', 'b']);
      expect(mailboxes.boxes('b')).toEqual(['b']);
      expect(mailboxes.entry('a', put[1]!)).toBeUndefined();
    });

    it('number the messages of one put without a gap, whatever else comes at once', async () => {
      const both = await Promise.all(
        ['a', 'b', 'c'].map((box) =>
          mailboxes.put([box, `${box}/more`, box].map((path) => ({ box: path, body: text(path) }))),
        ),
      );
      for (const [first, second, third] of both) expect([second, third]).toEqual([first! + 1, first! + 2]);
    });

    it('change, remove and drop', async () => {
      const [one, two, three] = await mailboxes.put(['1', '2', '3'].map((body) => ({ box: 'a', body: text(body) })));
      await mailboxes.update('a', [
        { id: two!, meta: { seen: true } },
        { id: 999, meta: {} },
      ]);
      await mailboxes.remove('a', [one!, one!, 999]);
      expect(await contents(mailboxes, 'a')).toEqual([
        [two, { seen: true }, '2'],
        [three, {}, '3'],
      ]);
      await mailboxes.drop('a');
      expect(ids('a')).toEqual([]);
      expect(mailboxes.size('a')).toEqual({ count: 0, bytes: 0 });
      expect(mailboxes.boxes('')).toEqual([]);
      const [next] = await mailboxes.put([{ box: 'a', body: text('4') }]);
      expect(next).toBeGreaterThan(three!);
    });

    it('take one message away as another comes', async () => {
      const [one, two] = await mailboxes.put(['1', '2'].map((body) => ({ box: 'a', body: text(body) })));
      const [moved] = await mailboxes.put([{ box: 'b', body: text('1') }], { box: 'a', ids: [one!] });
      expect(ids('a')).toEqual([two]);
      expect(ids('b')).toEqual([moved]);
      await mailboxes.put([], { box: 'a', ids: [two!] });
      expect(mailboxes.boxes('')).toEqual(['b']);
    });

    it('may be changed while they are read', async () => {
      await mailboxes.put(Array.from({ length: 2000 }, () => ({ box: 'a', body: text('x') })));
      const seen: number[] = [];
      for (const { id } of mailboxes.entries('a')) {
        seen.push(id);
        if (seen.length === 1) await mailboxes.remove('a', [id + 1, id + 1000]);
        if (seen.length === 2) await mailboxes.put([{ box: 'a', body: text('new') }]);
      }
      expect(seen.length).toBe(1999);
      expect(seen).toEqual(ids('a'));
    });

    it('give what was kept to callers who change what they gave', async () => {
      const body = text('before');
      const put = mailboxes.put([{ box: 'a', body }]);
      const [id] = await put;
      body.fill(0);
      expect(String(await mailboxes.body('a', id!))).toBe('before');
    });

    const action = fc.oneof(
      fc.record({
        kind: fc.constant('put' as const),
        count: fc.integer({ min: 1, max: 700 }),
        box: fc.constantFrom('x', 'y'),
      }),
      fc.record({
        kind: fc.constant('remove' as const),
        at: fc.nat(),
        count: fc.integer({ min: 1, max: 600 }),
        box: fc.constantFrom('x', 'y'),
      }),
      fc.record({
        kind: fc.constant('update' as const),
        at: fc.nat(),
        count: fc.integer({ min: 1, max: 50 }),
        box: fc.constantFrom('x', 'y'),
      }),
      fc.record({ kind: fc.constant('drop' as const), box: fc.constantFrom('x', 'y') }),
      fc.record({ kind: fc.constant('open' as const), box: fc.constant('x') }),
    );

    it('do what a list would do, whatever comes', async () => {
      let round = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
          round++;
          const model = new Map<string, Map<number, readonly [unknown, string]>>();
          const boxOf = (box: string) => `${round}/${box}`;
          const of = (box: string) => model.get(box) ?? model.set(box, new Map()).get(box)!;
          for (const { box: name, ...step } of actions) {
            const box = boxOf(name);
            const known = [...of(box).keys()];
            if (step.kind === 'put') {
              const bodies = Array.from({ length: step.count }, (_, i) =>
                `${box} ${known.length + i}`.repeat(1 + (i % 7)),
              );
              const made = await mailboxes.put(bodies.map((body) => ({ box, body: text(body), meta: { n: 0 } })));
              for (const [i, id] of made.entries()) of(box).set(id, [{ n: 0 }, bodies[i]!]);
            } else if (step.kind === 'drop') {
              await mailboxes.drop(box);
              of(box).clear();
            } else if (step.kind === 'open') {
              if (options.forgets) continue;
              await mailboxes.close();
              mailboxes = await place.open();
            } else {
              const from = known.length === 0 ? 0 : step.at % known.length;
              const some = known.slice(from, from + step.count);
              if (step.kind === 'remove') {
                await mailboxes.remove(box, some);
                for (const id of some) of(box).delete(id);
              } else {
                await mailboxes.update(
                  box,
                  some.map((id) => ({ id, meta: { n: step.at } })),
                );
                for (const id of some) of(box).set(id, [{ n: step.at }, of(box).get(id)![1]]);
              }
            }
          }
          for (const [box, messages] of model) {
            expect(await contents(mailboxes, box)).toEqual([...messages].map(([id, [meta, body]]) => [id, meta, body]));
            expect(mailboxes.size(box).count).toBe(messages.size);
          }
        }),
        { numRuns: options.runs ?? 30 },
      );
    });
  });
}
