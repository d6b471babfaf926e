import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import { parseSearchFilter, type SearchFilter, type SearchOp } from '../../api/search-language.ts';

/**
 * The search language ↔ what Cloudscape's property filter shows: conditions joined by and/or, with groups one deep. What
 * does not fit (deeper groups, a negated group) has no query, and is shown as text instead: it is never cut to fit.
 */

export type Query = PropertyFilterProps.Query;
type Token = PropertyFilterProps.Token;
type Group = PropertyFilterProps.TokenGroup;
type Join = PropertyFilterProps.JoinOperation;

export const EMPTY_QUERY: Query = { operation: 'and', tokens: [], tokenGroups: [] };
/** Operators of the property filter that the language writes as words behind the field. */
export const EXISTS = 'exists';
export const NOT_EXISTS = 'not exists';

const NEGATED: Readonly<Partial<Record<SearchOp, SearchOp>>> = {
  '=': '!=',
  '!=': '=',
  ':': '!:',
  '!:': ':',
  '^': '!^',
  '!^': '^',
};

/** @returns undefined when conditions with groups one deep cannot say the same. */
export function queryOf(filter: SearchFilter | undefined): Query | undefined {
  if (filter === undefined) return EMPTY_QUERY;
  const operation: Join = 'or' in filter || ('op' in filter && filter.op === 'in') ? 'or' : 'and';
  const members = flatten(filter, operation).map((member) => tokenOf(member) ?? groupOf(member));
  if (members.length === 0 || members.some((member) => member === undefined)) return undefined;
  return { operation, tokens: [], tokenGroups: members as (Token | Group)[] };
}

/** What the conditions say; undefined when there are none. */
export function filterOf(query: Query, previous: Query = EMPTY_QUERY): SearchFilter | undefined {
  const known = new Set(tokensOf(previous).map(keyOf));
  const read = (member: Token | Group): SearchFilter | undefined =>
    'tokens' in member ? join(member.operation, member.tokens.map(read)) : leafOf(member, known);
  return join(query.operation, (query.tokenGroups ?? query.tokens).map(read));
}

/** Nested lists of the same kind are one list; `in` is a list of alternatives. */
function flatten(filter: SearchFilter, operation: Join): readonly SearchFilter[] {
  const members = listOf(filter, operation);
  return members === undefined ? [filter] : members.flatMap((member) => flatten(member, operation));
}

function listOf(filter: SearchFilter, operation: Join): readonly SearchFilter[] | undefined {
  if (operation === 'and') return 'and' in filter ? filter.and : undefined;
  if ('or' in filter) return filter.or;
  if (!('op' in filter) || filter.op !== 'in') return undefined;
  return filter.values.map((value) => ({ field: filter.field, op: '=', value }));
}

function groupOf(filter: SearchFilter): Group | undefined {
  const operation: Join = 'and' in filter ? 'and' : 'or';
  const tokens = flatten(filter, operation).map(tokenOf);
  if (tokens.length < 2 || tokens.some((token) => token === undefined)) return undefined;
  return { operation, tokens: tokens as Token[] };
}

function tokenOf(filter: SearchFilter): Token | undefined {
  if ('text' in filter) return { operator: ':', value: filter.text };
  if ('not' in filter) return negatedTokenOf(filter.not);
  if (!('op' in filter)) return undefined;
  if (filter.op === 'exists') return { propertyKey: filter.field, operator: EXISTS, value: '' };
  if (filter.op !== 'in') return { propertyKey: filter.field, operator: filter.op, value: filter.value };
  const [value, ...more] = filter.values;
  return value !== undefined && more.length === 0 ? { propertyKey: filter.field, operator: '=', value } : undefined;
}

function negatedTokenOf(filter: SearchFilter): Token | undefined {
  const token = tokenOf(filter);
  if (token === undefined) return undefined;
  if (token.operator === EXISTS) return { ...token, operator: NOT_EXISTS };
  if (token.operator === NOT_EXISTS) return { ...token, operator: EXISTS };
  // `not a < b` also holds where there is no a: no condition says that.
  const operator = NEGATED[token.operator as SearchOp];
  return operator === undefined ? undefined : { ...token, operator };
}

function leafOf(token: Token, known: ReadonlySet<string>): SearchFilter | undefined {
  const value = String(token.value ?? '');
  const { propertyKey: field, operator } = token;
  if (field === undefined) return textOf(token, value, known.has(keyOf(token)));
  if (operator === EXISTS) return { field, op: 'exists' };
  if (operator === NOT_EXISTS) return { not: { field, op: 'exists' } };
  return { field, op: operator as SearchOp, value };
}

/**
 * Free text. What somebody has just typed or pasted may be a piece of the language (`requestParameters.bucketName = b`):
 * then it means that.
 */
function textOf(token: Token, value: string, known: boolean): SearchFilter | undefined {
  if (value.trim() === '') return undefined;
  if (token.operator === '!:') return { not: { text: value } };
  const typed = known ? undefined : parsed(value);
  return typed !== undefined && hasCondition(typed) ? typed : { text: value };
}

function parsed(text: string): SearchFilter | undefined {
  try {
    return parseSearchFilter(text);
  } catch {
    return undefined;
  }
}

function hasCondition(filter: SearchFilter): boolean {
  if ('and' in filter) return filter.and.some(hasCondition);
  if ('or' in filter) return filter.or.some(hasCondition);
  return 'not' in filter ? hasCondition(filter.not) : 'field' in filter;
}

function join(operation: Join, members: readonly (SearchFilter | undefined)[]): SearchFilter | undefined {
  const said = members.filter((member) => member !== undefined);
  if (said.length < 2) return said[0];
  return operation === 'and' ? { and: said } : { or: said };
}

export function tokensOf(query: Query): readonly Token[] {
  const all = (member: Token | Group): readonly Token[] => ('tokens' in member ? member.tokens.flatMap(all) : [member]);
  return (query.tokenGroups ?? query.tokens).flatMap(all);
}

const keyOf = ({ propertyKey = '', operator, value }: Token): string => JSON.stringify([propertyKey, operator, value]);
