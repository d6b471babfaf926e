import Box from '@cloudscape-design/components/box';
import { useEffect, useRef, useState } from 'react';
import { countText, eventsText, timeText } from '../format.ts';
import type { Range } from '../range.ts';
import type { Chart } from './chart.ts';
import './histogram.css';
import { brushedRange, type HistogramData } from './histogram-data.ts';

interface HistogramProps {
  readonly data: HistogramData | undefined;
  /** What is drawn is of the search before. */
  readonly loading?: boolean;
  readonly utc: boolean;
  readonly onBrush: (range: Range) => void;
}

/** Events over time. Dragging over it narrows the time range; the date range picker does the same by keyboard. */
export function Histogram({ data, loading = false, utc, onBrush }: HistogramProps) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef({ data, onBrush });
  latest.current = { data, onBrush };
  const [chart, setChart] = useState<Chart>();
  const [hidden, setHidden] = useState<ReadonlySet<number>>(NONE);
  const [failed, setFailed] = useState(false);
  const [pointed, setPointed] = useState<number>();
  const isEmpty = data === undefined || data.startsMs.length === 0;

  useEffect(() => {
    const target = place.current;
    const { data: first } = latest.current;
    if (!target || isEmpty || !first) return undefined;
    let made: Chart | undefined;
    let gone = false;
    const sizes = new ResizeObserver(() => made?.resize(target.clientWidth));
    const looks = new MutationObserver(() => made?.redraw());
    const load = async () => {
      const { createChart } = await import('./chart.ts');
      if (gone) return;
      made = createChart(target, latest.current.data ?? first, {
        width: target.clientWidth,
        utc,
        onBrush: (fromMs, toMs) => {
          const now = latest.current;
          if (now.data) now.onBrush(brushedRange(now.data, fromMs, toMs));
        },
        onPoint: setPointed,
      });
      sizes.observe(target);
      looks.observe(document.body, { attributeFilter: ['class'] });
      setChart(made);
    };
    load().catch(() => gone || setFailed(true));
    return () => {
      gone = true;
      sizes.disconnect();
      looks.disconnect();
      made?.remove();
      setChart(undefined);
    };
  }, [isEmpty, utc]);

  useEffect(() => {
    if (chart && data) chart.draw(data);
  }, [chart, data]);

  useEffect(() => {
    for (const i of SERIES.keys()) chart?.show(i, !hidden.has(i));
  }, [chart, hidden]);

  return (
    <div className="ot-histogram" aria-busy={loading}>
      <div ref={place} className="ot-histogram-bars" {...(data && { role: 'img', 'aria-label': summaryOf(data) })} />
      <Box fontSize="body-s" color="text-body-secondary">
        {SERIES.map(({ name, className }, i) => (
          <button
            key={name}
            type="button"
            className={className}
            aria-pressed={!hidden.has(i)}
            aria-label={`Draw ${name.toLowerCase()}`}
            onClick={() => setHidden(toggled(hidden, i))}
          >
            {name}
          </button>
        ))}
        <span className="ot-histogram-point">
          {failed
            ? 'The chart could not be loaded: reload the page.'
            : data && pointed !== undefined
              ? pointOf(data, pointed, utc)
              : !isEmpty && 'Drag over the bars to narrow the time range.'}
        </span>
      </Box>
    </div>
  );
}

const SERIES = [
  { name: 'Events', className: 'ot-histogram-key' },
  { name: 'Errors', className: 'ot-histogram-key ot-histogram-key-errors' },
] as const;

const NONE: ReadonlySet<number> = new Set();

/** One of the two is always drawn. */
function toggled(hidden: ReadonlySet<number>, i: number): ReadonlySet<number> {
  return hidden.has(i) ? NONE : new Set([i]);
}

const summaryOf = ({ totalCount, totalErrorCount }: HistogramData): string =>
  `Events over time: ${eventsText(totalCount)}, ${countText(totalErrorCount)} with errors`;

function pointOf({ startsMs, intervalMs, counts, errorCounts }: HistogramData, index: number, utc: boolean): string {
  const print = (ms: number) => timeText(ms, utc ? 'utc' : 'local', { short: true });
  const startMs = startsMs[index]!;
  const errors = errorCounts[index]! > 0 ? `, ${countText(errorCounts[index]!)} with errors` : '';
  return `${print(startMs)} – ${print(startMs + intervalMs)}: ${eventsText(counts[index]!)}${errors}`;
}
