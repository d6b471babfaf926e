import { Pushback } from '../../base/errors.ts';
import type { KnownSeries, MetricId, MetricSeries } from '../metrics.ts';

/** Each takes some 500 bytes of memory. AWS has no such limit; who makes a dimension of every request id meets it. */
export const SERIES_MAX = 200_000;

interface Entry extends MetricSeries {
  readonly id: number;
  lastSecond: number;
}

/** All series that are known, in memory. */
export class SeriesTable {
  readonly #byId = new Map<number, Entry>();
  /** By all but their unit. */
  readonly #byMetric = new Map<string, Entry[]>();
  readonly #byPlace = new Map<string, Entry[]>();
  #nextId = 1;

  find(series: MetricSeries): KnownSeries | undefined {
    const { accountId, region, unit } = series;
    return this.#byMetric.get(keyOf(accountId, region, series))?.find((known) => known.unit === unit);
  }

  /** @throws Pushback when there would be too many */
  checkRoom(more: number): void {
    if (this.#byId.size + more > SERIES_MAX) {
      throw new Pushback(`${SERIES_MAX} metrics are known, and this server holds no more`);
    }
  }

  /** Ids are never given out twice, whether or not what was made with them was kept. */
  newId(): number {
    return this.#nextId++;
  }

  add(series: MetricSeries, id: number): void {
    if (this.find(series)) return;
    const { accountId, region, namespace, name, dimensions, unit } = series;
    const entry = { accountId, region, namespace, name, dimensions, unit, id, lastSecond: 0 };
    this.#byId.set(id, entry);
    push(this.#byMetric, keyOf(accountId, region, series), entry);
    push(this.#byPlace, `${accountId}/${region}`, entry);
    this.#nextId = Math.max(this.#nextId, id + 1);
  }

  seen(id: number, second: number): void {
    const entry = this.#byId.get(id)!;
    entry.lastSecond = Math.max(entry.lastSecond, second);
  }

  list(accountId: string, region: string, metric?: MetricId): readonly KnownSeries[] {
    if (metric) return this.#byMetric.get(keyOf(accountId, region, metric)) ?? [];
    return this.#byPlace.get(`${accountId}/${region}`) ?? [];
  }

  all(): IterableIterator<KnownSeries> {
    return this.#byId.values();
  }
}

function push<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

const keyOf = (accountId: string, region: string, { namespace, name, dimensions }: MetricId): string =>
  JSON.stringify([accountId, region, namespace, name, dimensions.map(({ name, value }) => [name, value])]);
