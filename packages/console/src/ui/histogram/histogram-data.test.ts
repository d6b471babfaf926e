import { expect, test } from 'vitest';
import { brushedRange, histogramData } from './histogram-data.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();

test('gaps are filled, and errors counted apart', () => {
  const data = histogramData({
    IntervalSeconds: 60,
    Buckets: [
      { StartTime: at(1), Count: 5, ErrorCount: 2 },
      { StartTime: at(4), Count: 1, ErrorCount: 0 },
    ],
  });
  expect(data.counts).toEqual([5, 0, 0, 1]);
  expect(data.errorCounts).toEqual([2, 0, 0, 0]);
  expect(data).toMatchObject({ totalCount: 6, totalErrorCount: 2 });
  expect(histogramData({ IntervalSeconds: 60, Buckets: [] }).startsMs).toEqual([]);
});

test('the whole range that was asked about is drawn, in no more bars than can be seen', () => {
  const Buckets = [{ StartTime: at(5), Count: 7, ErrorCount: 1 }];
  const whole = histogramData(
    { IntervalSeconds: 60, Buckets },
    { startMs: Date.parse(at(0)), endMs: Date.parse(at(9)) },
  );
  expect(whole.counts).toEqual([0, 0, 0, 0, 0, 7, 0, 0, 0, 0]);
  const wide = histogramData({ IntervalSeconds: 60, Buckets }, { startMs: 0, endMs: Date.parse(at(9)) });
  expect(wide.counts.length).toBeLessThanOrEqual(162);
  expect(wide.totalCount).toBe(7);
  expect(wide.startsMs.every((ms) => ms % wide.intervalMs === 0)).toBe(true);
});

test('a brush takes whole buckets', () => {
  const data = histogramData({ IntervalSeconds: 60, Buckets: [{ StartTime: at(1), Count: 5, ErrorCount: 2 }] });
  expect(brushedRange(data, 61_000, 62_000)).toEqual({ type: 'absolute', startMs: 60_000, endMs: 119_999 });
  expect(brushedRange(data, 60_000, 180_000)).toMatchObject({ startMs: 60_000, endMs: 179_999 });
});
