import { assert } from '../../base/errors.ts';
import { eventFromBytes } from '../../event/accept.ts';
import type { NewEvent } from '../../event/event.ts';
import { derivedId } from '../../event/record-from-call.ts';
import { ATTRIBUTES, type Attributions } from './attributions.ts';
import type { Insight, SeriesName } from './series.ts';
import { MINUTE_MS, type Minute } from './timeline.ts';

/** Of the records that have `sourceEventCategory` (spec: insights §3). */
const EVENT_VERSION = '1.09';
const VALUES_MAX = 5;

/** The record of an Insight, its members in AWS's order. The same Insight has the same ids again. */
export function insightEvent(insight: Insight): NewEvent {
  const { name, state, start, end } = insight;
  const record = {
    eventVersion: EVENT_VERSION,
    eventTime: timeOf(state === 'Start' ? start : end),
    awsRegion: name.region,
    eventID: idOf(name, start, state),
    eventType: 'AwsCloudTrailInsight',
    recipientAccountId: name.accountId,
    sharedEventID: idOf(name, start, 'both'),
    insightDetails: detailsOf(insight),
    eventCategory: 'Insight',
  };
  const made = eventFromBytes(Buffer.from(JSON.stringify(record)), { fallbackAccountId: name.accountId });
  assert('event' in made, 'an Insight is a record');
  return made.event;
}

function detailsOf({ name, state, averageCalls, minutes, values, baseline }: Insight) {
  return {
    state,
    eventSource: name.eventSource,
    eventName: name.eventName,
    insightType: name.insightType,
    ...(name.errorCode !== undefined && { errorCode: name.errorCode }),
    sourceEventCategory: name.source === undefined ? 'Management' : 'Data',
    insightContext: {
      statistics: {
        baseline: { average: rounded(baseline.averageCalls) },
        insight: { average: rounded(averageCalls) },
        insightDuration: minutes,
        baselineDuration: baseline.minutes,
      },
      // All calls of an error's rate end in that error.
      attributions: ATTRIBUTES.filter((a) => a !== 'errorCode' || name.errorCode === undefined).map((attribute) => ({
        attribute,
        insight: averages(values, attribute, minutes),
        baseline: averages(baseline.values, attribute, baseline.minutes),
      })),
    },
    ...(name.source !== undefined && { insightSource: name.source }),
  };
}

const averages = (values: Attributions, attribute: (typeof ATTRIBUTES)[number], minutes: number) =>
  values
    .of(attribute)
    .top(VALUES_MAX)
    .map(([value, calls]) => ({ value, average: rounded(calls / minutes) }));

/** To ten decimals, as AWS's are (`8.82145e-05`, `85.4202380952`). */
const rounded = (average: number): number => Number(average.toFixed(10));

const timeOf = (minute: Minute): string => `${new Date(minute * MINUTE_MS).toISOString().slice(0, 19)}Z`;

/** Made of what names the Insight, so that it is known again. */
function idOf(name: SeriesName, start: Minute, which: Insight['state'] | 'both'): string {
  const { accountId, region, source = '', insightType, eventSource, eventName, errorCode = '' } = name;
  const parts = [accountId, region, source, insightType, eventSource, eventName, errorCode, start];
  return derivedId(JSON.stringify(parts), which);
}
