import type { Event, LookupAttribute, LookupEventsRequest, LookupEventsResponse } from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import type { History, HistoryCursor, HistoryHit, HistoryQuery, LookupKey } from '../../ports/history.ts';
import { type InsightFacts, insightFacts } from '../../trails/insights.ts';
import { makePageToken, readPageToken } from '../../wire/page-token.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { CloudTrailDeps } from './deps.ts';

const RESULTS_MAX = 50;
const VALUE_LENGTH_MAX = 2000;
const HISTORY_DAYS = 90;
const DAY_MS = 86_400_000;
/** The last moment that a Date can hold: "up to the newest". */
const END_OF_TIME_MS = 8.64e15;

/** The attributes that can be asked for, by category. */
const KEYS: Readonly<Record<HistoryQuery['category'], readonly string[]>> = {
  Management: [
    'EventId',
    'EventName',
    'ReadOnly',
    'Username',
    'ResourceType',
    'ResourceName',
    'EventSource',
    'AccessKeyId',
  ] satisfies LookupKey[],
  Insight: ['EventId', 'EventName', 'EventSource'] satisfies LookupKey[],
};

/**
 * LookupEvents: Event history, newest first (spec: history); with EventCategory insight the Insights of management events,
 * whichever trail they are for: those of data events are for ListInsightsData.
 */
export function createLookupEvents(deps: CloudTrailDeps): Handler {
  return (context, input: LookupEventsRequest) =>
    lookUp(deps, context, input, [], ({ sourceEventCategory }) => sourceEventCategory !== 'Data');
}

/**
 * A page of Event history.
 * @param about what its tokens are good for, beside the input
 * @param shows which Insights, where these are asked for
 */
export async function lookUp(
  deps: Pick<CloudTrailDeps, 'history' | 'historyDays' | 'clock'>,
  context: CallContext,
  input: LookupEventsRequest,
  about: readonly string[],
  shows: (facts: InsightFacts) => boolean,
): Promise<LookupEventsResponse> {
  const query = parseQuery(context, input, deps.clock.now(), deps.historyDays ?? HISTORY_DAYS);
  const { NextToken: token, ...parameters } = input;
  const bound = [context.caller.accountId, context.region, canonical(parameters), ...about];
  const whole = { ...query, ...(token === undefined ? {} : { after: readPlace(token, bound) }) };
  const { hits, next } = await (query.category === 'Insight'
    ? lookUpInsights(deps.history, whole, shows)
    : deps.history.lookup(whole));
  return {
    Events: hits.map(asEvent),
    ...(next === undefined ? {} : { NextToken: makePageToken([next.timeMs, next.sequence], bound) }),
  };
}

/** Looks on for those that are to be shown; after this many looks the page is short, and the next one goes on. */
const LOOKS_MAX = 20;

/** What an Insight is about is not in its header: history has all kinds under one category. */
async function lookUpInsights(
  history: Pick<History, 'lookup'>,
  query: HistoryQuery,
  shows: (facts: InsightFacts) => boolean,
): ReturnType<History['lookup']> {
  const hits: HistoryHit[] = [];
  let after = query.after;
  for (let look = 0; look < LOOKS_MAX; look++) {
    const limit = query.limit - hits.length;
    const page = await history.lookup({ ...query, limit, ...(after && { after }) });
    hits.push(...page.hits.filter(({ json }) => shows(insightFacts(json))));
    if (page.next === undefined) return { hits };
    after = page.next;
    if (hits.length === query.limit) break;
  }
  return { hits, ...(after && { next: after }) };
}

function readPlace(token: string, bound: unknown): HistoryCursor {
  const [timeMs, sequence] = readPageToken(token, 2, bound);
  return { timeMs: timeMs!, sequence: sequence! };
}

/** The parameters in one fixed form, however the request ordered them. */
const canonical = (p: Omit<LookupEventsRequest, 'NextToken'>) => [
  (p.LookupAttributes ?? []).map((a) => [a.AttributeKey, a.AttributeValue]),
  p.StartTime?.getTime(),
  p.EndTime?.getTime(),
  p.EventCategory,
  p.MaxResults,
];

function parseQuery(context: CallContext, input: LookupEventsRequest, nowMs: number, historyDays: number) {
  const category = parseCategory(input.EventCategory);
  const attribute = parseAttribute(input.LookupAttributes ?? [], category);
  return {
    accountId: context.caller.accountId,
    region: context.region,
    category,
    ...(attribute === undefined ? {} : { attribute }),
    ...parseRange(input, nowMs - historyDays * DAY_MS),
    limit: parseLimit(input.MaxResults),
  };
}

function parseCategory(category: string | undefined): HistoryQuery['category'] {
  if (category === undefined) return 'Management';
  if (category === 'insight') return 'Insight';
  throw new AwsError(
    'InvalidEventCategoryException',
    'EventCategory can only be insight; leave it out for management events.',
  );
}

function parseAttribute(attributes: readonly LookupAttribute[], category: HistoryQuery['category']) {
  const [attribute, second] = attributes;
  if (attribute === undefined) return undefined;
  if (second !== undefined) {
    throw new AwsError('InvalidLookupAttributesException', 'You can specify only one lookup attribute at a time.');
  }
  const { AttributeKey: key = '', AttributeValue: value = '' } = attribute;
  if (!KEYS[category].includes(key)) {
    throw new AwsError(
      'InvalidLookupAttributesException',
      `Lookup attribute key ${JSON.stringify(String(key).slice(0, 64))} is not valid. Use one of ${KEYS[category].join(', ')}.`,
    );
  }
  if (value === '' || valueLength(value) > VALUE_LENGTH_MAX) {
    throw new AwsError(
      'InvalidLookupAttributesException',
      `A lookup attribute value must have 1 to ${VALUE_LENGTH_MAX} characters; underscores, spaces, commas and newlines count as two.`,
    );
  }
  return { key: key as LookupKey, value };
}

const valueLength = (value: string) => value.length + (value.match(/[_ ,\n]/g)?.length ?? 0);

/** Both ends are inclusive; what is older than the history is not asked for. */
function parseRange(input: LookupEventsRequest, oldestMs: number): { startMs: number; endMs: number } {
  const startMs = input.StartTime?.getTime() ?? oldestMs;
  const endMs = input.EndTime?.getTime() ?? END_OF_TIME_MS;
  const reversed = input.StartTime !== undefined && startMs > endMs;
  if (Number.isNaN(startMs) || Number.isNaN(endMs) || reversed) {
    throw new AwsError(
      'InvalidTimeRangeException',
      'StartTime and EndTime must be valid times, and StartTime must not be after EndTime.',
    );
  }
  return { startMs: Math.max(startMs, oldestMs), endMs };
}

function parseLimit(maxResults: number | undefined): number {
  const limit = maxResults ?? RESULTS_MAX;
  if (Number.isInteger(limit) && limit >= 1 && limit <= RESULTS_MAX) return limit;
  throw new AwsError('InvalidMaxResultsException', `MaxResults must be between 1 and ${RESULTS_MAX}.`);
}

/** A record as LookupEvents shows it: what it is found by, beside the record itself as a string (spec: history §3). */
function asEvent({ header, json }: HistoryHit): Event {
  return {
    EventId: header.eventId,
    EventName: header.eventName,
    ...(header.readOnly === undefined ? {} : { ReadOnly: String(header.readOnly) }),
    ...(header.accessKeyId === '' ? {} : { AccessKeyId: header.accessKeyId }),
    EventTime: new Date(header.timeMs),
    EventSource: header.eventSource,
    ...(header.username === '' ? {} : { Username: header.username }),
    Resources: header.resources.map(([type, name]) => ({
      ...(type === '' ? {} : { ResourceType: type }),
      ResourceName: name,
    })),
    CloudTrailEvent: json.toString('utf8'),
  };
}
