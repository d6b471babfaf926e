/**
 * When an alarm goes into which state: pure, and by CloudWatch's rules (user guide, "Configuring how CloudWatch alarms
 * treat missing data"). Shared by the alarms themselves and by `opentrail alarm test`.
 */
export type StateValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
export type MissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

export interface AlarmRule {
  readonly comparison: string;
  readonly threshold: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly missingData: MissingData;
}

export interface Datapoint {
  /** Where its period begins, in seconds. */
  readonly second: number;
  readonly value: number;
  readonly count?: number;
}

export interface Evaluation {
  readonly state: StateValue;
  readonly reason: string;
  /** Those that decided, the newest first. */
  readonly decided: readonly Datapoint[];
}

const WORDS: Readonly<
  Record<string, { readonly breaks: (value: number, threshold: number) => boolean; words: string }>
> = {
  GreaterThanOrEqualToThreshold: { breaks: (v, t) => v >= t, words: 'greater than or equal to' },
  GreaterThanThreshold: { breaks: (v, t) => v > t, words: 'greater than' },
  LessThanThreshold: { breaks: (v, t) => v < t, words: 'less than' },
  LessThanOrEqualToThreshold: { breaks: (v, t) => v <= t, words: 'less than or equal to' },
};

/** Comparisons that are built; those with bands need anomaly detection. */
export const COMPARISONS: readonly string[] = Object.keys(WORDS);

/** Datapoints looked at beyond the evaluation periods, for what comes late (the guide's tables have five for three). */
export const EXTRA_DATAPOINTS = 2;

/**
 * @param range datapoints of the evaluation range, the newest first, `undefined` where one is missing
 * @param before the state as it is, which may stay
 * @returns undefined when the state stays as it is and nothing is known anew
 */
export function evaluateAlarm(
  rule: AlarmRule,
  range: readonly (Datapoint | undefined)[],
  before: StateValue,
): Evaluation | undefined {
  const real = range.filter((point) => point !== undefined);
  const breaks = ({ value }: Datapoint) => WORDS[rule.comparison]!.breaks(value, rule.threshold);
  const decide = (decided: readonly Datapoint[], filled: number): Evaluation =>
    crossed(rule, decided, filled, breaks, before);
  if (real.length >= rule.evaluationPeriods) return decide(real.slice(0, rule.evaluationPeriods), 0);
  const missing = rule.evaluationPeriods - real.length;
  if (rule.missingData === 'breaching' || rule.missingData === 'notBreaching') return decide(real, missing);
  if (real.length === 0) return rule.missingData === 'ignore' ? undefined : insufficient(rule.evaluationPeriods);
  if (real.filter(breaks).length >= rule.datapointsToAlarm) return decide(real, 0);
  if (!real.every(breaks)) return decide(real, 0);
  // All that is there breaches, and is too little: an alarm when it has gone on for as long as an alarm takes.
  const oldest = range.findLastIndex((point) => point !== undefined) + 1;
  if (rule.missingData === 'missing' && oldest >= rule.datapointsToAlarm) {
    return { ...decide(real, 0), state: 'ALARM', reason: reasonOf(rule, real, 'ALARM', before) };
  }
  return undefined;
}

function crossed(
  rule: AlarmRule,
  decided: readonly Datapoint[],
  filled: number,
  breaks: (point: Datapoint) => boolean,
  before: StateValue,
): Evaluation {
  const breaching = decided.filter(breaks);
  const counted = breaching.length + (rule.missingData === 'breaching' ? filled : 0);
  const state = counted >= rule.datapointsToAlarm ? 'ALARM' : 'OK';
  const shown = state === 'ALARM' ? breaching : decided.filter((point) => !breaks(point));
  const treated = filled === 0 ? '' : treatedAs(rule, decided.length, filled);
  const reason = decided.length === 0 ? treated : reasonOf(rule, shown, state, before);
  return { state, reason, decided };
}

function treatedAs(rule: AlarmRule, real: number, filled: number): string {
  const as = rule.missingData === 'breaching' ? 'Breaching' : 'NonBreaching';
  const were = filled === 1 ? 'missing datapoint was' : 'missing datapoints were';
  const received = real === 0 ? 'no datapoints were received' : `${real} datapoints were received`;
  return `Threshold Crossed: ${received} for ${plural(filled, 'period')} and ${filled} ${were} treated as [${as}].`;
}

const insufficient = (periods: number): Evaluation => ({
  state: 'INSUFFICIENT_DATA',
  reason: `Insufficient Data: ${periods} ${periods === 1 ? 'datapoint was' : 'datapoints were'} unknown.`,
  decided: [],
});

/** Points named in a reason, so that it stays within AWS's 1023 characters. */
const NAMED_POINTS_MAX = 10;

function reasonOf(rule: AlarmRule, shown: readonly Datapoint[], state: StateValue, before: StateValue): string {
  const { evaluationPeriods: periods, datapointsToAlarm: needed, threshold, comparison } = rule;
  const named = shown
    .slice(0, NAMED_POINTS_MAX)
    .map(({ value, second }) => `${decimal(value)} (${shortTime(second)})`)
    .join(', ');
  const was = shown.length === 1 ? 'was' : 'were';
  const not = state === 'ALARM' ? '' : 'not ';
  const least = state === 'ALARM' ? needed : periods - needed + 1;
  const from = before === state ? (state === 'ALARM' ? 'OK' : 'ALARM') : before === 'INSUFFICIENT_DATA' ? 'OK' : before;
  const transition = state === 'ALARM' ? 'OK -> ALARM' : `${from === 'OK' ? 'ALARM' : from} -> OK`;
  return (
    `Threshold Crossed: ${shown.length} out of the last ${periods} datapoints [${named}] ${was} ${not}` +
    `${WORDS[comparison]!.words} the threshold (${decimal(threshold)}) ` +
    `(minimum ${plural(least, 'datapoint')} for ${transition} transition).`
  );
}

const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

/** As Java prints a double. */
export const decimal = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));

/** `dd/MM/yy HH:mm:ss` */
function shortTime(second: number): string {
  const [date = '', time = ''] = new Date(second * 1000).toISOString().split('T');
  const [year = '', month, day] = date.split('-');
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}
