import { setImmediate } from 'node:timers/promises';
import { uuid } from '../../base/random.ts';
import type { Handler } from '../../wire/service.ts';
import type { LogsDeps } from './deps.ts';
import { invalid, logsError, unsupported } from './errors.ts';
import { type Groups, placeOf } from './group-store.ts';
import { QueryError } from './insights/lex.ts';
import { parseQuery, ROWS_MAX } from './insights/parse.ts';
import { QueryThread } from './insights/query-thread.ts';
import type { QueryEvent } from './insights/row.ts';
import type { ResultRow } from './insights/run.ts';
import { expiredBefore, type Group, type Place } from './model.ts';
import { makeToken, pageOf, readToken } from './pages.ts';
import { pointerTo } from './pointers.ts';

type Status = 'Scheduled' | 'Running' | 'Complete' | 'Failed' | 'Cancelled' | 'Timeout';

interface QueryState extends Place {
  readonly id: string;
  readonly query: string;
  readonly groups: readonly Group[];
  /** Milliseconds, the end included. */
  readonly startMs: number;
  readonly endMs: number;
  readonly limit: number;
  readonly createdMs: number;
  readonly startedMs: number;
  status: Status;
  rows: readonly ResultRow[];
  resultChars: number;
  matched: number;
  scanned: number;
  bytes: number;
  groupsScanned: number;
  durationMs: number;
  stop: () => void;
}

interface StartInput {
  readonly startTime: number;
  readonly endTime: number;
  readonly queryString: string;
  readonly queryLanguage?: string;
  readonly logGroupName?: string;
  readonly logGroupNames?: readonly string[];
  readonly logGroupIdentifiers?: readonly string[];
  readonly limit?: number;
}

/** At once; the others wait their turn. Each has a thread, and this machine has other things to do. */
const RUNNING_MAX = 2;
/** AWS's quota, of running and scheduled queries of an account. */
const ACCOUNT_QUERIES_MAX = 30;
/** AWS's: a query that takes longer ends as Timeout. */
const QUERY_MS_MAX = 60 * 60_000;
/** Of one slice of work in the thread: only an expression without end takes as long. */
const SLICE_MS_MAX = 60_000;
/** Queries whose results are kept in memory, of all accounts, and characters of these; AWS keeps them for a week. */
const KEPT_MAX = 200;
const KEPT_CHARS_MAX = 64 << 20;
const GROUPS_MAX = 50;
/** Times of queries are seconds; what cannot be that is taken for milliseconds, as AWS does. */
const SECONDS_MAX = 1e11;
/** Given to the thread at a time: copying it keeps everybody else waiting. */
const SLICE_CHARS = 1 << 20;
/** Reckoned, of an event besides its message. */
const EVENT_CHARS = 300;

/** Logs Insights. Queries and their results are in memory: a restart ends and forgets them. */
export function createQueries(deps: Pick<LogsDeps, 'store' | 'clock' | 'random' | 'logger'>, groups: Groups) {
  const { store, clock, random, logger } = deps;
  const known = new Map<string, QueryState>();
  const scheduled: QueryState[] = [];
  let running = 0;

  const isOpen = ({ status }: QueryState) => status === 'Scheduled' || status === 'Running';

  function next(): void {
    while (running < RUNNING_MAX && scheduled.length > 0) {
      const query = scheduled.shift()!;
      if (query.status !== 'Scheduled') continue;
      running++;
      void run(query).finally(() => {
        running--;
        next();
      });
    }
  }

  /** Never rejects. */
  async function run(query: QueryState): Promise<void> {
    query.status = 'Running';
    const thread = new QueryThread({ query: query.query, limit: query.limit });
    const end = (status: Status) => {
      if (isOpen(query)) query.status = status;
      void thread.stop();
    };
    query.stop = () => end('Cancelled');
    const cancelWhole = clock.after(QUERY_MS_MAX, () => end('Timeout'));
    const limited = async <T>(work: Promise<T>): Promise<T> => {
      const cancel = clock.after(SLICE_MS_MAX, () => end('Timeout'));
      return work.finally(cancel);
    };
    try {
      for (const group of query.groups) {
        const more = await scan(query, group, (events) => limited(thread.add(events)));
        query.groupsScanned++;
        if (!more) break;
      }
      const { rows, matched } = await limited(thread.end());
      query.rows = rows;
      query.resultChars = charsOf(rows);
      query.matched = matched;
      if (isOpen(query)) query.status = 'Complete';
    } catch (error) {
      if (isOpen(query)) {
        query.status = 'Failed';
        logger.warn({ err: error, queryId: query.id }, 'a query of log groups failed');
      }
    }
    cancelWhole();
    forgetOld();
    query.durationMs = clock.monotonicMs() - query.startedMs;
    await thread.stop();
  }

  /** The newest first. @returns false when no more is wanted */
  async function scan(
    query: QueryState,
    group: Group,
    add: (events: readonly QueryEvent[]) => Promise<{ readonly more: boolean; readonly matched: number }>,
  ): Promise<boolean> {
    const names = new Map((await groups.streams(group)).map(({ name, number }) => [number, name]));
    const range = {
      ...{ streams: new Set(names.keys()), backward: true, endMs: query.endMs + 1 },
      startMs: Math.max(query.startMs, expiredBefore(group, clock.now())),
    };
    const log = `${group.accountId}:${group.name}`;
    let slice: QueryEvent[] = [];
    let chars = 0;
    const give = async (): Promise<boolean> => {
      const { more, matched } = await add(slice);
      query.bytes += chars - slice.length * EVENT_CHARS;
      query.matched = matched;
      slice = [];
      chars = 0;
      return more && isOpen(query);
    };
    for await (const page of store.read(group.id, range)) {
      for (const event of page) {
        const { timestampMs, ingestedMs, message, stream } = event;
        const pointer = pointerTo(group.id, event);
        slice.push({ timestampMs, ingestedMs, message, logStream: names.get(stream)!, log, pointer });
        query.scanned++;
        chars += message.length + EVENT_CHARS;
      }
      if (chars >= SLICE_CHARS && !(await give())) return false;
      await setImmediate(); // others have their turn between pages
    }
    return slice.length === 0 || give();
  }

  function find({ accountId, region }: Place, id: string): QueryState {
    const query = known.get(id);
    if (query?.accountId === accountId && query.region === region) return query;
    throw logsError('ResourceNotFoundException', 'Query does not exist.');
  }

  /** Forgets the oldest results when there are too many. */
  function forgetOld(): void {
    let chars = [...known.values()].reduce((sum, query) => sum + query.resultChars, 0);
    for (const [id, old] of known) {
      if (known.size <= KEPT_MAX && chars <= KEPT_CHARS_MAX) break;
      if (isOpen(old)) continue;
      known.delete(id);
      chars -= old.resultChars;
    }
  }

  const handlers: Record<string, Handler> = {
    StartQuery: async (context, input: StartInput) => {
      if (input.queryLanguage !== undefined && input.queryLanguage !== 'CWLI') {
        throw unsupported(`queries in ${input.queryLanguage}: use CWLI, the language of Logs Insights`);
      }
      const place = placeOf(context);
      const named = [input.logGroupName && [input.logGroupName], input.logGroupNames, input.logGroupIdentifiers];
      const given = named.filter((names) => names !== undefined && names !== '');
      if (given.length !== 1) {
        throw invalid('Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be given.');
      }
      const names = [...new Set(given[0] as readonly string[])].slice(0, GROUPS_MAX);
      checkQuery(input.queryString);
      const chosen = await Promise.all(names.map((name) => groups.named(context, { logGroupIdentifier: name })));
      const [startMs, endMs] = [millisecondsOf(input.startTime), millisecondsOf(input.endTime)];
      if (startMs > endMs) throw invalid('startTime must not be later than endTime.');
      const open = [...known.values()].filter((query) => query.accountId === place.accountId && isOpen(query));
      if (open.length >= ACCOUNT_QUERIES_MAX) {
        throw logsError('LimitExceededException', `At most ${ACCOUNT_QUERIES_MAX} queries can be open at once.`);
      }
      const query: QueryState = {
        ...{ ...place, id: uuid(random), query: input.queryString, groups: chosen, startMs, endMs },
        ...{ limit: input.limit ?? ROWS_MAX, createdMs: clock.now(), startedMs: clock.monotonicMs() },
        ...{
          status: 'Scheduled',
          rows: [],
          resultChars: 0,
          matched: 0,
          scanned: 0,
          bytes: 0,
          groupsScanned: 0,
          durationMs: 0,
        },
        stop() {
          query.status = 'Cancelled';
        },
      };
      known.set(query.id, query);
      forgetOld();
      scheduled.push(query);
      next();
      return { queryId: query.id };
    },
    GetQueryResults: async (
      context,
      input: { readonly queryId: string; readonly nextToken?: string; readonly maxItems?: number },
    ) => {
      const query = find(placeOf(context), input.queryId);
      const listed = ['GetQueryResults', query.id];
      const from = input.nextToken === undefined ? 0 : Number(readToken(input.nextToken, listed));
      const to = from + (input.maxItems ?? ROWS_MAX);
      return {
        queryLanguage: 'CWLI',
        results: query.rows.slice(from, to).map((row) => row.map(([field, value]) => ({ field, value }))),
        statistics: {
          ...{ recordsMatched: query.matched, recordsScanned: query.scanned, bytesScanned: query.bytes },
          ...{ estimatedRecordsSkipped: 0, estimatedBytesSkipped: 0, logGroupsScanned: query.groupsScanned },
        },
        status: query.status,
        ...(to < query.rows.length && { nextToken: makeToken(String(to), listed) }),
      };
    },
    StopQuery: async (context, { queryId }: { readonly queryId: string }) => {
      const query = find(placeOf(context), queryId);
      if (!isOpen(query)) throw invalid(`Query ${queryId} is not running: its status is ${query.status}.`);
      query.stop();
      return { success: true };
    },
    DescribeQueries: async (
      context,
      input: {
        readonly logGroupName?: string;
        readonly status?: string;
        readonly maxResults?: number;
        readonly nextToken?: string;
      },
    ) => {
      const { accountId, region } = placeOf(context);
      const mine = [...known.values()]
        .filter((query) => query.accountId === accountId && query.region === region)
        .filter(({ status }) => input.status === undefined || status === input.status)
        .filter((query) => input.logGroupName === undefined || query.groups.some((g) => g.name === input.logGroupName))
        .sort((a, b) => (orderOf(a) < orderOf(b) ? 1 : -1));
      const listed = ['DescribeQueries', input.logGroupName ?? null, input.status ?? null];
      const { page, nextToken } = pageOf(mine, orderOf, { ...input, limit: input.maxResults ?? 100 }, listed, true);
      return {
        queries: page.map((query) => ({
          queryLanguage: 'CWLI',
          queryId: query.id,
          queryString: query.query,
          status: query.status,
          createTime: query.createdMs,
          logGroupName: query.groups.map(({ name }) => name).join(', '),
          bytesScanned: query.bytes,
          queryDuration: Math.round(query.durationMs),
        })),
        ...(nextToken && { nextToken }),
      };
    },
  };

  return {
    handlers,
    /** Ends all that run. */
    close(): void {
      for (const query of known.values()) if (isOpen(query)) query.stop();
    },
  };
}

const charsOf = (rows: readonly ResultRow[]): number =>
  rows.reduce((sum, row) => row.reduce((inner, [name, value]) => inner + name.length + value.length, sum), 0);

const orderOf = ({ createdMs, id }: QueryState): string => `${String(createdMs).padStart(20, '0')}/${id}`;

const millisecondsOf = (time: number): number => (time < SECONDS_MAX ? time * 1000 : time);

function checkQuery(query: string): void {
  try {
    parseQuery(query);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw logsError('MalformedQueryException', `${error.message} at character ${error.position}`);
  }
}
