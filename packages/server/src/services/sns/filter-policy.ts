import { isInNetwork, parseAddress, parseNetwork } from '../../access/ip-address.ts';
import { invalid, snsError } from './errors.ts';
import type { Subscription } from './model.ts';

/**
 * Filter policies of subscriptions (SNS developer guide, "Subscription filter policies"): compiled to functions over what
 * a message brings. All properties of a policy must hold, any of the values of each.
 */
export type Scope = 'MessageAttributes' | 'MessageBody';
type Scalar = string | number | boolean | null;
type JsonObject = Readonly<Record<string, unknown>>;

/** What a message shows to filters; each part is worked out once for all subscriptions, and only when one asks. */
export interface Filterable {
  /** Values of each attribute; an array's are several. */
  readonly attributes: JsonObject;
  /** The message as JSON, if it is an object. */
  readonly body: JsonObject | undefined;
}

/** Whether values that stand at a property (none: it is not there) will do. */
type Leaf = (values: readonly unknown[] | undefined) => boolean;
type Node = (object: JsonObject) => boolean;

export const POLICY_BYTES_MAX = 256 * 1024;
/** AWS's limits: properties, and combinations of their values. */
const KEYS_MAX = 5;
const COMBINATIONS_MAX = 150;

const compiled = new WeakMap<Subscription, (message: Filterable) => boolean>();

/** Whether the subscription wants the message. */
export function accepts(subscription: Subscription, message: Filterable): boolean {
  const text = subscription.attributes.FilterPolicy;
  if (text === undefined) return true;
  let test = compiled.get(subscription);
  if (!test) {
    test = compileFilter(text, scopeOf(subscription));
    compiled.set(subscription, test);
  }
  return test(message);
}

export const scopeOf = ({ attributes }: Pick<Subscription, 'attributes'>): Scope =>
  (attributes.FilterPolicyScope as Scope | undefined) ?? 'MessageAttributes';

/** @throws AwsError InvalidParameter, FilterPolicyLimitExceeded */
export function compileFilter(text: string, scope: Scope): (message: Filterable) => boolean {
  if (Buffer.byteLength(text) > POLICY_BYTES_MAX) throw problem('Filter policy is too large');
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw problem('failed to parse JSON.');
  }
  if (!isObject(policy)) throw problem('Filter policy must be a JSON object');
  const counts: Counts = { keys: 0 };
  const { test, combinations } = compileObject(policy, scope, 1, counts);
  if (counts.keys > KEYS_MAX) throw problem('Filter policy can not have more than 5 keys');
  if (combinations > COMBINATIONS_MAX) throw problem('Filter policy is too complex');
  return scope === 'MessageBody'
    ? ({ body }) => body !== undefined && test(body)
    : ({ attributes }) => test(attributes);
}

interface Counts {
  keys: number;
}
interface Compiled<T> {
  readonly test: T;
  readonly combinations: number;
}

function compileObject(policy: JsonObject, scope: Scope, depth: number, counts: Counts): Compiled<Node> {
  const parts = Object.entries(policy).map(([key, value]): Compiled<Node> => {
    if (key === '$or' && isAlternatives(value)) return compileAlternatives(value, scope, depth, counts);
    if (Array.isArray(value)) {
      if (++counts.keys > KEYS_MAX) throw problem('Filter policy can not have more than 5 keys');
      const leaf = compileLeaf(value);
      return { test: (object) => leaf(valuesAt(object, key)), combinations: value.length * depth };
    }
    if (!isObject(value)) throw problem(`"${key}" must be an object or an array`);
    if (scope === 'MessageAttributes') {
      throw problem('Filter policy scope MessageAttributes does not support nested filter policy');
    }
    if (depth > KEYS_MAX * 10) throw problem('Filter policy is too deep');
    const nested = compileObject(value, scope, depth + 1, counts);
    return { ...nested, test: (object) => objectsAt(object, key).some(nested.test) };
  });
  return {
    test: (object) => parts.every((part) => part.test(object)),
    combinations: parts.reduce((product, part) => product * Math.max(1, part.combinations), 1),
  };
}

/** `$or` is the operator only where it can be one; elsewhere it is a property of that name. */
const isAlternatives = (value: unknown): value is readonly JsonObject[] =>
  Array.isArray(value) &&
  value.length >= 2 &&
  value.every((one) => isObject(one) && Object.keys(one).length > 0 && !Object.keys(one).some((k) => k in OPERATORS));

function compileAlternatives(list: readonly JsonObject[], scope: Scope, depth: number, counts: Counts): Compiled<Node> {
  const compiledOnes = list.map((one) => compileObject(one, scope, depth, counts));
  return {
    test: (object) => compiledOnes.some((one) => one.test(object)),
    combinations: compiledOnes.reduce((sum, one) => sum + one.combinations, 0),
  };
}

function compileLeaf(rules: readonly unknown[]): Leaf {
  if (rules.length === 0) throw problem('Empty arrays are not allowed');
  const tests = rules.map(compileRule);
  return (values) => tests.some((test) => test(values));
}

function compileRule(rule: unknown): Leaf {
  if (isObject(rule)) {
    const [name, ...more] = Object.keys(rule);
    if (name === undefined || more.length > 0) throw problem('Only one key allowed in match expression');
    const make = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
    if (!make) throw problem(`Unrecognized match type ${name}`);
    return make(rule[name]);
  }
  const wanted = scalar(rule);
  return someValue((value) => value === wanted);
}

const OPERATORS: Readonly<Record<string, (operand: unknown) => Leaf>> = {
  exists(operand) {
    if (typeof operand !== 'boolean') throw problem('exists match pattern must be either true or false.');
    return (values) => (values !== undefined) === operand;
  },
  prefix: (operand) => someText(prefixTest(operand)),
  suffix: (operand) => someText(suffixTest(operand)),
  'equals-ignore-case'(operand) {
    const wanted = text(operand, 'equals-ignore-case').toLowerCase();
    return someText((value) => value.toLowerCase() === wanted);
  },
  'anything-but': anythingBut,
  numeric(operand) {
    const test = numericTest(operand);
    return someValue((value) => typeof value === 'number' && test(value));
  },
  cidr(operand) {
    const network = parseNetwork(text(operand, 'cidr'));
    if (!network || !String(operand).includes('/')) throw problem("Malformed CIDR, one '/' required");
    return someText((value) => {
      const address = parseAddress(value);
      return address !== undefined && isInNetwork(address, network);
    });
  },
};

function anythingBut(operand: unknown): Leaf {
  if (isObject(operand)) {
    const [name = '', ...more] = Object.keys(operand);
    const make = more.length === 0 && Object.hasOwn(TEXT_TESTS, name) ? TEXT_TESTS[name] : undefined;
    if (!make) throw problem(`Unsupported anything-but pattern: ${name}`);
    const test = make(operand[name]);
    return someText((value) => !test(value));
  }
  const unwanted = new Set((Array.isArray(operand) ? operand : [operand]).map(scalar));
  if (unwanted.size === 0) throw problem('Empty arrays are not allowed');
  return someValue((value) => !unwanted.has(value as Scalar));
}

const prefixTest = (operand: unknown) => {
  const wanted = text(operand, 'prefix');
  return (value: string) => value.startsWith(wanted);
};
const suffixTest = (operand: unknown) => {
  const wanted = text(operand, 'suffix');
  return (value: string) => value.endsWith(wanted);
};
const TEXT_TESTS: Readonly<Record<string, (operand: unknown) => (value: string) => boolean>> = {
  prefix: prefixTest,
  suffix: suffixTest,
};

type Comparison = (value: number, bound: number) => boolean;
const LOWER: Readonly<Record<string, Comparison>> = { '>': (a, b) => a > b, '>=': (a, b) => a >= b };
const UPPER: Readonly<Record<string, Comparison>> = { '<': (a, b) => a < b, '<=': (a, b) => a <= b };
const COMPARISONS: Readonly<Record<string, Comparison>> = { ...LOWER, ...UPPER, '=': (a, b) => a === b };

/** `["=", 3]`, `[">", 3]`, `[">=", 0, "<", 10]` */
function numericTest(operand: unknown): (value: number) => boolean {
  const list: readonly unknown[] = Array.isArray(operand) ? operand : [];
  if (list.length === 0) throw problem('Invalid member in numeric match: ]');
  const pairs: [string, number][] = [];
  for (let i = 0; i < list.length; i += 2) {
    const [operator, bound] = [list[i], list[i + 1]];
    if (typeof operator !== 'string') throw problem(`Invalid member in numeric match: ${String(operator)}`);
    if (!Object.hasOwn(COMPARISONS, operator)) throw problem(`Unrecognized numeric range operator: ${operator}`);
    if (typeof bound !== 'number') throw problem(`Value of ${operator} must be numeric`);
    pairs.push([operator, scalar(bound) as number]);
  }
  const [first, second, ...more] = pairs;
  if (more.length > 0 || (second && (!(first![0] in LOWER) || !(second[0] in UPPER)))) {
    throw problem('Too many elements in numeric expression');
  }
  if (second && second[1] <= first![1]) throw problem('Bottom must be less than top');
  return (value) => pairs.every(([operator, bound]) => COMPARISONS[operator]!(value, bound));
}

/** AWS's bounds for numbers of a policy. */
const NUMBER_MAX = 1e9;

function scalar(value: unknown): Scalar {
  if (typeof value === 'number') {
    if (Math.abs(value) > NUMBER_MAX)
      throw problem(`Match value must be between -1.0E9 and 1.0E9, inclusive: ${value}`);
    return value;
  }
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  throw problem('Match value must be String, number, true, false, or null');
}

function text(operand: unknown, name: string): string {
  if (typeof operand !== 'string') throw problem(`${name} match pattern must be a string`);
  return operand;
}

const someValue =
  (test: (value: unknown) => boolean): Leaf =>
  (values) =>
    values?.some((value) => !isObject(value) && test(value)) === true;
const someText = (test: (value: string) => boolean): Leaf =>
  someValue((value) => typeof value === 'string' && test(value));

/** What stands at a property; of arrays, nested or not, the elements. */
function valuesAt(object: JsonObject, key: string): readonly unknown[] | undefined {
  return Object.hasOwn(object, key) ? flat(object[key]) : undefined;
}

/** The objects at a property: one of them must hold what is asked of it. None is like an empty one. */
function objectsAt(object: JsonObject, key: string): readonly JsonObject[] {
  const found = (valuesAt(object, key) ?? []).filter(isObject);
  return found.length > 0 ? found : [{}];
}

/** Without recursion: a message may nest as deep as it is long. */
function flat(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return [value];
  const out: unknown[] = [];
  const left: unknown[] = [...value].reverse();
  while (left.length > 0) {
    const next = left.pop();
    if (Array.isArray(next)) for (let i = next.length - 1; i >= 0; i--) left.push(next[i]);
    else out.push(next);
  }
  return out;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const problem = (why: string) => invalid(`FilterPolicy: ${why}`);

/** AWS's limit for an account; ours holds for a topic too. */
export const FILTER_POLICIES_MAX = 200;
export const tooManyFilters = () =>
  snsError('FilterPolicyLimitExceeded', `A topic may have ${FILTER_POLICIES_MAX} subscriptions with filter policies.`);
