import type { MetricStore } from '../../ports/metrics.ts';
import type { Handler } from '../../wire/service.ts';
import type { MetricDataQuery } from './api.ts';
import { invalidValue } from './errors.ts';
import { createResults, planQueries } from './metric-data.ts';
import { makeToken, readToken } from './tokens.ts';
import { checkRange } from './validate.ts';

const QUERIES_MAX = 500;
/** "The maximum number of data points the request should return before paginating": this is also what is usual. */
const DATAPOINTS_MAX = 100_800;

interface Input {
  readonly MetricDataQueries?: readonly MetricDataQuery[];
  readonly StartTime?: Date;
  readonly EndTime?: Date;
  readonly NextToken?: string;
  readonly ScanBy?: string;
  readonly MaxDatapoints?: number;
}

/** Where a page begins: the query, and how many of its values came before. */
type PageStart = readonly [query: number, values: number];

export function createGetMetricData(store: MetricStore): Handler {
  return async (context, input: Input) => {
    const plan = planQueries(input.MetricDataQueries ?? [], QUERIES_MAX);
    const { startMs, endMs } = checkRange(input.StartTime, input.EndTime);
    const pageMax = input.MaxDatapoints ?? DATAPOINTS_MAX;
    if (!(Number.isInteger(pageMax) && pageMax > 0 && pageMax <= DATAPOINTS_MAX)) {
      throw invalidValue(`The parameter MaxDatapoints must be from 1 to ${DATAPOINTS_MAX}.`);
    }
    const scan = input.ScanBy ?? 'TimestampDescending';
    if (scan !== 'TimestampDescending' && scan !== 'TimestampAscending') {
      throw invalidValue('The parameter ScanBy must be TimestampDescending or TimestampAscending.');
    }
    const { NextToken: token, ...asked } = input;
    const place = { accountId: context.caller.accountId, region: context.region };
    const results = createResults({ store, place, plan }, Math.floor(startMs / 1000), Math.ceil(endMs / 1000), true);
    const returned = plan.queries.filter(({ ReturnData = true }) => ReturnData);
    const [first, skipped] = token === undefined ? [0, 0] : readToken<PageStart>(token, asked);
    const MetricDataResults: object[] = [];
    let room = pageMax;
    for (let at = first; at < returned.length; at++) {
      let skip = at === first ? skipped : 0;
      let seen = 0;
      for (const { id, label, values } of await results.of(returned[at]!)) {
        const sorted = [...values].sort(([a], [b]) => (scan === 'TimestampAscending' ? a - b : b - a));
        const left = sorted.slice(skip);
        skip = Math.max(0, skip - sorted.length);
        const page = left.slice(0, room);
        seen += sorted.length - left.length + page.length;
        room -= page.length;
        const isWhole = page.length === left.length;
        MetricDataResults.push({
          Id: id,
          Label: label,
          Timestamps: page.map(([second]) => new Date(second * 1000)),
          Values: page.map(([, value]) => value),
          StatusCode: isWhole ? 'Complete' : 'PartialData',
        });
        if (!isWhole) {
          const NextToken = makeToken([at, seen] satisfies PageStart, asked);
          return { MetricDataResults, Messages: [], NextToken };
        }
      }
    }
    return { MetricDataResults, Messages: [] };
  };
}
