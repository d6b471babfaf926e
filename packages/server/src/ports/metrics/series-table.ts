import { Pushback } from '../../base/errors.ts';
import type { KnownSeries, MetricSeries } from '../metrics.ts';

/** Each takes some 500 bytes of memory. AWS has no such limit; who makes a dimension of every request id meets it. */
export const SERIES_MAX = 200_000;

interface Entry extends MetricSeries {
  readonly id: number;
  lastSecond: number;
}

/** All series that are known, in memory. */
export class SeriesTable {
  readonly #byKey = new Map<string, Entry>();
  readonly #byId = new Map<number, Entry>();
  readonly #byPlace = new Map<string, Map<string, Entry[]>>();
  #nextId = 1;

  find(series: MetricSeries): KnownSeries | undefined {
    return this.#byKey.get(keyOf(series));
  }

  /** @throws Pushback when there would be too many */
  checkRoom(more: number): void {
    if (this.#byKey.size + more > SERIES_MAX) {
      throw new Pushback(`${SERIES_MAX} metrics are known, and this server holds no more`);
    }
  }

  /** Ids are never given out twice, whether or not what was made with them was kept. */
  newId(): number {
    return this.#nextId++;
  }

  add(series: MetricSeries, id: number): void {
    const key = keyOf(series);
    if (this.#byKey.has(key)) return;
    const { accountId, region, namespace, name, dimensions, unit } = series;
    const entry = { accountId, region, namespace, name, dimensions, unit, id, lastSecond: 0 };
    this.#byId.set(id, entry);
    this.#byKey.set(key, entry);
    const place = `${accountId}/${region}`;
    const metrics = this.#byPlace.get(place) ?? new Map<string, Entry[]>();
    this.#byPlace.set(place, metrics);
    const metric = metricKey(namespace, name);
    const entries = metrics.get(metric) ?? [];
    metrics.set(metric, entries);
    entries.push(entry);
    this.#nextId = Math.max(this.#nextId, id + 1);
  }

  seen(id: number, second: number): void {
    const entry = this.#byId.get(id)!;
    entry.lastSecond = Math.max(entry.lastSecond, second);
  }

  list(
    accountId: string,
    region: string,
    metric?: { readonly namespace: string; readonly name: string },
  ): KnownSeries[] {
    const metrics = this.#byPlace.get(`${accountId}/${region}`);
    if (!metrics) return [];
    if (metric) return [...(metrics.get(metricKey(metric.namespace, metric.name)) ?? [])];
    return [...metrics.values()].flat();
  }

  all(): IterableIterator<KnownSeries> {
    return this.#byKey.values();
  }
}

const metricKey = (namespace: string, name: string) => JSON.stringify([namespace, name]);

const keyOf = ({ accountId, region, namespace, name, dimensions, unit }: MetricSeries): string =>
  JSON.stringify([accountId, region, namespace, name, dimensions.map(({ name, value }) => [name, value]), unit]);
