import { once } from 'node:events';
import { OperatorError } from '../base/errors.ts';
import type { OpenTrailClient } from './client.ts';
import { printable, printableJson } from './printable.ts';
import { asInput, type Found } from './search-filter.ts';
import { table } from './search-table.ts';
import { oneLine } from './tail.ts';

export interface SearchOptions {
  readonly found: Found;
  readonly shown: 'lines' | 'json' | 'table';
  /** At most so many events; undefined: all. */
  readonly limit: number | undefined;
  /** Of the table. */
  readonly columns: readonly string[];
}

export interface FoundEvent {
  readonly AccountId: string;
  readonly Record: string;
}

interface Answer {
  readonly Events: readonly FoundEvent[];
  readonly NextToken?: string;
  readonly EventsBehind: number;
  readonly Count?: number;
  readonly Facets?: readonly Facet[];
  readonly Histogram?: Histogram;
}

export interface Facet {
  readonly Field: string;
  readonly Values: readonly { readonly Value: string; readonly Count: number }[];
  readonly DistinctCount: number;
}

export interface Histogram {
  readonly IntervalSeconds?: number;
  readonly Buckets: readonly { readonly StartTime: string; readonly Count: number; readonly ErrorCount: number }[];
}

/** Few enough to be shown soon, many enough that pages are few. */
const PAGE_EVENTS = 500;

const ask = (client: OpenTrailClient, input: object): Promise<Answer> =>
  client.json<Answer>('POST', '/opentrail/v1/search', {
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(input)),
  });

const note = (text: string) => process.stderr.write(`opentrail: ${text}\n`);

/**
 * `opentrail search`: the events that a filter finds, page after page.
 * @returns 0; ends when who reads our output does
 */
export async function search(
  client: OpenTrailClient,
  { found, shown, limit, columns }: SearchOptions,
): Promise<number> {
  process.stdout.on('error', () => process.exit(0)); // `| head` has seen enough
  const print = printerOf(shown, columns);
  let left = limit ?? Number.POSITIVE_INFINITY;
  let NextToken: string | undefined;
  do {
    const page = { Limit: Math.min(left, PAGE_EVENTS), ...(NextToken !== undefined && { NextToken }) };
    const answer = await ask(client, { ...asInput(found), ...page });
    if (NextToken === undefined) tellBehind(answer);
    const text = print(answer.Events);
    if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
    left -= answer.Events.length;
    NextToken = answer.NextToken;
  } while (NextToken !== undefined && left > 0);
  if (NextToken !== undefined) note(`there are more than ${limit} events; --limit all shows all of them`);
  return 0;
}

function printerOf(shown: SearchOptions['shown'], columns: readonly string[]) {
  if (shown === 'table') return table(columns, process.stdout.columns);
  const whole = process.stdout.isTTY ? printableJson : onOneLine;
  const line = shown === 'json' ? whole : oneLine;
  return (events: readonly FoundEvent[]) => events.map(({ Record }) => `${line(Record)}\n`).join('');
}

/** Native records keep the line breaks between their members; none can stand in a string of JSON. */
const onOneLine = (json: string): string => json.replace(/[\r\n]+/g, ' ');

const tellBehind = ({ EventsBehind: behind }: Answer) => {
  if (behind > 0) note(`${behind} events have been accepted that cannot be searched yet`);
};

export interface FigureOptions {
  readonly found: Found;
  readonly facets: readonly string[];
  /** undefined: as many as the server gives. */
  readonly facetLimit: number | undefined;
  readonly histogram: boolean;
  readonly count: boolean;
  readonly json: boolean;
}

/** `opentrail search --count`, `--facets`, `--histogram`: figures of all events that a filter finds, instead of the events. */
export async function searchFigures(client: OpenTrailClient, options: FigureOptions): Promise<number> {
  const { found, facets, facetLimit, histogram, count, json } = options;
  const answer = await ask(client, {
    ...asInput(found),
    Limit: 0,
    ...(facets.length > 0 && { Facets: facets, FacetLimit: facetLimit ?? FACET_VALUES_MAX }),
    ...(histogram && { Histogram: { Buckets: HISTOGRAM_LINES } }),
    ...(count && { Count: true }),
  });
  tellBehind(answer);
  const { Count, Facets, Histogram } = answer;
  const parts = json
    ? [printableJson(JSON.stringify({ Count, Facets, Histogram }, undefined, 2))]
    : [
        ...(Count === undefined ? [] : [String(Count)]),
        ...(Facets ?? []).map(facetText),
        ...(Histogram ? [histogramText(Histogram)] : []),
      ];
  process.stdout.write(`${parts.join('\n\n')}\n`);
  return 0;
}

/** SearchEvents' own limit. */
const FACET_VALUES_MAX = 1_000;
/** A screen's. */
const HISTOGRAM_LINES = 30;
const BAR_CHARS = 40;

const bar = (count: number, max: number): string => '█'.repeat(Math.max(1, Math.round((count / max) * BAR_CHARS)));

function facetText({ Field, Values, DistinctCount }: Facet): string {
  const [most] = Values;
  if (!most) return `${printable(Field)}: no event has one`;
  const width = String(most.Count).length;
  const lines = Values.map(({ Value, Count }) => `  ${String(Count).padStart(width)}  ${printable(Value)}`);
  const rest = DistinctCount - Values.length;
  return [printable(Field), ...lines, ...(rest > 0 ? [`  and ${rest} more`] : [])].join('\n');
}

function histogramText({ IntervalSeconds = 1, Buckets }: Histogram): string {
  const counts = new Map(Buckets.map((bucket) => [Date.parse(bucket.StartTime), bucket]));
  const starts = [...counts.keys()];
  const last = starts.at(-1);
  if (last === undefined) return 'no events';
  const max = Math.max(...Buckets.map(({ Count }) => Count));
  const width = String(max).length;
  const lines: string[] = [];
  for (let start = starts[0]!; start <= last; start += IntervalSeconds * 1000) {
    const { Count, ErrorCount } = counts.get(start) ?? { Count: 0, ErrorCount: 0 };
    const time = new Date(start).toISOString().replace('.000Z', 'Z');
    const errors = ErrorCount > 0 ? ` (${ErrorCount} with errors)` : '';
    lines.push(`${time}  ${String(Count).padStart(width)}  ${Count > 0 ? bar(Count, max) : ''}${errors}`.trimEnd());
  }
  return lines.join('\n');
}

/** How many at most: a number, or all. @throws OperatorError */
export function limitOf(text: string, flag = '--limit'): number | undefined {
  if (text === 'all') return undefined;
  const limit = Number(text);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new OperatorError(`${flag} takes a number or 'all', not ${JSON.stringify(text)}.`);
}
