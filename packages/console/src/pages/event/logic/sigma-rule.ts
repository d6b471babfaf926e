import type { RecordPath } from '../../../parts/events/record.ts';
import { printPath } from '../../../ui/json-tree/path.ts';
import type { Condition } from './conditions.ts';
import type { Made } from './logs-pattern.ts';

/** Modifiers of a field's name. */
const MODIFIERS: Readonly<Partial<Record<Condition['operator'], string>>> = {
  'begins with': '|startswith',
  contains: '|contains',
  exists: '|exists',
};

export const SIGMA_LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type SigmaLevel = (typeof SIGMA_LEVELS)[number];

/** The conditions as a Sigma rule for CloudTrail (Sigma specification 2.0). */
export function sigmaRule(title: string, level: SigmaLevel, conditions: readonly Condition[]): Made {
  if (conditions.length === 0) return { problem: 'Choose at least one field.' };
  const unsayable = conditions.find(({ path }) => path.some((step) => typeof step === 'string' && /[.|]/.test(step)));
  if (unsayable) return { problem: `Sigma has no way to name ${printPath(unsayable.path)}.` };
  const wanted = conditions.filter(({ operator }) => operator !== 'is not');
  const others = conditions.filter(({ operator }) => operator === 'is not');
  const selections = [
    ...(wanted.length > 0 ? [['selection', wanted] as const] : []),
    ...others.map((one, i) => [`filter_${i + 1}`, [one]] as const),
  ];
  const names = selections.map(([name]) => (name === 'selection' ? name : `not ${name}`));
  const lines = [
    `title: ${JSON.stringify(title)}`,
    'status: experimental',
    'logsource:',
    '  product: aws',
    '  service: cloudtrail',
    'detection:',
    ...selections.flatMap(([name, of]) => [`  ${name}:`, ...linesOf(of)]),
    `  condition: ${names.join(' and ')}`,
    `level: ${level}`,
  ];
  return { text: `${lines.join('\n')}\n` };
}

/** Fields go through lists by themselves, so that two items of one list are one field with two values. */
function linesOf(conditions: readonly Condition[]): readonly string[] {
  const fields = new Map<string, unknown[]>();
  for (const { path, operator, value } of conditions) {
    const key = `${namesOf(path)}${MODIFIERS[operator] ?? ''}`;
    fields.set(key, [...(fields.get(key) ?? []), operator === 'exists' ? true : escaped(value)]);
  }
  return [...fields].flatMap(([key, values]) =>
    values.length === 1 || values[0] === true
      ? [`    ${keyText(key)}: ${JSON.stringify(values[0])}`]
      : [`    ${keyText(`${key}|all`)}:`, ...values.map((value) => `      - ${JSON.stringify(value)}`)],
  );
}

/** Fields of records begin with a name that is nothing else in YAML. */
const keyText = (key: string): string => (/^[a-z]{2,}[A-Z][\w.|-]*$/.test(key) ? key : JSON.stringify(key));

const namesOf = (path: RecordPath): string => path.filter((step) => typeof step === 'string').join('.');

/** `*`, `?` and backslashes are the values' own. */
const escaped = (value: unknown): unknown => (typeof value === 'string' ? value.replace(/[*?\\]/g, '\\$&') : value);
