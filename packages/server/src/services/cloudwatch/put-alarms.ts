import { COMPARISONS } from '../../alarms/evaluate.ts';
import { isExtendedStatistic, STATISTICS } from '../../alarms/statistics.ts';
import { type Random, uuid } from '../../base/random.ts';
import type { Handler } from '../../wire/service.ts';
import { type Alarm, type AlarmState, alarmKey } from './alarm.ts';
import { alarmsIn, parseAlarmRule } from './alarm-rule.ts';
import type { AlarmStore } from './alarm-store.ts';
import type { AlarmActions, CompositeAlarmSettings, MetricAlarmSettings, Tag } from './api.ts';
import { cloudWatchError, invalid, invalidValue, required } from './errors.ts';
import { ALARM_QUERIES_MAX } from './evaluator.ts';
import { configurationUpdateOf, historyChange } from './history.ts';
import { planQueries } from './metric-data.ts';
import type { Place } from './query.ts';
import { tagsOf } from './tags.ts';
import { checkMetric, checkPeriod, checkUnit } from './validate.ts';

/** AWS's quota, an account and Region. */
const ALARMS_MAX = 5000;
const ACTIONS_MAX = 5;
/** "EvaluationPeriods times Period can be at most a day", with periods of an hour and more a week. */
const DAY = 86_400;
const WEEK = 7 * DAY;
const MISSING_DATA = ['breaching', 'notBreaching', 'ignore', 'missing'];
/** Of the suppressor; seconds. The API names no limit: a day is more than any has use for. */
const SUPPRESSION_MAX = DAY;

export function createPutAlarms(alarms: AlarmStore, random: Random): Record<string, Handler> {
  async function put(
    place: Place,
    alarm: Pick<Alarm, 'kind' | 'settings'>,
    tags: readonly Tag[] | undefined,
    nowMs: number,
  ) {
    const name = alarm.settings.AlarmName;
    const made = tagsOf(tags);
    await alarms.change(async () => {
      const before = await alarms.find(place, name);
      if (before && before.value.kind !== alarm.kind) {
        throw invalid(`An alarm named ${name} is there already, and of another type.`);
      }
      if (!before && (await alarms.list(place)).length >= ALARMS_MAX) {
        throw cloudWatchError('LimitExceededFault', `An account has at most ${ALARMS_MAX} alarms in a Region.`);
      }
      const initial: AlarmState = {
        value: 'INSUFFICIENT_DATA',
        reason: 'Unchecked: Initial alarm creation',
        updatedMs: nowMs,
        transitionedMs: nowMs,
      };
      // Tags of an alarm that is there are TagResource's to change.
      const { accountId, region } = place;
      const kept = before?.value ?? { accountId, region, name, tags: made, state: initial };
      const after = { ...kept, ...alarm, configuredMs: nowMs } as Alarm;
      const item = configurationUpdateOf(after, before ? 'Update' : 'Create', nowMs);
      return [
        { put: alarmKey(place, name), value: after, ifVersion: before?.version ?? 'absent' },
        historyChange(after, uuid(random), item),
      ];
    });
    return {};
  }

  return {
    PutMetricAlarm: async (context, input: MetricAlarmSettings & { readonly Tags?: readonly Tag[] }) => {
      const place = { accountId: context.caller.accountId, region: context.region };
      const { Tags, ...settings } = input;
      return put(place, { kind: 'metric', settings: checkMetricAlarm(place, settings) }, Tags, context.timeMs);
    },

    PutCompositeAlarm: async (context, input: CompositeAlarmSettings & { readonly Tags?: readonly Tag[] }) => {
      const place = { accountId: context.caller.accountId, region: context.region };
      const { Tags, ...settings } = input;
      checkActions(place, settings);
      checkSuppressor(settings);
      const children = [...alarmsIn(parseAlarmRule(required(settings.AlarmRule, 'AlarmRule')))];
      const named = settings.ActionsSuppressor === undefined ? children : [...children, settings.ActionsSuppressor];
      await refuseCycles(alarms, place, settings.AlarmName, named);
      return put(place, { kind: 'composite', settings }, Tags, context.timeMs);
    },
  };
}

function checkActions(place: Place, settings: AlarmActions): void {
  const name = required(settings.AlarmName, 'AlarmName');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (name.length > 255 || /[\u0000-\u001f\u007f]/.test(name)) {
    throw invalid('AlarmName must have 1 to 255 characters, none of them a control character.');
  }
  if ((settings.AlarmDescription?.length ?? 0) > 1024) throw invalid('AlarmDescription has at most 1024 characters.');
  for (const member of ['AlarmActions', 'OKActions', 'InsufficientDataActions'] as const) {
    const actions = settings[member] ?? [];
    if (actions.length > ACTIONS_MAX) throw invalid(`${member} has at most ${ACTIONS_MAX} members.`);
    for (const action of actions) checkAction(place, action);
  }
}

/** Actions of EC2, Auto Scaling, Systems Manager and Lambda have nothing here that could take them. */
function checkAction({ region, accountId }: Place, action: string): void {
  const [, service, where, , topic] = /^arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12}|):(.+)$/.exec(action) ?? [];
  if (service === undefined || topic === undefined) throw invalid(`Invalid arn syntax: ${action.slice(0, 1024)}`);
  if (service !== 'sns')
    throw invalid(`OpenTrail takes actions of SNS topics only, such as arn:aws:sns:${region}:${accountId}:name.`);
  if (where !== region) throw invalid(`Invalid region ${where} specified. Only ${region} is supported.`);
}

function checkMetricAlarm(place: Place, settings: MetricAlarmSettings & Unbuilt): MetricAlarmSettings {
  checkActions(place, settings);
  for (const member of UNBUILT) {
    if (settings[member] !== undefined)
      throw invalid(`OpenTrail has no anomaly detection and no PromQL: ${member} is not supported.`);
  }
  const { EvaluationPeriods: periods, DatapointsToAlarm: needed, TreatMissingData: missing } = settings;
  required(settings.ComparisonOperator, 'ComparisonOperator');
  if (!COMPARISONS.includes(settings.ComparisonOperator)) {
    throw invalidValue(`The parameter ComparisonOperator must be one of ${COMPARISONS.join(', ')}.`);
  }
  const threshold = required(settings.Threshold, 'Threshold');
  if (!Number.isFinite(threshold)) throw invalidValue('The parameter Threshold must be a finite number.');
  if (!(Number.isInteger(required(periods, 'EvaluationPeriods')) && periods > 0)) {
    throw invalidValue('The parameter EvaluationPeriods must be 1 or more.');
  }
  if (needed !== undefined && !(Number.isInteger(needed) && needed > 0 && needed <= periods)) {
    throw invalid('DatapointsToAlarm must be from 1 to EvaluationPeriods.');
  }
  if (missing !== undefined && !MISSING_DATA.includes(missing)) {
    throw invalid(`Missing data treatment must be one of ${MISSING_DATA.join(', ')}.`);
  }
  const low = settings.EvaluateLowSampleCountPercentile;
  if (low !== undefined && low !== 'evaluate' && low !== 'ignore') {
    throw invalid('EvaluateLowSampleCountPercentile must be evaluate or ignore.');
  }
  const period = settings.Metrics ? checkQueries(settings) : checkSingle(settings);
  if (period * periods > (period >= 3600 ? WEEK : DAY)) {
    throw invalid(
      'Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), or a week with periods of an hour and more.',
    );
  }
  return settings;
}

const UNBUILT = ['ThresholdMetricId', 'EvaluationCriteria', 'EvaluationInterval'] as const;
type Unbuilt = Partial<Record<(typeof UNBUILT)[number], unknown>>;

/** @returns the period */
function checkSingle(settings: MetricAlarmSettings): number {
  checkMetric(settings);
  checkUnit(settings.Unit);
  const { Statistic: simple, ExtendedStatistic: extended } = settings;
  if ((simple === undefined) === (extended === undefined)) {
    throw cloudWatchError(
      'InvalidParameterCombinationException',
      'Exactly one of Statistic and ExtendedStatistic must be specified.',
    );
  }
  if (simple !== undefined && !STATISTICS.includes(simple))
    throw invalidValue(`${simple} is not a statistic of CloudWatch.`);
  if (extended !== undefined && !isExtendedStatistic(extended)) {
    throw invalidValue(`The value ${extended} for parameter ExtendedStatistic is not supported.`);
  }
  return checkAlarmPeriod(settings.Period);
}

function checkQueries(settings: MetricAlarmSettings): number {
  for (const member of [
    'MetricName',
    'Namespace',
    'Statistic',
    'ExtendedStatistic',
    'Dimensions',
    'Period',
    'Unit',
  ] as const) {
    const given = settings[member];
    if (given !== undefined && !(Array.isArray(given) && given.length === 0)) {
      throw cloudWatchError(
        'InvalidParameterCombinationException',
        `${member} must not be set if a Metrics list is specified.`,
      );
    }
  }
  const plan = planQueries(settings.Metrics!, ALARM_QUERIES_MAX);
  const returned = plan.queries.filter(({ ReturnData = true }) => ReturnData);
  if (returned.length !== 1) throw invalid('Exactly one element of the metrics list should return data.');
  if (!plan.queries.some(({ MetricStat }) => MetricStat))
    throw invalid('At least one element of the metrics list must be a metric.');
  const periods = new Set(plan.queries.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Period] : [])));
  if (periods.size > 1) throw invalid('All metrics of an alarm must have the same period.');
  return checkAlarmPeriod([...periods][0]);
}

function checkAlarmPeriod(period: number | undefined): number {
  const seconds = checkPeriod(period);
  if (seconds === 10 || seconds === 20 || seconds === 30 || seconds >= 60) return seconds;
  throw invalidValue('The Period of an alarm must be 10, 20, 30 or a multiple of 60.');
}

function checkSuppressor(settings: CompositeAlarmSettings): void {
  const {
    ActionsSuppressor,
    ActionsSuppressorWaitPeriod: wait,
    ActionsSuppressorExtensionPeriod: extension,
  } = settings;
  if (ActionsSuppressor === undefined) {
    if (wait === undefined && extension === undefined) return;
    throw invalid('ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod need an ActionsSuppressor.');
  }
  for (const seconds of [wait, extension]) {
    if (seconds === undefined || !Number.isInteger(seconds) || seconds < 0 || seconds > SUPPRESSION_MAX) {
      throw invalid(
        `With ActionsSuppressor, ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required, from 0 to ${SUPPRESSION_MAX} seconds.`,
      );
    }
  }
}

/** All that a composite alarm names must be there, and must not lead back to it. */
async function refuseCycles(alarms: AlarmStore, place: Place, name: string, named: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  const waiting = [...named];
  for (let direct = named.length; waiting.length > 0; direct--) {
    const next = waiting.shift()!;
    const found = (await alarms.findNamed(place, next))?.value;
    if (!found) {
      if (next === name) throw cycle(name);
      if (direct > 0) throw invalid(`Could not create alarm ${name}: the alarm ${next.slice(0, 1600)} does not exist.`);
      continue;
    }
    if (found.name === name) throw cycle(name);
    if (seen.has(found.name) || found.kind === 'metric') continue;
    seen.add(found.name);
    waiting.push(...alarmsIn(parseAlarmRule(found.settings.AlarmRule)));
    if (found.settings.ActionsSuppressor !== undefined) waiting.push(found.settings.ActionsSuppressor);
  }
}

const cycle = (name: string) => invalid(`Could not create alarm ${name}: its AlarmRule would make a cycle.`);
