import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { shortCount, timeText } from '../format.ts';
import type { HistogramData } from './histogram-data.ts';

/** The part of the page that draws: loaded when there is something to draw. */
export interface Chart {
  draw(data: HistogramData): void;
  /** @param series 0 for events, 1 for errors */
  show(series: number, isShown: boolean): void;
  /** After the look of the page has changed. */
  redraw(): void;
  resize(width: number): void;
  remove(): void;
}

export interface ChartOptions {
  readonly width: number;
  readonly utc: boolean;
  readonly onBrush: (fromMs: number, toMs: number) => void;
  /** The bucket under the pointer. */
  readonly onPoint: (index: number | undefined) => void;
}

const HEIGHT = 84;
/** A shorter drag is a click. */
const BRUSH_PX_MIN = 4;

/** Bars of events over time, those with errors in front in a colour of their own; dragging over them brushes. */
export function createChart(target: HTMLElement, first: HistogramData, options: ChartOptions): Chart {
  let data = first;
  const colour = (name: string) => () => getComputedStyle(target).getPropertyValue(name).trim() || 'currentColor';
  const bars = uPlot.paths.bars!({ size: [0.85, 60], align: 1 });
  const axis = {
    stroke: colour('--ot-text-secondary'),
    grid: { stroke: colour('--ot-border'), width: 1 },
    ticks: { show: false },
  };
  const chart = new uPlot(
    {
      width: options.width,
      height: HEIGHT,
      ms: 1,
      legend: { show: false },
      padding: [8, RIGHT_PX, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      scales: {
        x: { time: true, range: () => rangeOf(data) },
        y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] },
      },
      axes: [
        {
          ...axis,
          size: 24,
          splits: (chart) => ticksOf(data, chart.width),
          values: (_, ticks) => ticks.map((ms) => tickText(ms, data, options.utc)),
        },
        {
          ...axis,
          size: LEFT_PX,
          space: 24,
          values: (_, ticks) => ticks.map((n) => (Number.isInteger(n) ? shortCount(n) : '')),
        },
      ],
      series: [
        {},
        { label: 'Events', paths: bars, points: { show: false }, fill: colour('--ot-chart-1'), width: 0 },
        { label: 'Errors', paths: bars, points: { show: false }, fill: colour('--ot-chart-error'), width: 0 },
      ],
      hooks: {
        setSelect: [(u) => brushed(u, options.onBrush)],
        setCursor: [(u) => options.onPoint(pointed(u, data))],
      },
    },
    columnsOf(data),
    target,
  );
  return {
    draw(next) {
      data = next;
      chart.setData(columnsOf(next));
    },
    show: (series, isShown) => chart.setSeries(series + 1, { show: isShown }),
    redraw: () => chart.redraw(),
    resize: (width) => chart.setSize({ width, height: HEIGHT }),
    remove: () => chart.destroy(),
  };
}

/** Beside the bars: the counts' axis, and half of what the last tick says. */
const LEFT_PX = 48;
const RIGHT_PX = 24;
/** Room for the text of a tick, and some around it. */
const TICK_PX = 90;

/** Ticks stand where bars begin. */
function ticksOf({ startsMs }: HistogramData, width: number): number[] {
  const step = Math.max(1, Math.ceil((startsMs.length * TICK_PX) / (width - LEFT_PX - RIGHT_PX)));
  return startsMs.filter((_, i) => i % step === 0);
}

const DAY_MS = 86_400_000;

/** The date where bars are days, the time where all is within one; both in between. */
function tickText(ms: number, { intervalMs, startsMs }: HistogramData, utc: boolean): string {
  const [date, time] = timeText(ms, utc ? 'utc' : 'local', { short: true }).split(' ') as [string, string];
  const day = date.slice('2026-'.length);
  if (intervalMs >= DAY_MS) return day;
  return startsMs.length * intervalMs > DAY_MS ? `${day} ${time}` : time;
}

const columnsOf = ({ startsMs, counts, errorCounts }: HistogramData): uPlot.AlignedData => [
  [...startsMs],
  [...counts],
  [...errorCounts],
];

function rangeOf({ startsMs, intervalMs }: HistogramData): [number, number] {
  const first = startsMs[0] ?? 0;
  return [first, (startsMs.at(-1) ?? first) + intervalMs];
}

function brushed(chart: uPlot, onBrush: ChartOptions['onBrush']): void {
  const { left, width } = chart.select;
  if (width < BRUSH_PX_MIN) return;
  onBrush(chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x'));
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/** Bars begin at their time: the bucket under the pointer is the last one that begins before it. */
function pointed(chart: uPlot, { startsMs, intervalMs }: HistogramData): number | undefined {
  const { left } = chart.cursor;
  if (left === undefined || left < 0 || startsMs.length === 0) return undefined;
  const index = Math.floor((chart.posToVal(left, 'x') - startsMs[0]!) / intervalMs);
  return index >= 0 && index < startsMs.length ? index : undefined;
}
