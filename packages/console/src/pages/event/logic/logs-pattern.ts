import type { RecordPath } from '../../../parts/events/record.ts';
import type { Condition } from './conditions.ts';

/** Text in the language that was asked for, or why there is none. */
export type Made = { readonly text: string } | { readonly problem: string };

/** CloudWatch Logs user guide, "Filter pattern syntax": a selector, and a pattern, have so many wildcards at most. */
const SELECTOR_WILDCARDS_MAX = 1;
const PATTERN_WILDCARDS_MAX = 3;
const PATTERN_CHARS_MAX = 1_024;

/** The conditions as a JSON filter pattern of CloudWatch Logs. */
export function logsPattern(conditions: readonly Condition[]): Made {
  if (conditions.length === 0) return { problem: 'Choose at least one field.' };
  let wildcards = 0;
  const parts = conditions.map((condition) => {
    const isWild = condition.path.filter((step) => typeof step === 'number').length === SELECTOR_WILDCARDS_MAX;
    if (isWild) wildcards++;
    return `(${selectorOf(condition.path, isWild && wildcards <= PATTERN_WILDCARDS_MAX)} ${comparisonOf(condition)})`;
  });
  const text = `{ ${parts.join(' && ')} }`;
  if (text.length <= PATTERN_CHARS_MAX) return { text };
  return {
    problem: `A filter pattern has ${PATTERN_CHARS_MAX} characters at most; this one would have ${text.length}.`,
  };
}

/** @param isWild any item of a list instead of the one with the index */
const selectorOf = (path: RecordPath, isWild: boolean): string =>
  `$${path.map((step) => stepOf(step, isWild)).join('')}`;

function stepOf(step: string | number, isWild: boolean): string {
  if (typeof step === 'number') return isWild ? '[*]' : `[${step}]`;
  return /^[A-Za-z0-9_-]+$/.test(step) ? `.${step}` : `.['${step.replace(/['\\]/g, '\\$&')}']`;
}

function comparisonOf({ operator, value }: Condition): string {
  if (operator === 'exists') return '= *';
  if (typeof value === 'boolean') return `IS ${String(value === (operator === 'is')).toUpperCase()}`;
  const sign = operator === 'is not' ? '!=' : '=';
  if (typeof value === 'number') return `${sign} ${value}`;
  const quoted = value.replace(/["\\]/g, '\\$&');
  if (operator === 'begins with') return `${sign} "${quoted}*"`;
  return operator === 'contains' ? `${sign} "*${quoted}*"` : `${sign} "${quoted}"`;
}
