import type { MetricPoint, MetricStore, MetricWrite } from '../../ports/metrics.ts';
import type { Handler } from '../../wire/service.ts';
import type { Metrics } from '../doors.ts';
import type { DatumInput } from './api.ts';
import { cloudWatchError, invalidValue } from './errors.ts';
import { checkDimensions, checkName, checkNamespace, checkUnit } from './validate.ts';

/** PutMetricData: so many metrics a request, so many values a metric (API reference). */
const DATA_MAX = 1000;
const VALUES_MAX = 150;
/** How old and how far ahead a value may be. */
const PAST_MS_MAX = 14 * 86_400_000;
const FUTURE_MS_MAX = 2 * 3_600_000;
/** "Values must be in the range of -2^360 to 2^360." */
const VALUE_MAX = 2 ** 360;

interface PutMetricDataInput {
  readonly Namespace?: string;
  readonly MetricData?: readonly DatumInput[];
  readonly EntityMetricData?: readonly { readonly MetricData?: readonly DatumInput[] }[];
}

type Place = { readonly accountId: string; readonly region: string };

export function createPutMetricData(store: MetricStore): Handler {
  return async (context, input: PutMetricDataInput) => {
    const namespace = checkNamespace(input.Namespace);
    const data = [...(input.MetricData ?? []), ...(input.EntityMetricData ?? []).flatMap((e) => e.MetricData ?? [])];
    if (data.length === 0) {
      throw cloudWatchError('MissingRequiredParameterException', 'The parameter MetricData is required.');
    }
    if (data.length > DATA_MAX) {
      throw invalidValue(`The collection MetricData must not have a size greater than ${DATA_MAX}.`);
    }
    const place = { accountId: context.caller.accountId, region: context.region };
    const writes = data.map((datum, i) =>
      writeOf(place, namespace, datum, `MetricData.member.${i + 1}`, context.timeMs),
    );
    await store.put(writes);
    return {};
  };
}

function writeOf(place: Place, namespace: string, datum: DatumInput, at: string, nowMs: number): MetricWrite {
  const timestampMs = datum.Timestamp?.getTime() ?? nowMs;
  if (timestampMs < nowMs - PAST_MS_MAX || timestampMs > nowMs + FUTURE_MS_MAX) {
    throw invalidValue(
      `The parameter ${at}.Timestamp must specify a time no more than two weeks in the past, and no more than two hours in the future.`,
    );
  }
  const { StorageResolution: resolution = 60 } = datum;
  if (resolution !== 1 && resolution !== 60)
    throw invalidValue(`The parameter ${at}.StorageResolution must be 1 or 60.`);
  const series = {
    ...place,
    namespace,
    name: checkName(datum.MetricName, `${at}.MetricName`),
    dimensions: checkDimensions(datum.Dimensions, `${at}.Dimensions`),
    unit: checkUnit(datum.Unit, `${at}.Unit`) ?? 'None',
  };
  const second = Math.floor(timestampMs / 1000);
  return { series, point: { second: second - (second % resolution), ...figuresOf(datum, at) } };
}

function figuresOf(datum: DatumInput, at: string): Omit<MetricPoint, 'second'> {
  const { Value: value, StatisticValues: set, Values: values } = datum;
  if ([value, set, values].filter((given) => given !== undefined).length > 1) {
    throw cloudWatchError(
      'InvalidParameterCombinationException',
      `The parameters ${at}.Value, ${at}.Values and ${at}.StatisticValues are mutually exclusive and you have specified more than one.`,
    );
  }
  if (value !== undefined) return single(finite(value, `${at}.Value`));
  if (values !== undefined) return several(values, datum.Counts, at);
  if (set === undefined) {
    throw cloudWatchError(
      'MissingRequiredParameterException',
      `At least one of the parameters ${at}.Value, ${at}.Values or ${at}.StatisticValues must be specified.`,
    );
  }
  const { SampleCount, Sum, Minimum, Maximum } = set;
  for (const [name, given] of Object.entries({ SampleCount, Sum, Minimum, Maximum })) {
    if (given === undefined) {
      const message = `The parameter ${at}.StatisticValues.${name} is required.`;
      throw cloudWatchError('MissingRequiredParameterException', message);
    }
    finite(given, `${at}.StatisticValues.${name}`);
  }
  if (SampleCount! <= 0) throw invalidValue(`The parameter ${at}.StatisticValues.SampleCount must be greater than 0.`);
  if (Minimum! > Maximum!) {
    throw invalidValue(`The parameter ${at}.StatisticValues.Maximum must not be less than Minimum.`);
  }
  return { sum: Sum!, count: SampleCount!, min: Minimum!, max: Maximum! };
}

const single = (value: number) => ({ sum: value, count: 1, min: value, max: value });

function several(values: readonly number[], counts: readonly number[] | undefined, at: string) {
  if (values.length === 0 || values.length > VALUES_MAX) {
    throw invalidValue(`The collection ${at}.Values must have from 1 to ${VALUES_MAX} members.`);
  }
  if (counts && counts.length !== values.length) {
    throw invalidValue(`The parameters ${at}.Values and ${at}.Counts must be of the same size.`);
  }
  const times = new Map<number, number>();
  values.forEach((value, i) => {
    const count = counts?.[i] ?? 1;
    if (!(count > 0 && count < VALUE_MAX))
      throw invalidValue(`The parameter ${at}.Counts.member.${i + 1} must be more than 0.`);
    times.set(finite(value, `${at}.Values.member.${i + 1}`), (times.get(value) ?? 0) + count);
  });
  const pairs = [...times];
  const min = Math.min(...times.keys());
  const max = Math.max(...times.keys());
  return {
    sum: pairs.reduce((sum, [value, count]) => sum + value * count, 0),
    count: pairs.reduce((sum, [, count]) => sum + count, 0),
    min,
    max,
    ...(min !== max && { values: pairs }),
  };
}

function finite(value: number, at: string): number {
  if (Number.isFinite(value) && Math.abs(value) <= VALUE_MAX) return value === 0 ? 0 : value; // -0 is no value of its own
  throw invalidValue(`The value of the parameter ${at} is not valid: it must be a number from -2^360 to 2^360.`);
}

/**
 * The door for other services, which know what they put: nothing is refused for its time.
 * @param noted told of what was put, once it is durable
 */
export function createMetricsDoor(store: MetricStore, noted: (writes: readonly MetricWrite[]) => void): Metrics {
  return {
    async put(accountId, region, namespace, data, once) {
      const writes = data.map(({ name, dimensions, timestampMs, unit, value, causes }): MetricWrite => {
        const minute = Math.floor(timestampMs / 60_000) * 60;
        const sorted = [...dimensions].sort((a, b) => (a.name < b.name ? -1 : 1));
        return {
          series: { accountId, region, namespace, name, dimensions: sorted, unit },
          point: { second: minute, ...value },
          ...(causes && {
            causes: causes.slice(-CAUSES_MAX).map((c) => ({ ...c, message: c.message.slice(0, CAUSE_CHARS_MAX) })),
          }),
        };
      });
      await store.put(writes, once);
      noted(writes);
    },
  };
}

/** The store keeps so many a minute. */
const CAUSES_MAX = 5;
/** A log event's own limit; a message of SNS is no longer than that, all told. */
const CAUSE_CHARS_MAX = 256 * 1024;
