import {
  compileExtraction,
  compileFilterPattern,
  filterEvent,
  parseFilterPattern,
} from '../../event/filter-pattern/index.ts';
import type { StoredLogEvent } from '../../ports/log-groups.ts';
import type { MetricCause, MetricDatum } from '../doors.ts';
import type { MetricFilter, Transformation } from './model.ts';

/** Data of one batch, by namespace. */
export type Counted = Readonly<Record<string, readonly MetricDatum[]>>;

/** The minute that is going on, and the filters of whose metrics it had no value so far. */
export interface OpenMinute {
  readonly startMs: number;
  readonly silent: readonly string[];
}

/** A filter, ready to count. */
export interface Counter {
  readonly filter: MetricFilter;
  readonly matches: (text: ReturnType<typeof filterEvent>) => boolean;
  readonly outputs: readonly {
    readonly transformation: Transformation;
    readonly amountOf: (event: ReturnType<typeof filterEvent>) => number | undefined;
    readonly dimensionsOf: (event: ReturnType<typeof filterEvent>) => MetricDatum['dimensions'] | undefined;
  }[];
}

export const MINUTE_MS = 60_000;
/** Log events that an alarm's message may show, of each metric, minute and batch; larger ones are left out. */
const CAUSES_MAX = 3;
const CAUSE_CHARS_MAX = 16_384;
const DIMENSION_CHARS_MAX = 1024;

export function compileCounter(filter: MetricFilter): Counter {
  const pattern = parseFilterPattern(filter.pattern);
  return {
    filter,
    matches: compileFilterPattern(pattern),
    outputs: filter.transformations.map((transformation) => {
      const { metricValue, dimensions = {} } = transformation;
      const constant = Number(metricValue);
      const extract = Number.isNaN(constant) ? compileExtraction(metricValue, pattern) : () => constant;
      const references = Object.entries(dimensions).map(([name, reference]) => ({
        name,
        extract: compileExtraction(reference, pattern),
      }));
      return {
        transformation,
        amountOf(event) {
          const value = extract(event);
          const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
          return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
        },
        /** An event that lacks a dimension makes no value. */
        dimensionsOf(event) {
          const found = references.map((one) => ({ name: one.name, value: String(one.extract(event) ?? '') }));
          if (found.some(({ value }) => value === '' || value.length > DIMENSION_CHARS_MAX)) return undefined;
          return found.sort((a, b) => (a.name < b.name ? -1 : 1));
        },
      };
    }),
  };
}

interface Sum {
  readonly transformation: Transformation;
  readonly dimensions: MetricDatum['dimensions'];
  readonly startMs: number;
  sum: number;
  count: number;
  min: number;
  max: number;
  readonly causes: MetricCause[];
}

/** Counting under way. Events are given in the order in which they came. */
export interface Count {
  add(event: StoredLogEvent): void;
  /** As much as fits into a value of State: the batch ends here. */
  readonly isFull: boolean;
  result(): { readonly counted: Counted; readonly open: OpenMinute | undefined };
}

/** Reckoned, of a batch's data as JSON. */
const DATA_CHARS_MAX = 300_000;
const CAUSES_CHARS_MAX = 200_000;

/**
 * Counts what events match, summed up by minute. A minute in which events came, none of them with a value for a filter,
 * gives that filter's default value as soon as an event of a later one comes.
 */
export function startCount(counters: readonly Counter[], before: OpenMinute | undefined): Count {
  const sums = new Map<string, Sum>();
  let dataChars = 0;
  let causeChars = 0;
  let open = before && { startMs: before.startMs, silent: new Set(before.silent) };

  function add(key: string, place: Pick<Sum, 'transformation' | 'dimensions' | 'startMs'>, value: number): Sum {
    let known = sums.get(key);
    if (!known) {
      known = { ...place, sum: 0, count: 0, min: value, max: value, causes: [] };
      sums.set(key, known);
      dataChars += key.length + DATUM_CHARS;
    }
    known.sum += value;
    known.count += 1;
    known.min = Math.min(known.min, value);
    known.max = Math.max(known.max, value);
    return known;
  }

  function enterMinute({ sequence }: StoredLogEvent, startMs: number): void {
    if (open) {
      for (const [key, place] of defaultsOf(counters, open.startMs, open.silent)) {
        add(key, place, place.transformation.defaultValue!);
      }
    }
    const alive = counters.filter(({ filter }) => filter.from <= sequence);
    open = { startMs, silent: new Set(alive.map(({ filter }) => filter.name)) };
  }

  return {
    add(stored) {
      const startMs = stored.timestampMs - (stored.timestampMs % MINUTE_MS);
      if (!open || startMs > open.startMs) enterMinute(stored, startMs);
      const event = filterEvent(stored.message);
      for (const { filter, matches, outputs } of counters) {
        if (stored.sequence < filter.from || !matches(event)) continue;
        for (const [i, { transformation, amountOf, dimensionsOf }] of outputs.entries()) {
          const value = amountOf(event);
          const dimensions = dimensionsOf(event);
          if (value === undefined || !dimensions) continue;
          if (startMs === open?.startMs) open.silent.delete(filter.name);
          const key = JSON.stringify([filter.name, i, startMs, dimensions]);
          const { causes } = add(key, { transformation, dimensions, startMs }, value);
          const chars = stored.message.length;
          if (causes.length === CAUSES_MAX || chars > CAUSE_CHARS_MAX || causeChars + chars > CAUSES_CHARS_MAX)
            continue;
          causeChars += chars;
          causes.push(causeOf(stored, event.json));
        }
      }
    },
    get isFull() {
      return dataChars > DATA_CHARS_MAX;
    },
    result: () => ({
      counted: byNamespace([...sums.values()]),
      open: open && { startMs: open.startMs, silent: [...open.silent] },
    }),
  };
}

/** Reckoned, of a datum besides its names. */
const DATUM_CHARS = 300;

/** The default values of a minute that is over. */
export function closeMinute(counters: readonly Counter[], open: OpenMinute): Counted {
  const sums = [...defaultsOf(counters, open.startMs, new Set(open.silent))].map(([, sum]) => {
    const value = sum.transformation.defaultValue!;
    return { ...sum, sum: value, count: 1, min: value, max: value, causes: [] };
  });
  return byNamespace(sums);
}

function* defaultsOf(counters: readonly Counter[], startMs: number, silent: ReadonlySet<string>) {
  for (const { filter } of counters) {
    if (!silent.has(filter.name)) continue;
    for (const [i, transformation] of filter.transformations.entries()) {
      if (transformation.defaultValue === undefined) continue;
      yield [
        JSON.stringify([filter.name, i, startMs, 'default']),
        { transformation, dimensions: [], startMs },
      ] as const;
    }
  }
}

function byNamespace(sums: readonly Sum[]): Counted {
  const found: Record<string, MetricDatum[]> = {};
  for (const { transformation, dimensions, startMs, sum, count, min, max, causes } of sums) {
    found[transformation.metricNamespace] ??= [];
    found[transformation.metricNamespace]!.push({
      ...{ name: transformation.metricName, dimensions, timestampMs: startMs, unit: transformation.unit ?? 'None' },
      value: { sum, count, min, max },
      ...(causes.length > 0 && { causes }),
    });
  }
  return found;
}

/** A CloudTrail record says its id. */
function causeOf({ message, timestampMs }: StoredLogEvent, json: unknown): MetricCause {
  const eventId = (json as { readonly eventID?: unknown } | undefined)?.eventID;
  return { message, timestampMs, ...(typeof eventId === 'string' && { eventId }) };
}
