import type { Condition, SearchFilter } from './filter.ts';
import { KEYWORDS } from './parse.ts';

/** The filter as text that `parseSearchFilter` reads as the same filter. */
export function printSearchFilter(filter: SearchFilter | undefined): string {
  return filter === undefined ? '' : print(filter, 0);
}

/** How close each binds: what binds less stands in parentheses within. */
const [OR, AND, NOT] = [1, 2, 3];

function print(filter: SearchFilter, within: number): string {
  if ('or' in filter) return joined(filter.or, 'or', OR, within);
  if ('and' in filter) return joined(filter.and, 'and', AND, within);
  return 'not' in filter ? `not ${print(filter.not, NOT)}` : printCondition(filter);
}

function joined(parts: readonly SearchFilter[], word: string, binds: number, within: number): string {
  if (parts.length === 1) return print(parts[0]!, within);
  const text = parts.map((part) => print(part, binds)).join(` ${word} `);
  return within > binds ? `(${text})` : text;
}

function printCondition(condition: Condition): string {
  if ('text' in condition) return printText(condition.text);
  const { field } = condition;
  if (condition.op === 'exists') return `${field} exists`;
  if (condition.op === 'in') return `${field} in (${condition.values.map(printValue).join(', ')})`;
  return `${field} ${condition.op} ${printValue(condition.value)}`;
}

/** Letters, digits and what stands within names of AWS; all else reads better in quotes. */
const PLAIN_VALUE = /^[\p{L}\p{N}_.:/@*+$%-]+$/u;
const PLAIN_TEXT = /^[\p{L}\p{N}_./@*+$%-]+$/u;

const isKeyword = (text: string): boolean => (KEYWORDS as readonly string[]).includes(text.toLowerCase());
const printValue = (value: string): string =>
  PLAIN_VALUE.test(value) && !isKeyword(value) ? value : JSON.stringify(value);
const printText = (text: string): string => (PLAIN_TEXT.test(text) && !isKeyword(text) ? text : JSON.stringify(text));
