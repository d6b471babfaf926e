import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MetricSeries, MetricStore } from '../metrics.ts';

/** What every driver of metrics must do. */
export interface MetricsHarness {
  open(): Promise<MetricStore>;
  /** Ends it without closing, or closes it, and opens what it left behind; absent for drivers that keep nothing. */
  reopen?(store: MetricStore): Promise<MetricStore>;
}

export const BASE = Date.UTC(2026, 0, 10) / 1000;

export const seriesOf = (name: string, dimension?: string): MetricSeries => ({
  accountId: '123456789012',
  region: 'us-east-1',
  namespace: 'App',
  name,
  dimensions: dimension === undefined ? [] : [{ name: 'd', value: dimension }],
  unit: 'Count',
});

export const one = (second: number, value: number) => ({ second, sum: value, count: 1, min: value, max: value });

type Step =
  | { readonly do: 'put'; readonly name: string; readonly minute: number; readonly value: number }
  | { readonly do: 'maintain' }
  | { readonly do: 'reopen' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('put' as const),
        name: fc.constantFrom('a', 'b', 'c'),
        minute: fc.integer({ min: 0, max: 200 }),
        value: fc.integer({ min: -5, max: 5 }),
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'maintain' }, { do: 'reopen' }) },
  ),
  { maxLength: 40 },
);

export function metricsSuite(makeHarness: () => Promise<MetricsHarness>): void {
  test('adds up what was put, through maintenance and reopening', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const harness = await makeHarness();
        let store = await harness.open();
        const model = new Map<string, Map<number, number[]>>();
        let nowMs = (BASE + 3600) * 1000;
        for (const step of list) {
          if (step.do === 'reopen') store = (await harness.reopen?.(store)) ?? store;
          else if (step.do === 'maintain') {
            nowMs += 7_200_000;
            await store.maintain(nowMs);
          } else {
            const second = BASE + step.minute * 60;
            await store.put([{ series: seriesOf(step.name), point: one(second, step.value) }]);
            const values = model.get(step.name) ?? new Map<number, number[]>();
            model.set(step.name, values.set(second, [...(values.get(second) ?? []), step.value]));
          }
          for (const [name, values] of model) {
            const [known] = store.series('123456789012', 'us-east-1', seriesOf(name));
            const points = await store.read(known!.id, BASE, BASE + 201 * 60);
            expect(points.map(({ second, sum, count, min, max }) => [second, sum, count, min, max])).toEqual(
              [...values]
                .sort(([a], [b]) => a - b)
                .map(([second, all]) => [
                  second,
                  all.reduce((sum, value) => sum + value, 0),
                  all.length,
                  Math.min(...all),
                  Math.max(...all),
                ]),
            );
          }
        }
        await store.close();
      }),
      { numRuns: 40 },
    );
  });

  test('keeps values apart by account, Region, dimensions and unit', async () => {
    const store = await (await makeHarness()).open();
    const all = [
      seriesOf('m'),
      seriesOf('m', 'x'),
      { ...seriesOf('m'), unit: 'Bytes' },
      { ...seriesOf('m'), region: 'eu-west-1' },
      { ...seriesOf('m'), accountId: '999999999999' },
    ];
    await store.put(all.map((series, i) => ({ series, point: one(BASE, i) })));
    const mine = store.series('123456789012', 'us-east-1');
    expect(store.series('123456789012', 'us-east-1', seriesOf('m'))).toHaveLength(2);
    expect(store.series('123456789012', 'us-east-1', seriesOf('m', 'x'))).toHaveLength(1);
    const sums = await Promise.all(mine.map(async ({ id }) => (await store.read(id, BASE, BASE + 1))[0]!.sum));
    expect(sums).toEqual([0, 1, 2]);
    expect(store.series('123456789012', 'eu-west-1')).toHaveLength(1);
    expect(store.series('111111111111', 'us-east-1')).toEqual([]);
    await store.close();
  });

  test('keeps the newest causes of a minute', async () => {
    const store = await (await makeHarness()).open();
    for (let i = 0; i < 12; i++) {
      const causes = [{ message: `m${i}`, timestampMs: (BASE + i) * 1000 }];
      await store.put([{ series: seriesOf('m'), point: one(BASE, 1), causes }]);
    }
    const [{ id } = { id: 0 }] = store.series('123456789012', 'us-east-1');
    const found = await store.causes(id, BASE, BASE + 60);
    expect(found.map(({ message }) => message)).toEqual(['m7', 'm8', 'm9', 'm10', 'm11']);
    await store.close();
  });

  test('a put that is made again counts once, also after reopening', async () => {
    const harness = await makeHarness();
    let store = await harness.open();
    const put = (sequence: number) =>
      store.put([{ series: seriesOf('m'), point: one(BASE, sequence) }], { source: 's', sequence });
    await Promise.all([put(1), put(1)]);
    store = (await harness.reopen?.(store)) ?? store;
    await Promise.all([put(1), put(2), put(2)]);
    await store.maintain((BASE + 7200) * 1000);
    await store.maintain((BASE + 14_400) * 1000);
    store = (await harness.reopen?.(store)) ?? store;
    await Promise.all([put(2), put(3)]);
    const [{ id } = { id: 0 }] = store.series('123456789012', 'us-east-1');
    expect(await store.read(id, BASE, BASE + 60)).toMatchObject([{ sum: 6, count: 3 }]);
    await store.close();
  });
}
