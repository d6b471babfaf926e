import { useEffect, useState } from 'react';
import { clock } from '../base/clock.ts';
import { usePreferences } from '../base/preferences.ts';
import { agoText, timeMs, timeText, zoneText } from './format.ts';

interface TimeProps {
  /** Milliseconds or seconds since the epoch, ISO 8601, or a Date. */
  readonly value: number | string | Date | undefined;
  /** `ago`: 3 minutes ago; `short`: without seconds. Default: date and time. */
  readonly as?: 'ago' | 'short';
  readonly zone?: boolean;
}

/** A moment, local or UTC by preference; the other one, and its zone, stand in its tooltip. */
export function Time({ value, as, zone = false }: TimeProps) {
  const [{ times }] = usePreferences();
  if (value === undefined || value === '') return <>-</>;
  const ms = timeMs(value);
  if (!Number.isFinite(ms)) return <>{String(value)}</>;
  const other = times === 'utc' ? 'local' : 'utc';
  const full = `${timeText(ms, times)} ${zoneText(ms, times)}`;
  const title = `${full}\n${timeText(ms, other)} ${zoneText(ms, other)}`;
  return (
    <time dateTime={new Date(ms).toISOString()} title={title}>
      {as === 'ago' ? <Ago ms={ms} /> : timeText(ms, times, { short: as === 'short' })}
      {zone && as !== 'ago' && ` (${zoneText(ms, times)})`}
    </time>
  );
}

/** "3 minutes ago" grows older while one looks at it. */
const AGO_EVERY_MS = 15_000;

function Ago({ ms }: { readonly ms: number }) {
  const [now, setNow] = useState(() => clock.now());
  // biome-ignore lint/correctness/useExhaustiveDependencies: each step sets the next
  useEffect(() => clock.after(AGO_EVERY_MS, () => setNow(clock.now())), [now]);
  return <>{agoText(ms, now)}</>;
}
