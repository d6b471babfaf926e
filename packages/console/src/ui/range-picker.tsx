import DateRangePicker, { type DateRangePickerProps } from '@cloudscape-design/components/date-range-picker';
import Icon from '@cloudscape-design/components/icon';
import { memo } from 'react';
import { clock } from '../base/clock.ts';
import { usePreferences } from '../base/preferences.ts';
import { type TimeZoneChoice, timeText, zoneText } from './format.ts';
import './range-picker.css';
import { describeRange, type Range } from './range.ts';

/** AWS's presets (spec: history §5), and longer ones. */
const PRESETS: readonly (readonly [amount: number, unit: 'minute' | 'hour' | 'day'])[] = [
  [30, 'minute'],
  [1, 'hour'],
  [12, 'hour'],
  [1, 'day'],
  [7, 'day'],
  [30, 'day'],
  [90, 'day'],
];
const OPTIONS: readonly DateRangePickerProps.RelativeOption[] = PRESETS.map(([amount, unit]) => ({
  key: `${amount}-${unit}`,
  amount,
  unit,
  type: 'relative',
}));

interface RangePickerProps {
  readonly range: Range;
  readonly onChange: (range: Range) => void;
}

export const RangePicker = memo(function RangePicker({ range, onChange }: RangePickerProps) {
  const [{ times }] = usePreferences();
  return (
    <DateRangePicker
      value={pickerValue(range)}
      onChange={({ detail }) => onChange(rangeOf(detail.value))}
      relativeOptions={OPTIONS}
      isValidRange={validate}
      getTimeOffset={times === 'utc' ? () => 0 : (date) => -date.getTimezoneOffset()}
      dateInputFormat="iso"
      timeInputFormat="hh:mm:ss"
      absoluteFormat="iso"
      {...(range.type === 'absolute' && { renderTriggerContent: () => <Span range={range} times={times} /> })}
      placeholder="All time"
      expandToViewport
      ariaLabel="Time range"
      i18nStrings={{
        formatRelativeRange: ({ amount, unit }) => capitalized(describeRange({ type: 'relative', amount, unit })),
        clearButtonLabel: 'All time',
      }}
    />
  );
});

interface SpanProps {
  readonly range: Range & { readonly type: 'absolute' };
  readonly times: TimeZoneChoice;
}

/** Shorter than Cloudscape writes it. */
function Span({ range, times }: SpanProps) {
  const value = pickerValue(range) as DateRangePickerProps.AbsoluteValue;
  const [startMs, endMs] = [Date.parse(value.startDate), Date.parse(value.endDate)];
  return (
    <span className="ot-range-span">
      <Icon name="calendar" />
      {`${timeText(startMs, times)} – ${timeText(endMs, times)} (${zoneText(startMs, times)})`}
    </span>
  );
}

const capitalized = (text: string): string => text.replace(/^the l/, 'L');

function pickerValue(range: Range): DateRangePickerProps.Value | null {
  if (range.type === 'all') return null;
  if (range.type === 'relative') {
    const { amount, unit } = range;
    return { type: 'relative', amount, unit, key: `${amount}-${unit}` };
  }
  // A range without an end ends now, as far as a calendar goes.
  const endMs = Math.max(range.startMs, Math.min(range.endMs, clock.now()));
  return {
    type: 'absolute',
    startDate: new Date(range.startMs).toISOString(),
    endDate: new Date(endMs).toISOString(),
  };
}

function rangeOf(value: DateRangePickerProps.Value | null): Range {
  if (value === null) return { type: 'all' };
  if (value.type === 'relative') return { type: 'relative', amount: value.amount, unit: value.unit };
  // The last second is meant whole: events have milliseconds, the picker has none.
  const endMs = Date.parse(value.endDate);
  return { type: 'absolute', startMs: Date.parse(value.startDate), endMs: endMs % 1_000 === 0 ? endMs + 999 : endMs };
}

const validate: DateRangePickerProps.ValidationFunction = (value) => {
  if (value?.type === 'relative') {
    const { amount } = value;
    if (Number.isInteger(amount) && amount >= 1 && amount <= 99_999) return { valid: true };
    return { valid: false, errorMessage: 'Give a whole number from 1 to 99,999.' };
  }
  if (value?.type === 'absolute') {
    const [startMs, endMs] = [Date.parse(value.startDate), Date.parse(value.endDate)];
    if (Number.isNaN(startMs) || Number.isNaN(endMs)) return { valid: false, errorMessage: 'Give a start and an end.' };
    if (startMs > endMs) return { valid: false, errorMessage: 'The range ends before it begins.' };
  }
  return { valid: true };
};
