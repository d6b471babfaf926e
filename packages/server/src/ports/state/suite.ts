import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type State, type StateChange, StateConflict } from '../state.ts';

/** What every State driver must do: run by each driver's own test with a way to open (and, if it can, reopen) one. */
export interface StateHarness {
  open(): Promise<State>;
  /** Closes the state and opens what it left behind; absent for drivers that keep nothing. */
  reopen?(state: State): Promise<State>;
}

type Step =
  | {
      readonly do: 'put';
      readonly key: string;
      readonly value: unknown;
      readonly condition: 'none' | 'right' | 'wrong';
    }
  | { readonly do: 'delete'; readonly key: string }
  | { readonly do: 'reopen' };

const keys = fc.constantFrom('a/1', 'a/2', 'a/2/x', 'b', 'a', 'ü/1');
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('put' as const),
      key: keys,
      value: fc.jsonValue({ maxDepth: 3 }),
      condition: fc.constantFrom('none' as const, 'right' as const, 'wrong' as const),
    }),
    fc.record({ do: fc.constant('delete' as const), key: keys }),
    fc.constant({ do: 'reopen' as const }),
  ),
  { maxLength: 30 },
);

export function stateSuite(makeHarness: () => Promise<StateHarness>): void {
  test('holds what a Map would hold, through conditions and reopening', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const harness = await makeHarness();
        let state = await harness.open();
        const model = new Map<string, unknown>();
        for (const step of list) {
          if (step.do === 'reopen') state = (await harness.reopen?.(state)) ?? state;
          else await apply(state, model, step);
          const all = await state.list<unknown>('');
          expect(all.map((e) => [e.key, e.value])).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
        }
        await state.close();
      }),
      { numRuns: 40 },
    );
  });

  test('writes all changes or none', async () => {
    const state = await (await makeHarness()).open();
    await state.write([{ put: 'x', value: 1 }]);
    const both: StateChange[] = [
      { put: 'y', value: 2 },
      { put: 'x', value: 3, ifVersion: 'absent' },
    ];
    await expect(state.write(both)).rejects.toThrow(StateConflict);
    expect(await state.get('y')).toBeUndefined();
    expect((await state.get<number>('x'))?.value).toBe(1);
    await state.close();
  });

  test('lets one of many writers with the same version win', async () => {
    const state = await (await makeHarness()).open();
    const tries = Array.from({ length: 20 }, (_, i) => state.write([{ put: 'k', value: i, ifVersion: 'absent' }]));
    const won = (await Promise.allSettled(tries)).filter((r) => r.status === 'fulfilled');
    expect(won).toHaveLength(1);
    await state.close();
  });

  test('lists by pages, and counts', async () => {
    const state = await (await makeHarness()).open();
    const keys = ['a', 'b/', 'b/1', 'b/2', 'b/20', 'b/3', 'b0', 'c'];
    await state.write(keys.map((put) => ({ put, value: put })));
    const page = async (after: string, limit: number) => (await state.page('b/', after, limit)).map(({ key }) => key);
    expect(await page('', 2)).toEqual(['b/', 'b/1']);
    expect(await page('b/1', 9)).toEqual(['b/2', 'b/20', 'b/3']);
    expect(await page('b/10', 1)).toEqual(['b/2']);
    expect([await page('b/3', 9), await page('c', 9), await page('b/', 0)]).toEqual([[], [], []]);
    expect(await Promise.all(['', 'b', 'b/', 'b/2', 'd'].map((prefix) => state.count(prefix)))).toEqual([
      8, 6, 5, 2, 0,
    ]);
    await state.close();
  });

  test('never gives a version again, so that an old one cannot match', async () => {
    const state = await (await makeHarness()).open();
    await state.write([{ put: 'k', value: 1 }]);
    const { version } = (await state.get('k'))!;
    await state.write([{ delete: 'k' }]);
    await state.write([{ put: 'k', value: 2 }]);
    await expect(state.write([{ put: 'k', value: 3, ifVersion: version }])).rejects.toThrow(StateConflict);
    await state.close();
  });
}

async function apply(state: State, model: Map<string, unknown>, step: Exclude<Step, { do: 'reopen' }>): Promise<void> {
  if (step.do === 'delete') {
    await state.write([{ delete: step.key }]);
    model.delete(step.key);
    return;
  }
  const version = (await state.get(step.key))?.version;
  const right: number | 'absent' = version ?? 'absent';
  const wrong: number | 'absent' = version === undefined ? 7_777_777 : 'absent';
  const ifVersion = step.condition === 'right' ? right : wrong;
  const change: StateChange = { put: step.key, value: step.value, ...(step.condition === 'none' ? {} : { ifVersion }) };
  if (step.condition === 'wrong') return await expect(state.write([change])).rejects.toThrow(StateConflict);
  await state.write([change]);
  // JSON has no -0, and neither has State.
  model.set(step.key, JSON.parse(JSON.stringify(step.value)));
}
