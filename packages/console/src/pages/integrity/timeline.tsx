import Box from '@cloudscape-design/components/box';
import { useMemo } from 'react';
import { usePreferences } from '../../base/preferences.ts';
import { accountText, countText, timeText, zoneText } from '../../ui/format.ts';
import { visible } from '../../ui/visible.ts';
import { type Bin, binsOf, isQuiet, type Span, sortedLanes, spanOf, ticksOf } from './logic/bins.ts';
import type { Collected, Lane } from './logic/collected.ts';
import type { ObjectKind, ObjectState } from './logic/lines.ts';
import { countsText, KINDS_TEXTS, STATE_TEXTS, STATES } from './states.tsx';
import { useWidth } from './use-width.ts';
import './integrity.css';

/** More are not drawn: those with something wrong come first, and the table has all of them. */
const LANES_MAX = 40;
const ROW_PX = 22;
/** Of one place in a drawing: wide enough to be seen, narrow enough for a hundred digests. */
const PLACE_PX = 7;
const TICK_PX = 200;
/** Names stand left of the marks where there is room for both, else above them. */
const NAMES_PX = 390;
const NAMES_BESIDE_FROM_PX = 700;

/** Digests and log files over time, of each account and Region. What it shows stands in the table below as well. */
export function Timeline({ collected }: { readonly collected: Collected }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const all = useMemo(() => sortedLanes(collected.lanes.values()), [collected]);
  const busy = all.filter((lane) => !isQuiet(lane));
  const lanes = busy.length > 0 ? busy : all;
  const quiet = all.filter((lane) => !lanes.includes(lane));
  const span = useMemo(() => spanOf(lanes), [lanes]);
  const isWide = width >= NAMES_BESIDE_FROM_PX;
  const marksWidth = isWide ? width - NAMES_PX : width;
  return (
    <div ref={ref} className={isWide ? 'ot-lanes-wide' : 'ot-lanes'}>
      <Legend />
      {span && width > 0 && (
        <>
          {lanes.slice(0, LANES_MAX).map((lane) => (
            <LaneView key={`${lane.accountId} ${lane.region}`} lane={lane} span={span} width={marksWidth} />
          ))}
          <Axis span={span} width={marksWidth} />
        </>
      )}
      {lanes.length > LANES_MAX && (
        <Box color="text-body-secondary">and {lanes.length - LANES_MAX} more, which the table has</Box>
      )}
      {quiet.length > 0 && (
        <Box color="text-body-secondary">Valid digests, and nothing delivered: {quietText(quiet)}.</Box>
      )}
    </div>
  );
}

/** More names are no line that anybody reads. */
const QUIET_NAMED_MAX = 20;

function quietText(lanes: readonly Lane[]): string {
  const isOne = new Set(lanes.map(({ accountId }) => accountId)).size === 1;
  const named = lanes
    .slice(0, QUIET_NAMED_MAX)
    .map(({ region, accountId }) => visible(isOne ? region : `${region} of ${accountText(accountId)}`));
  const more = lanes.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${countText(more)} more` : '');
}

function LaneView({ lane, span, width }: { readonly lane: Lane; readonly span: Span; readonly width: number }) {
  return (
    <section className="ot-lane" aria-label={`${lane.region}, account ${accountText(lane.accountId)}`}>
      <div className="ot-lane-name">
        {lane.region}
        <span>{accountText(lane.accountId)}</span>
      </div>
      {(['digest', 'log-file'] as const).map((kind) => (
        <Row key={kind} lane={lane} kind={kind} span={span} width={width} />
      ))}
    </section>
  );
}

interface RowProps {
  readonly lane: Lane;
  readonly kind: ObjectKind;
  readonly span: Span;
  readonly width: number;
}

function Row({ lane, kind, span, width }: RowProps) {
  const [{ times }] = usePreferences();
  const marks = lane.marks[kind];
  const places = Math.max(1, Math.floor(width / PLACE_PX));
  const bins = useMemo(() => binsOf(marks, span, places), [marks, span, places]);
  const counts = Object.fromEntries(STATES.map((state) => [state, marks[state].length])) as Record<ObjectState, number>;
  const label = `${KINDS_TEXTS[kind]}: ${countsText(counts)}`;
  const whenOf = ({ index }: Bin) =>
    timeText(span.startMs + ((span.endMs - span.startMs) * (index + 0.5)) / places, times, { short: true });
  return (
    <div className="ot-lane-row">
      <span className="ot-lane-label">{label}</span>
      <svg role="img" aria-label={label} width={width} height={ROW_PX} className="ot-lane-marks">
        <line x1={0} x2={width} y1={ROW_PX - 1} y2={ROW_PX - 1} className="ot-lane-ground" />
        {bins.map((bin) => (
          <g key={bin.index} transform={`translate(${(bin.index * width) / places} 0)`}>
            <title>{`${whenOf(bin)}: ${countsText(bin.counts)}`}</title>
            <Mark state={bin.state} />
          </g>
        ))}
      </svg>
    </div>
  );
}

/** States differ in shape as well as in colour: low and full, hollow, high and full, a point. */
function Mark({ state }: { readonly state: ObjectState }) {
  const [wide, high] = [PLACE_PX - 2, ROW_PX - 3];
  if (state === 'valid') return <rect x={1} y={ROW_PX - 10} width={wide} height={8} className="ot-mark-valid" />;
  if (state === 'missing')
    return <rect x={1.75} y={2} width={wide - 1.5} height={high - 1} className="ot-mark-missing" />;
  if (state === 'changed') return <rect x={1} y={1} width={wide} height={high} className="ot-mark-changed" />;
  return <path d={`M${PLACE_PX / 2} 2 L${PLACE_PX} ${ROW_PX - 2} L0 ${ROW_PX - 2} Z`} className="ot-mark-unlisted" />;
}

function Legend() {
  return (
    <ul className="ot-legend">
      {STATES.map((state) => (
        <li key={state}>
          <svg aria-hidden="true" width={PLACE_PX} height={ROW_PX}>
            <Mark state={state} />
          </svg>
          {STATE_TEXTS[state]}
        </li>
      ))}
    </ul>
  );
}

function Axis({ span, width }: { readonly span: Span; readonly width: number }) {
  const [{ times }] = usePreferences();
  const ticks = ticksOf(span, Math.max(1, Math.floor(width / TICK_PX)));
  const xOf = (ms: number) => ((ms - span.startMs) / (span.endMs - span.startMs)) * width;
  return (
    <svg aria-hidden="true" width={width} height={30} className="ot-axis">
      {ticks.map((ms) => (
        <g key={ms} transform={`translate(${xOf(ms)} 0)`}>
          <line y1={0} y2={5} />
          <text y={18} textAnchor={xOf(ms) > width - 60 ? 'end' : xOf(ms) < 60 ? 'start' : 'middle'}>
            {timeText(ms, times, { short: span.endMs - span.startMs > 600_000 })} {zoneText(ms, times)}
          </text>
        </g>
      ))}
    </svg>
  );
}
