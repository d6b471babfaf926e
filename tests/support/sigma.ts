import { isIPv4 } from 'node:net';

/** As much of Sigma's detection language as rules over CloudTrail records use; what it does not know it refuses. */
export interface SigmaRule {
  readonly id: string;
  readonly title: string;
  readonly detection: Readonly<Record<string, unknown>> & {
    readonly condition: string;
    readonly timeframe?: string;
  };
}

type Values = Readonly<Record<string, unknown>>;

/** Values for `%placeholders%`, which whoever runs a rule has to fill in. */
export type Placeholders = Readonly<Record<string, readonly string[]>>;

/**
 * Whether a rule fires on these records, all of them within its timeframe. A condition of several events (`| count()`,
 * `| near`, or a timeframe without either) is judged over all records together, any other by single records.
 */
export function detects(rule: SigmaRule, records: readonly Values[], placeholders: Placeholders = {}): boolean {
  const { condition, timeframe } = rule.detection;
  const [search = '', aggregation] = condition.split('|').map((part) => part.trim());
  const one = (text: string) => (record: Values) =>
    holds(rule, text, (name) => selects(rule.detection[name], record, placeholders));
  if (aggregation === undefined) {
    if (timeframe === undefined) return records.some(one(search));
    return holds(rule, search, (name) => records.some((record) => selects(rule.detection[name], record, placeholders)));
  }
  const near = /^near (\w+)$/.exec(aggregation);
  if (near) return records.some(one(search)) && records.some(one(near[1]!));
  const count = /^count\(\)(?: by ([\w.]+))? > (\d+)$/.exec(aggregation);
  if (!count) throw new Error(`${rule.id}: the aggregation "${aggregation}" is not known`);
  const groups = new Map<string, number>();
  for (const record of records.filter(one(search))) {
    const group = count[1] === undefined ? '' : JSON.stringify(valuesAt(record, count[1]));
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  return Math.max(0, ...groups.values()) > Number(count[2]);
}

/** Evaluates `a and not 1 of b*`: `or` binds weakest, `not` strongest. */
function holds(rule: SigmaRule, condition: string, isTrue: (identifier: string) => boolean): boolean {
  const words = condition.match(/[()]|[\w*]+/g) ?? [];
  const names = Object.keys(rule.detection).filter((name) => name !== 'condition' && name !== 'timeframe');
  let at = 0;
  const take = (word: string) => words[at]?.toLowerCase() === word && ++at > 0;
  const either = (): boolean => {
    let value = both();
    while (take('or')) value = both() || value;
    return value;
  };
  const both = (): boolean => {
    let value = not();
    while (take('and')) value = not() && value;
    return value;
  };
  const not = (): boolean => (take('not') ? !not() : term());
  const term = (): boolean => {
    if (take('(')) {
      const value = either();
      if (!take(')')) throw new Error(`${rule.id}: a bracket is open in "${condition}"`);
      return value;
    }
    const word = words[at++];
    if (words[at]?.toLowerCase() === 'of') {
      const pattern = words[at + 1] ?? '';
      at += 2;
      const chosen = names.filter((name) => pattern === 'them' || wildcard(pattern, true).test(name));
      if (chosen.length === 0) throw new Error(`${rule.id}: "${pattern}" names no selection`);
      return word === 'all' ? chosen.every(isTrue) : chosen.some(isTrue);
    }
    if (word === undefined || !names.includes(word)) throw new Error(`${rule.id}: there is no selection "${word}"`);
    return isTrue(word);
  };
  const value = either();
  if (at !== words.length) throw new Error(`${rule.id}: "${condition}" cannot be read`);
  return value;
}

/** A map: all of its fields. A list: any of its maps, or of its words anywhere in the record. */
function selects(selection: unknown, record: Values, placeholders: Placeholders): boolean {
  if (Array.isArray(selection)) return selection.some((item) => selects(item, record, placeholders));
  if (typeof selection !== 'object' || selection === null) {
    return wildcard(`*${String(selection)}*`).test(textOf(record));
  }
  return Object.entries(selection).every(([key, wanted]) => fieldMatches(record, key, wanted, placeholders));
}

function fieldMatches(record: Values, key: string, wanted: unknown, placeholders: Placeholders): boolean {
  const [field = '', ...modifiers] = key.split('|');
  const values = valuesAt(record, field);
  const tests = modifiers.filter((modifier) => modifier !== 'all' && modifier !== 'expand');
  if (tests.length > 1) throw new Error(`"${key}" has modifiers that do not go together`);
  const test = TESTS[tests[0] ?? ''];
  if (!test) throw new Error(`the modifier in "${key}" is not known`);
  const all = (Array.isArray(wanted) ? wanted : [wanted]).flatMap((value) =>
    modifiers.includes('expand') ? expanded(value, placeholders) : [value],
  );
  const matches = (value: unknown) =>
    value === null ? values.length === 0 : values.some((found) => test(found, String(value), record));
  return modifiers.includes('all') ? all.every(matches) : all.some(matches);
}

const expanded = (value: unknown, placeholders: Placeholders): readonly string[] =>
  placeholders[String(value).replaceAll('%', '')] ?? [];

type Test = (found: unknown, wanted: string, record: Values) => boolean;
/** Text is compared without regard to case; `*` and `?` stand for any characters and for one. */
const TESTS: Readonly<Record<string, Test>> = {
  '': (found, wanted) => wildcard(wanted).test(textOf(found)),
  contains: (found, wanted) => wildcard(`*${wanted}*`).test(textOf(found)),
  startswith: (found, wanted) => wildcard(`${wanted}*`).test(textOf(found)),
  endswith: (found, wanted) => wildcard(`*${wanted}`).test(textOf(found)),
  re: (found, wanted) => new RegExp(wanted).test(textOf(found)),
  cidr: (found, wanted) => isInNetwork(textOf(found), wanted),
  fieldref: (found, wanted, record) => valuesAt(record, wanted).some((other) => textOf(other) === textOf(found)),
};

/** Values at a path with dots; each item of a list is one. Null is as good as absent. */
function valuesAt(record: unknown, path: string): readonly unknown[] {
  let level: readonly unknown[] = [record];
  for (const name of path.split('.')) {
    level = level.flat(Number.POSITIVE_INFINITY).map((value) => (value as Values | undefined)?.[name]);
  }
  return level.flat(Number.POSITIVE_INFINITY).filter((value) => value !== undefined && value !== null);
}

/** An object is its JSON, with JSON inside it unescaped, as log stores search it. */
const textOf = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value).replaceAll('\\"', '"') : String(value);

function wildcard(pattern: string, exactCase = false): RegExp {
  const parts = pattern.match(/\\[*?\\]|[\s\S]/g) ?? [];
  const source = parts.map((part) => {
    if (part === '*') return '[\\s\\S]*';
    if (part === '?') return '[\\s\\S]';
    return (part.length > 1 ? part.slice(1) : part).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`, exactCase ? '' : 'i');
}

function isInNetwork(address: string, network: string): boolean {
  const [base = '', bits = '32'] = network.split('/');
  if (!isIPv4(address) || !isIPv4(base)) return false;
  const number = (ip: string) => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(address) / size) === Math.floor(number(base) / size);
}
