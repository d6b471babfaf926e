import {
  LAKE_BUCKETS_MAX,
  LAKE_FACET_VALUES_MAX,
  LAKE_FACETS_MAX,
  LAKE_PAGE_MAX,
  type Lake,
  type LakeCursor,
  type LakeFacet,
  type LakeQuery,
  type LakeRow,
} from '../../ports/lake.ts';
import type { Sequence } from '../../ports/log.ts';
import { makePageToken, readPageToken } from '../../wire/page-token.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import { limitAtOnce } from './at-once.ts';
import type { SearchDeps } from './deps.ts';
import { histogramRange, intervalOf } from './histogram.ts';
import { checkFields, invalid, readSearchQuery, type SearchInput, within } from './search-query.ts';
import { caughtUp, orGone } from './searches.ts';
import { whoseRecords } from './whose-records.ts';

const LIMIT = 50;
const FACET_VALUES = 10;
const BUCKETS = 60;
/** Waiting longer would say more of what is new, and keep people waiting for what is old. */
const WAIT_MS_MAX = 1_000;
/** A page of the console asks four at a time. */
const AT_ONCE = { what: 'searches', max: 64, ofAccountMax: 32 };
/** Records of one answer: a page ends early rather than past it, for a thousand of the largest would have 1 GB. */
const PAGE_BYTES_MAX = 8 * 1024 * 1024;
/** Rows that are fetched at a time, whose sizes nobody knows before. */
const FETCH_ROWS_MAX = 100;

/** Where the next page begins, and what was there when the first one was made. Whose records are seen is asked anew for each. */
interface SearchPlace extends LakeCursor {
  readonly upTo: Sequence;
}

function readPlace(token: string, bound: unknown): SearchPlace {
  const [timeMs, sequence, upTo] = readPageToken(token, 3, bound);
  return { timeMs: timeMs!, sequence: sequence!, upTo: upTo! };
}

interface SearchEventsInput extends SearchInput {
  readonly Limit?: number;
  readonly NextToken?: string;
  readonly Facets?: readonly string[];
  readonly FacetLimit?: number;
  readonly Histogram?: { readonly Buckets?: number };
  readonly Count?: boolean;
}

/**
 * SearchEvents: events by a filter over any of their fields, newest first, with their number, the most frequent values of
 * fields, and their distribution over time, as far as they are asked for. All parts of an answer are about the same events.
 */
export function createSearchEvents(deps: SearchDeps): Handler {
  const { lake, clock } = deps;
  const enter = limitAtOnce(AT_ONCE);
  return async (context, input: SearchEventsInput) => {
    const beganMs = clock.monotonicMs();
    const asked = readInput(input);
    const accounts = await whoseRecords(deps, context, input.AccountId);
    const bound = [context.caller.accountId, canonical(input)];
    const place = input.NextToken === undefined ? undefined : readPlace(input.NextToken, bound);
    const release = enter(context.caller.accountId);
    try {
      const { upTo, behind } = await caughtUp(deps, place?.upTo ?? input.UpTo, context.signal, WAIT_MS_MAX);
      const { filter, startMs, endMs, from } = asked;
      const query: LakeQuery = {
        startMs,
        endMs,
        from,
        upTo,
        ...(accounts && { accounts }),
        ...(filter && { filter }),
      };
      const all = { ...asked, place, input };
      const { page, Count, Facets, Histogram } = await allParts(lake, query, all, context);
      return {
        Events: page.rows.map(shownEvent),
        // A lake that has to catch up again after a restart bounds this page, not those after it.
        ...(page.next && {
          NextToken: makePageToken([page.next.timeMs, page.next.sequence, place?.upTo ?? upTo], bound),
        }),
        ...(Count !== undefined && { Count }),
        ...(Facets && { Facets }),
        ...(Histogram && { Histogram }),
        SearchedUpTo: upTo,
        EventsBehind: behind,
        ElapsedMs: Math.round(clock.monotonicMs() - beganMs),
      };
    } catch (error) {
      throw orGone(context, error);
    } finally {
      release();
    }
  };
}

/** The parameters that say which events are found, in one fixed form. */
const canonical = ({ Filter, StartTime, EndTime, AccountId, Order, From }: SearchEventsInput) => [
  Filter,
  StartTime?.getTime(),
  EndTime?.getTime(),
  AccountId,
  Order,
  From,
];

function readInput(input: SearchEventsInput) {
  const { Limit = LIMIT, Facets = [], FacetLimit = FACET_VALUES, Histogram } = input;
  if (Facets.length > LAKE_FACETS_MAX) throw invalid(`Facets may name ${LAKE_FACETS_MAX} fields.`);
  const fields = checkFields('Facets', Facets);
  if (fields.includes('eventTime')) throw invalid('eventTime has no facet: ask for a Histogram.');
  return {
    ...readSearchQuery(input),
    limit: within('Limit', Limit, 0, LAKE_PAGE_MAX),
    facets: fields,
    facetLimit: within('FacetLimit', FacetLimit, 1, LAKE_FACET_VALUES_MAX),
    buckets: Histogram && within('Histogram.Buckets', Histogram.Buckets ?? BUCKETS, 1, LAKE_BUCKETS_MAX),
  };
}

type Asked = ReturnType<typeof readInput> & {
  readonly place: SearchPlace | undefined;
  readonly input: SearchEventsInput;
};

/** All that is asked for, at once; when one part fails the others are given up. */
async function allParts(lake: Lake, query: LakeQuery, asked: Asked, context: CallContext) {
  const { facets, facetLimit, buckets, input } = asked;
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  try {
    const [page, Count, Facets, Histogram] = await Promise.all([
      readPage(lake, query, asked, signal),
      input.Count ? lake.count(query, signal) : undefined,
      facets.length > 0
        ? lake.facets(query, facets, facetLimit, signal).then((found) => found.map(shownFacet))
        : undefined,
      buckets === undefined
        ? undefined
        : readHistogram(lake, query, buckets, { ...input, nowMs: context.timeMs }, signal),
    ]);
    return { page, Count, Facets, Histogram };
  } catch (error) {
    failed.abort();
    throw error;
  }
}

interface Page {
  readonly rows: readonly LakeRow[];
  readonly next?: LakeCursor;
}

async function readPage(lake: Lake, query: LakeQuery, asked: Asked, signal: AbortSignal): Promise<Page> {
  const { order, limit, place } = asked;
  const rows: LakeRow[] = [];
  let bytes = 0;
  let after: LakeCursor | undefined = place && { timeMs: place.timeMs, sequence: place.sequence };
  while (rows.length < limit) {
    const want = Math.min(limit - rows.length, FETCH_ROWS_MAX);
    const found = await lake.page({ ...query, order, limit: want, ...(after && { after }) }, signal);
    for (const row of found.rows) {
      bytes += row.json.length;
      if (bytes > PAGE_BYTES_MAX && rows.length > 0) return { rows, next: after! };
      rows.push(row);
      after = { timeMs: row.timeMs, sequence: row.sequence };
    }
    if (!found.next) return { rows };
    after = found.next;
  }
  return { rows, ...(limit > 0 && after && { next: after }) };
}

async function readHistogram(
  lake: Lake,
  query: LakeQuery,
  bucketsMax: number,
  { StartTime, EndTime, nowMs }: SearchEventsInput & { readonly nowMs: number },
  signal: AbortSignal,
) {
  const open = { start: StartTime === undefined, end: EndTime === undefined, nowMs };
  const range = await histogramRange(lake, query, open, signal);
  if (!range) return { Buckets: [] };
  const intervalMs = intervalOf(range.startMs, range.endMs, bucketsMax);
  const buckets = await lake.histogram({ ...query, ...range }, intervalMs, signal);
  return {
    IntervalSeconds: intervalMs / 1000,
    Buckets: buckets.map(({ startMs, count, errorCount }) => ({
      StartTime: new Date(startMs),
      Count: count,
      ErrorCount: errorCount,
    })),
  };
}

/** An event as answers hold it. */
export const shownEvent = ({ sequence, accountId, timeMs, json }: LakeRow) => ({
  Sequence: sequence,
  AccountId: accountId,
  EventTime: new Date(timeMs),
  Record: json.toString('utf8'),
});

const shownFacet = ({ field, values, distinctCount }: LakeFacet) => ({
  Field: field,
  Values: values.map(({ value, count }) => ({ Value: value, Count: count })),
  DistinctCount: distinctCount,
});
