import { addPoint, mergeCauses } from '../metric-points.ts';
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

  /** Where each stretch of so many seconds begins that holds anything. */
  stretches(seconds: number): number[] {
    const starts = new Set<number>();
    for (const { points } of this.#series.values()) {
      for (const second of points.keys()) starts.add(second - (second % seconds));
    }
    return [...starts];
  }

  /** What is in one of them, by series: worked out as it is taken, so that nobody waits for all of it. */
  *inStretch(start: number, seconds: number): Generator<SeriesContent> {
    const within = (second: number) => second >= start && second < start + seconds;
    for (const id of [...this.#series.keys()].sort((a, b) => a - b)) {
      const { points, causes } = this.#series.get(id)!;
      const mine = [...points.values()].filter(({ second }) => within(second)).sort((a, b) => a.second - b.second);
      if (mine.length === 0) continue;
      const raised = [...causes].filter(([second]) => within(second)).sort(([a], [b]) => a - b);
      yield { id, points: mine, causes: raised };
    }
  }
}
