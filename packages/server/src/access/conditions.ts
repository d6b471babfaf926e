import { isInNetwork, parseAddress, parseNetwork } from './ip-address.ts';
import { arnTest, globTest, type Test, type Variables } from './pattern.ts';

/** One operator over one key, as `Condition` of a statement holds them; all of a statement's must hold. */
export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** The request's condition keys; in lower case, since keys are compared without regard to it. */
export interface ConditionContext {
  get(key: string): readonly string[] | undefined;
}

/** Whether a condition holds. */
export type CompiledCondition = (context: ConditionContext, variables: Variables | undefined) => boolean;

/** How values compare, and the form that a policy's values must have where not any string will do. */
interface Comparison {
  /** @param variables whether `${…}` is one */
  readonly compile: (wanted: string, variables: boolean) => Test;
  readonly isValid?: (wanted: string) => boolean;
}

const literal = (wanted: string, variables: boolean) => globTest(wanted, { wildcards: false, variables });
const like = (wanted: string, variables: boolean) => globTest(wanted, { wildcards: true, variables });
const arn = (wanted: string, variables: boolean) => arnTest(wanted, { wildcards: true, variables });
const ignoringCase = (wanted: string, variables: boolean): Test => {
  const test = globTest(wanted, { wildcards: false, variables, foldCase: true });
  return (actual, values) => test(actual.toLowerCase(), values);
};
const bool = (wanted: string): Test => {
  const folded = wanted.toLowerCase();
  return (actual) => actual.toLowerCase() === folded;
};
const binary = (wanted: string): Test => {
  const bytes = Buffer.from(wanted, 'base64');
  return (actual) => BASE64.test(actual) && Buffer.from(actual, 'base64').equals(bytes);
};
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

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
/** With what is no number, nothing holds. */
const ordered = (prefix: string, read: (text: string) => number): [string, Comparison][] =>
  Object.entries(ORDER).map(([name, holds]) => [
    `${prefix}${name}`,
    {
      compile: (text) => {
        const wanted = read(text);
        return (actual) => holds(read(actual), wanted);
      },
      isValid: (wanted) => !Number.isNaN(read(wanted)),
    },
  ]);

const ip = (wanted: string): Test => {
  const network = parseNetwork(wanted);
  return (actual) => {
    const address = parseAddress(actual);
    return address !== undefined && network !== undefined && isInNetwork(address, network);
  };
};

const isTruth = (value: string) => /^(true|false)$/i.test(value);
const isNetwork = (value: string) => parseNetwork(value) !== undefined;

const POSITIVE: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ['StringEquals', { compile: literal }],
  ['StringEqualsIgnoreCase', { compile: ignoringCase }],
  ['StringLike', { compile: like }],
  ['ArnEquals', { compile: arn }],
  ['ArnLike', { compile: arn }],
  ['Bool', { compile: bool, isValid: isTruth }],
  ['BinaryEquals', { compile: binary, isValid: (wanted) => BASE64.test(wanted) }],
  ['IpAddress', { compile: ip, isValid: isNetwork }],
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
  // Tags may have spaces in their names. Keys of identity providers begin with the provider's URL: `idp.example.com:8443/realm:sub`.
  if (!/^[A-Za-z0-9._~:/-]+:\S+(?: +\S+)*$/.test(key)) return `Policy has an invalid condition key: ${key}`;
  const isValid = parsed.comparison === 'null' ? isTruth : (parsed.comparison.isValid ?? (() => true));
  const bad = values.find((value) => !isValid(value));
  return bad === undefined ? undefined : `Invalid value ${JSON.stringify(bad)} for condition ${operator}`;
}

/**
 * Makes a condition ready. Absent keys: a plain operator fails, a negated one holds, `IfExists` and `ForAllValues` hold,
 * `ForAnyValue` fails (IAM user guide, "Multivalued context keys").
 * @param withVariables whether the policy's version knows `${…}`
 */
export function compileCondition({ operator, key, values }: Condition, withVariables: boolean): CompiledCondition {
  const parsed = parseOperator(operator);
  if (!parsed) return () => false; // parsePolicy refuses such a policy
  const name = key.toLowerCase();
  const { over, comparison, negated, ifExists } = parsed;
  if (comparison === 'null') {
    const wanted = values.map((value) => value.toLowerCase() === 'true');
    return (context) => wanted.includes((context.get(name) ?? NONE).length === 0);
  }
  const tests = values.map((value) => comparison.compile(value, withVariables));
  const whenAbsent = ifExists || over === 'all' || (over === 'one' && negated);
  // A key with several values under a plain operator: one must fit, or, negated, none may match.
  const every = over === 'all' || (over === 'one' && negated);
  return (context, variables) => {
    const actual = context.get(name) ?? NONE;
    if (actual.length === 0 || (over === 'all' && actual.every(isNothing))) return whenAbsent;
    const fits = (value: string) => tests.some((test) => test(value, variables)) !== negated;
    return every ? actual.every(fits) : actual.some(fits);
  };
}

const NONE: readonly string[] = [];
/** A set of empty strings is no set ("a null dataset, such as an empty string"). */
const isNothing = (value: string) => value === '';
