import { addPoint, inOrder } from '../metric-points.ts';
import type { MetricPoint, MetricStore, PointCause } from '../metrics.ts';
import { HotPoints } from './hot.ts';
import { SeriesTable } from './series-table.ts';

/** Metrics that a process takes with it when it ends: for tests of what stands on them. */
export function createMemoryMetrics(): MetricStore {
  const table = new SeriesTable();
  const hot = new HotPoints();
  const sources = new Map<string, number>();
  return {
    async put(writes, once) {
      if (once && once.sequence <= (sources.get(once.source) ?? Number.NEGATIVE_INFINITY)) return;
      if (once) sources.set(once.source, once.sequence);
      for (const { series, point, causes = [] } of writes) {
        if (!table.find(series)) table.add(series, table.newId());
        const { id } = table.find(series)!;
        hot.add(id, point, causes);
        table.seen(id, point.second);
      }
    },
    series: (accountId, region, metric) => table.list(accountId, region, metric),
    async read(id, start, end) {
      const points = new Map<number, MetricPoint>();
      for (const point of hot.pointsOf(id)) if (point.second >= start && point.second < end) addPoint(points, point);
      return inOrder(points);
    },
    async causes(id, start, end) {
      const within: PointCause[] = [];
      for (const [second, causes] of hot.causesOf(id)) {
        if (second >= start - (start % 60) && second < end) within.push(...causes);
      }
      return within.sort((a, b) => a.timestampMs - b.timestampMs);
    },
    async maintain() {},
    async close() {},
  };
}
