import { AwsError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { MetricDatum, Metrics } from '../doors.ts';
import { batchesOf } from './batches.ts';
import { type OutsideCaller, unlike } from './caller.ts';

/** AWS: 1000 metrics and 1 MB in a request. Ours stay small enough for servers that take 64 KB forms as AWS did once. */
const BATCH_DATA_MAX = 100;
const BATCH_BYTES_MAX = 40_000;
/** What no waiting mends: older than two weeks, a value or name that is none. */
const REFUSED = /^(?:InvalidParameter|MissingParameter|InvalidFormat|MissingRequiredParameter|Validation)/;

/**
 * Metrics of a CloudWatch elsewhere, in the Region that AWS's endpoints name, otherwise in that of what is counted. A put
 * that is made again counts again there: its API has no numbers of puts (`PutOnce`). Data that it refuses for what they
 * are is passed over and logged, so that it does not hold up what comes after.
 */
export function outsideMetrics(cloudWatch: OutsideCaller, logger: Logger): Metrics {
  async function put(region: string, namespace: string, data: readonly MetricDatum[]): Promise<void> {
    const xml = await cloudWatch.query(region, parametersOf(namespace, data));
    if (!xml.includes('PutMetricDataResponse')) unlike('the CloudWatch outside');
  }

  return {
    async put(_accountId, ofData, namespace, data) {
      const region = cloudWatch.region ?? ofData;
      for (const batch of batchesOf(data, LIMITS)) {
        try {
          await put(region, namespace, batch);
        } catch (error) {
          if (!isRefused(error)) throw error;
          for (const datum of batch) await put(region, namespace, [datum]).catch((e) => passOver(e, namespace, datum));
        }
      }
    },
  };

  function passOver(error: unknown, namespace: string, { name, timestampMs }: MetricDatum): void {
    if (!isRefused(error)) throw error;
    logger.warn(
      { err: error, namespace, name, timestampMs },
      'CloudWatch refuses a value of a metric; it is passed over',
    );
  }
}

const isRefused = (error: unknown): boolean => error instanceof AwsError && REFUSED.test(error.code);

function parametersOf(namespace: string, data: readonly MetricDatum[]): Record<string, string> {
  const parameters: Record<string, string> = { Action: 'PutMetricData', Version: '2010-08-01', Namespace: namespace };
  for (const [i, datum] of data.entries()) {
    for (const [name, value] of membersOf(datum)) parameters[`MetricData.member.${i + 1}.${name}`] = value;
  }
  return parameters;
}

const membersOf = ({ name, dimensions, timestampMs, unit, value }: MetricDatum): (readonly [string, string])[] => [
  ['MetricName', name],
  ['Timestamp', new Date(timestampMs).toISOString()],
  ['Unit', unit],
  ['StatisticValues.SampleCount', String(value.count)],
  ['StatisticValues.Sum', String(value.sum)],
  ['StatisticValues.Minimum', String(value.min)],
  ['StatisticValues.Maximum', String(value.max)],
  ...dimensions.flatMap((dimension, i) => [
    [`Dimensions.member.${i + 1}.Name`, dimension.name] as const,
    [`Dimensions.member.${i + 1}.Value`, dimension.value] as const,
  ]),
];

/** As it will stand in a form, whose longest member is some 50 bytes more. */
const LIMITS = {
  count: BATCH_DATA_MAX,
  bytes: BATCH_BYTES_MAX,
  bytesOf: (datum: MetricDatum) =>
    membersOf(datum).reduce((sum, [name, value]) => sum + 32 + name.length + encodeURIComponent(value).length, 0),
};
