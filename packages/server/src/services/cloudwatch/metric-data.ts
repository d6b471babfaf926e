import { AwsError } from '../../base/errors.ts';
import type { MetricStore } from '../../ports/metrics.ts';
import type { MetricDataQuery } from './api.ts';
import { invalid, invalidValue } from './errors.ts';
import { evaluateExpression, type Scope, type Series, type Value } from './expression.ts';
import { type Expression, namesIn, parseExpression } from './expression-parse.ts';
import { type Place, readStat } from './query.ts';
import { checkMetricStat, checkPeriod } from './validate.ts';

/** Values that the queries of one request may read and make of them: seconds of work and some 200 MB of memory at most. */
const POINTS_MAX = 5_000_000;

const ID = /^[a-z]\w{0,254}$/;

/** Queries that were checked: what each reads, and what it needs of the others. */
export interface Plan {
  readonly queries: readonly MetricDataQuery[];
  /** Of the query: its own, or the longest of those it is made of. Seconds. */
  periodOf(id: string): number;
  expressionOf(id: string): Expression | undefined;
}

/** @throws AwsError for queries that make no sense, alone or together */
export function planQueries(queries: readonly MetricDataQuery[], queriesMax: number): Plan {
  if (queries.length === 0 || queries.length > queriesMax) {
    throw invalidValue(`The collection MetricDataQueries must have from 1 to ${queriesMax} members.`);
  }
  const byId = new Map<string, MetricDataQuery>();
  const expressions = new Map<string, Expression>();
  for (const query of queries) {
    const { Id, MetricStat, Expression } = query;
    if (!ID.test(Id ?? '')) {
      throw invalid(
        `The id ${JSON.stringify(Id)} must begin with a lower-case letter, and have letters, digits and _.`,
      );
    }
    if (byId.has(Id)) throw invalid(`The id ${Id} stands for more than one query.`);
    byId.set(Id, query);
    if ((MetricStat === undefined) === (Expression === undefined)) {
      throw invalid(`The query ${Id} must have either MetricStat or Expression.`);
    }
    if (MetricStat) checkMetricStat(MetricStat);
    if (query.Period !== undefined) checkPeriod(query.Period);
    if (Expression !== undefined) expressions.set(Id, parseQuery(Id, Expression));
  }
  const periods = new Map<string, number>();
  for (const { Id } of queries) periodOf(Id, []);
  return {
    queries,
    periodOf: (id) => periods.get(id)!,
    expressionOf: (id) => expressions.get(id),
  };

  function periodOf(id: string, path: readonly string[]): number {
    const known = periods.get(id);
    if (known !== undefined) return known;
    const query = byId.get(id);
    if (!query) throw invalid(`Error in expression '${path.at(-1)}': undefined variable ${id.slice(0, 255)}.`);
    if (path.includes(id)) throw invalid(`The expressions ${path.join(', ')} need each other.`);
    const { names, all } = namesIn(expressions.get(id) ?? { is: 'number', value: 0 });
    const needed = [...names].filter((name) => name !== 'REPEAT' && name !== 'LINEAR');
    if (all) needed.push(...queries.filter((q) => q.MetricStat).map((q) => q.Id));
    const inner = needed.map((name) => periodOf(name, [...path, id]));
    const period = query.MetricStat?.Period ?? Math.max(query.Period ?? 0, ...inner, inner.length === 0 ? 60 : 0);
    periods.set(id, period);
    return period;
  }
}

function parseQuery(id: string, source: string): Expression {
  if (/^\s*(SELECT|SEARCH)\b/i.test(source)) {
    throw invalid(
      `Error in expression '${id}': SEARCH expressions and Metrics Insights queries are not supported by OpenTrail.`,
    );
  }
  try {
    return parseExpression(source);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw invalid(`Error in expression '${id}': ${error.message}`);
  }
}

export interface Result {
  readonly id: string;
  readonly label: string;
  readonly values: Series;
}

/** What each query comes to between two times, worked out when it is asked for. @param end not included; seconds */
export function createResults(
  { store, place, plan }: { readonly store: MetricStore; readonly place: Place; readonly plan: Plan },
  start: number,
  end: number,
  /** Periods begin where clocks would have them begin, or else at `start`. */
  aligned: boolean,
) {
  const known = new Map<string, Promise<Value>>();
  const byId = new Map(plan.queries.map((query) => [query.Id, query]));
  let points = 0;

  const spend = (values: number) => {
    points += values;
    if (points > POINTS_MAX) {
      throw invalid('The queries would work out too many datapoints. Ask for less time, or longer periods.');
    }
  };

  const startOf = (period: number) => (aligned ? Math.floor(start / period) * period : start);

  function lookUp(id: string): Promise<Value> {
    let value = known.get(id);
    if (!value) {
      value = compute(byId.get(id)!);
      known.set(id, value);
    }
    return value;
  }

  async function compute(query: MetricDataQuery): Promise<Value> {
    const period = plan.periodOf(query.Id);
    spend((end - start) / period);
    if (query.MetricStat) {
      const foreign = query.AccountId !== undefined && query.AccountId !== place.accountId;
      if (foreign) return new Map();
      const read = await readStat(store, place, query.MetricStat, startOf(period), end);
      return new Map([...read].map(([second, { value }]) => [second, value]));
    }
    const seconds: number[] = [];
    for (let second = startOf(period); second < end; second += period) seconds.push(second);
    const metrics = async (part: string) => {
      const ids = plan.queries.filter((q) => q.MetricStat && q.Id.includes(part)).map((q) => q.Id);
      return (await Promise.all(ids.map(lookUp))) as Series[];
    };
    const scope: Scope = { lookUp, metrics, seconds, period, spend };
    try {
      return await evaluateExpression(plan.expressionOf(query.Id)!, scope);
    } catch (error) {
      if (!(error instanceof AwsError) || error.message.startsWith('Error in expression')) throw error;
      throw invalid(`Error in expression '${query.Id}': ${error.message}`);
    }
  }

  return {
    /** Several, where an expression comes to an array. @throws AwsError when it is no metric */
    async of(query: MetricDataQuery): Promise<readonly Result[]> {
      const value = await lookUp(query.Id);
      const label = query.Label ?? query.MetricStat?.Metric.MetricName ?? query.Id;
      if (value instanceof Map) return [{ id: query.Id, label, values: value }];
      if (Array.isArray(value)) return value.map((values) => ({ id: query.Id, label, values }));
      throw invalid(`The expression of ${query.Id} comes to a single value, and must come to a metric.`);
    },
  };
}
