import { isExtendedStatistic, STATISTICS, statisticOf } from '../../alarms/statistics.ts';
import type { MetricStore } from '../../ports/metrics.ts';
import type { Handler } from '../../wire/service.ts';
import type { Dimension, MetricName } from './api.ts';
import { cloudWatchError, invalidValue, required } from './errors.ts';
import { byPeriod, findSeries } from './query.ts';
import { pageOf } from './tokens.ts';
import { checkMetric, checkPeriod, checkRange, checkUnit } from './validate.ts';

/** "The maximum number of data points returned from a single call is 1,440." */
const DATAPOINTS_MAX = 1440;
const METRICS_PAGE = 500;
/** Metrics without values for so long are not listed any more. */
const LISTED_SECONDS = 14 * 86_400;
const RECENT_SECONDS = 3 * 3600;
const FILTERS_MAX = 10;

interface StatisticsInput extends Partial<MetricName> {
  readonly StartTime?: Date;
  readonly EndTime?: Date;
  readonly Period?: number;
  readonly Statistics?: readonly string[];
  readonly ExtendedStatistics?: readonly string[];
  readonly Unit?: string;
}

interface ListInput {
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly Partial<Dimension>[];
  readonly NextToken?: string;
  readonly RecentlyActive?: string;
  readonly IncludeLinkedAccounts?: boolean;
  readonly OwningAccount?: string;
}

export function createMetricReads(store: MetricStore): Record<string, Handler> {
  return {
    GetMetricStatistics: async (context, input: StatisticsInput) => {
      const { name } = checkMetric(input);
      const { startMs, endMs } = checkRange(input.StartTime, input.EndTime);
      const period = checkPeriod(input.Period);
      const { simple, extended } = checkStatistics(input);
      const grain = Math.min(period, 60);
      const start = Math.floor(startMs / 1000 / grain) * grain;
      const end = Math.ceil(endMs / 1000);
      if ((end - start) / period > DATAPOINTS_MAX) {
        throw cloudWatchError(
          'InvalidParameterCombinationException',
          `You have requested up to ${Math.ceil((end - start) / period)} datapoints, which exceeds the limit of ${DATAPOINTS_MAX}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
        );
      }
      const place = { accountId: context.caller.accountId, region: context.region };
      const unit = checkUnit(input.Unit);
      const Datapoints: object[] = [];
      for (const { id, unit: Unit } of findSeries(store, place, input as MetricName, unit)) {
        for (const figures of byPeriod(await store.read(id, start, end), start, period).values()) {
          const values = simple.map((stat) => [stat, statisticOf(stat, figures)]);
          const ofValues = extended.flatMap((stat) => {
            const value = statisticOf(stat, figures);
            return value === undefined ? [] : [[stat, value]];
          });
          Datapoints.push({
            Timestamp: new Date(figures.second * 1000),
            ...Object.fromEntries(values),
            ...(ofValues.length > 0 && { ExtendedStatistics: Object.fromEntries(ofValues) }),
            Unit,
          });
        }
      }
      return { Label: name, Datapoints };
    },

    ListMetrics: async (context, input: ListInput) => {
      if (input.RecentlyActive !== undefined && input.RecentlyActive !== 'PT3H') {
        throw invalidValue('The parameter RecentlyActive must be PT3H.');
      }
      const filters = input.Dimensions ?? [];
      if (filters.length > FILTERS_MAX) throw invalidValue(`At most ${FILTERS_MAX} dimensions can be asked for.`);
      for (const [i, { Name }] of filters.entries()) required(Name, `Dimensions.member.${i + 1}.Name`);
      const { accountId } = context.caller;
      const foreign = input.OwningAccount !== undefined && input.OwningAccount !== accountId;
      const seconds = input.RecentlyActive === undefined ? LISTED_SECONDS : RECENT_SECONDS;
      const oldest = context.timeMs / 1000 - seconds;
      const found = new Map<string, MetricName>();
      for (const series of foreign ? [] : store.series(accountId, context.region)) {
        if (series.lastSecond < oldest) continue;
        if (input.Namespace !== undefined && series.namespace !== input.Namespace) continue;
        if (input.MetricName !== undefined && series.name !== input.MetricName) continue;
        const has = ({ Name, Value }: Partial<Dimension>) =>
          series.dimensions.some(({ name, value }) => name === Name && (Value === undefined || value === Value));
        if (!filters.every(has)) continue;
        const Dimensions = series.dimensions.map(({ name, value }) => ({ Name: name, Value: value }));
        const metric = { Namespace: series.namespace, MetricName: series.name, Dimensions };
        found.set(JSON.stringify(metric), metric);
      }
      const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
      const { NextToken: token, ...asked } = input;
      const { page, ...rest } = pageOf(sorted, ([key]) => key, token, METRICS_PAGE, asked);
      const owners = input.IncludeLinkedAccounts === true && { OwningAccounts: page.map(() => accountId) };
      return { Metrics: page.map(([, metric]) => metric), ...owners, ...rest };
    },
  };
}

function checkStatistics({ Statistics: simple = [], ExtendedStatistics: extended = [] }: StatisticsInput) {
  if (simple.length === 0 && extended.length === 0) {
    throw cloudWatchError(
      'MissingRequiredParameterException',
      'At least one of the parameters Statistics and ExtendedStatistics must be specified.',
    );
  }
  if (simple.length > 5 || extended.length > 10) throw invalidValue('Too many statistics are asked for at once.');
  const wrong = simple.find((s) => !STATISTICS.includes(s)) ?? extended.find((s) => !isExtendedStatistic(s));
  if (wrong === undefined) return { simple, extended };
  throw invalidValue(`The value ${wrong.slice(0, 255)} is not a statistic of CloudWatch.`);
}
