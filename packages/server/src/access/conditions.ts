import { BlockList, isIP } from 'node:net';
import { compilePattern, matches, matchesArn, type Variables } from './pattern.ts';

/** One operator over one key, as `Condition` of a statement holds them; all of a statement's must hold. */
export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** The request's condition keys; lower case, since keys are compared without regard to it. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>;

/** Whether a value of the request fits a value of the policy. */
type Test = (actual: string, wanted: string, variables: Variables | undefined) => boolean;

const literal: Test = (actual, wanted, variables) => {
  const pattern = compilePattern(wanted, { wildcards: false, variables });
  return pattern !== undefined && matches(pattern, actual);
};
const ignoringCase: Test = (actual, wanted, variables) =>
  literal(actual.toLowerCase(), wanted.toLowerCase(), variables && ((key) => variables(key)?.toLowerCase()));
const like: Test = (actual, wanted, variables) => {
  const pattern = compilePattern(wanted, { wildcards: true, variables });
  return pattern !== undefined && matches(pattern, actual);
};
const arn: Test = (actual, wanted, variables) => {
  const pattern = compilePattern(wanted, { wildcards: true, variables });
  return pattern !== undefined && matchesArn(pattern, actual);
};
const bool: Test = (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase();
const binary: Test = (actual, wanted) => Buffer.from(actual, 'base64').equals(Buffer.from(wanted, 'base64'));
const compared =
  (read: (text: string) => number, holds: (actual: number, wanted: number) => boolean): Test =>
  (actual, wanted) =>
    holds(read(actual), read(wanted)); // with NaN nothing holds

const number = (text: string): number =>
  /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
/** ms since the epoch, of a W3C date (YYYY, YYYY-MM … with zone) or epoch seconds. */
const date = (text: string): number =>
  /^-?\d{5,}(\.\d+)?$/.test(text)
    ? Number(text) * 1000
    : /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?$/.test(text)
      ? Date.parse(text)
      : Number.NaN;

const ORDER: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Equals: (a, b) => a === b,
  LessThan: (a, b) => a < b,
  LessThanEquals: (a, b) => a <= b,
  GreaterThan: (a, b) => a > b,
  GreaterThanEquals: (a, b) => a >= b,
};
const ordered = (prefix: string, read: (text: string) => number): [string, Comparison][] =>
  Object.entries(ORDER).map(([name, holds]) => [
    `${prefix}${name}`,
    { test: compared(read, holds), isValid: (wanted) => !Number.isNaN(read(wanted)) },
  ]);

const ip: Test = (actual, wanted) => {
  const family = isIP(actual);
  const network = parseNetwork(wanted);
  if (family === 0 || !network) return false;
  return network.check(actual, family === 4 ? 'ipv4' : 'ipv6');
};

/** An address, or a network in CIDR form. */
function parseNetwork(text: string): BlockList | undefined {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || more.length > 0 || !(length <= bits)) return undefined;
  const network = new BlockList();
  network.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
  return network;
}

/** How values compare, and the form that a policy's values must have where not any string will do. */
interface Comparison {
  readonly test: Test;
  readonly isValid?: (wanted: string) => boolean;
}

const isTruth = (value: string) => /^(true|false)$/i.test(value);
const isNetwork = (value: string) => parseNetwork(value) !== undefined;

const POSITIVE: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ['StringEquals', { test: literal }],
  ['StringEqualsIgnoreCase', { test: ignoringCase }],
  ['StringLike', { test: like }],
  ['ArnEquals', { test: arn }],
  ['ArnLike', { test: arn }],
  ['Bool', { test: bool, isValid: isTruth }],
  ['BinaryEquals', { test: binary }],
  ['IpAddress', { test: ip, isValid: isNetwork }],
  ...ordered('Numeric', number),
  ...ordered('Date', date),
]);
const NEGATED: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NotIpAddress: 'IpAddress',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
};

interface Operator {
  readonly over: 'one' | 'any' | 'all';
  readonly comparison: Comparison | 'null';
  readonly negated: boolean;
  readonly ifExists: boolean;
}

/** `ForAnyValue:StringNotLikeIfExists` and its kin; undefined when there is no such operator. */
function parseOperator(name: string): Operator | undefined {
  if (name === 'Null') return { over: 'one', comparison: 'null', negated: false, ifExists: false };
  const [, set, base, suffix] = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/.exec(name) ?? [];
  if (base === undefined) return undefined;
  const negated = Object.hasOwn(NEGATED, base);
  const comparison = POSITIVE.get(negated ? NEGATED[base]! : base);
  const over = set === undefined ? 'one' : set === 'ForAnyValue' ? 'any' : 'all';
  return comparison && { over, comparison, negated, ifExists: suffix !== undefined };
}

/** What is wrong with a condition, in words; undefined when it can be evaluated. */
export function conditionProblem({ operator, key, values }: Condition): string | undefined {
  const parsed = parseOperator(operator);
  if (!parsed) return `Invalid Condition type : ${operator}`;
  if (!/^[A-Za-z0-9-]+:[^\s]+$/.test(key)) return `Policy has an invalid condition key: ${key}`;
  const isValid = parsed.comparison === 'null' ? isTruth : (parsed.comparison.isValid ?? (() => true));
  const bad = values.find((value) => !isValid(value));
  return bad === undefined ? undefined : `Invalid value ${JSON.stringify(bad)} for condition ${operator}`;
}

/**
 * Whether a condition holds. Absent keys: a plain operator fails, a negated one holds, `IfExists` and `ForAllValues`
 * hold, `ForAnyValue` fails (IAM reference, "Multivalued context keys").
 */
export function conditionHolds(
  { operator, key, values }: Condition,
  context: ConditionContext,
  variables: Variables | undefined,
): boolean {
  const parsed = parseOperator(operator);
  if (!parsed) return false; // parsePolicy refuses such a policy
  const actual = context.get(key.toLowerCase()) ?? [];
  const { over, comparison, negated, ifExists } = parsed;
  if (comparison === 'null') return values.some((value) => (value.toLowerCase() === 'true') === (actual.length === 0));
  if (actual.length === 0) return ifExists || over === 'all' || (over === 'one' && negated);
  const fits = (value: string) => values.some((wanted) => comparison.test(value, wanted, variables)) !== negated;
  // A key with several values under a plain operator: one must fit, or, negated, none may match.
  return over === 'all' || (over === 'one' && negated) ? actual.every(fits) : actual.some(fits);
}
