import { addPoint, inOrder, mergeCauses } from '../metric-points.ts';
import type { MetricPoint, PointCause } from '../metrics.ts';
import type { SeriesContent } from './chunk.ts';

const MINUTE = 60;

/** Points that no chunk holds yet. */
export class HotPoints {
  readonly #series = new Map<
    number,
    { points: Map<number, MetricPoint>; causes: Map<number, readonly PointCause[]> }
  >();
  #points = 0;

  get points(): number {
    return this.#points;
  }

  add(id: number, point: MetricPoint, causes: readonly PointCause[]): void {
    let known = this.#series.get(id);
    if (!known) {
      known = { points: new Map(), causes: new Map() };
      this.#series.set(id, known);
    }
    const before = known.points.size;
    addPoint(known.points, point);
    this.#points += known.points.size - before;
    if (causes.length === 0) return;
    const minute = point.second - (point.second % MINUTE);
    known.causes.set(minute, mergeCauses(known.causes.get(minute) ?? [], causes));
  }

  pointsOf(id: number): Iterable<MetricPoint> {
    return this.#series.get(id)?.points.values() ?? [];
  }

  causesOf(id: number): Iterable<readonly [number, readonly PointCause[]]> {
    return this.#series.get(id)?.causes ?? [];
  }

  /** What is in each stretch of `seconds`, by where that begins. */
  byStretch(seconds: number): Map<number, SeriesContent[]> {
    const stretches = new Map<number, SeriesContent[]>();
    const startOf = (second: number) => second - (second % seconds);
    for (const id of [...this.#series.keys()].sort((a, b) => a - b)) {
      const { points, causes } = this.#series.get(id)!;
      for (const [start, some] of grouped(inOrder(points), (p) => startOf(p.second))) {
        const mine = [...causes].filter(([second]) => startOf(second) === start).sort(([a], [b]) => a - b);
        const contents = stretches.get(start) ?? [];
        stretches.set(start, contents);
        contents.push({ id, points: some, causes: mine });
      }
    }
    return stretches;
  }
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
