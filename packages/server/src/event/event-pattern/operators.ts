import { cidrTest } from '../cidr.ts';
import { ANY_RUN, type WildcardToken, wildcardTest } from '../wildcard.ts';
import type { Node, Scalar } from './nodes.ts';

/** Decides about one value of a field: a scalar. */
export type ScalarTest = (value: Scalar) => boolean;

/** Makes the error for a node of the pattern. */
export type Invalid = (reason: string, node: Node) => Error;

type Operator = (operand: Node, name: string, invalid: Invalid) => ScalarTest;

/**
 * The match types of EventBridge (user guide, "Comparison operators"), but for `exists`, which is about a field and not
 * about a value of it.
 */
const TABLE: Readonly<Record<string, Operator>> = {
  exactly: (operand, _name, invalid) => {
    const wanted = textOf(operand, 'exact', invalid);
    return (value) => value === wanted;
  },
  prefix: (operand, name, invalid) => affixTest('startsWith', operand, name, invalid),
  suffix: (operand, name, invalid) => affixTest('endsWith', operand, name, invalid),
  'equals-ignore-case': (operand, name, invalid) => {
    const wanted = textOf(operand, name, invalid).toLowerCase();
    return (value) => typeof value === 'string' && value.toLowerCase() === wanted;
  },
  wildcard: (operand, name, invalid) => {
    const fits = wildcardTest(wildcardTokens(textOf(operand, name, invalid), operand, invalid));
    return (value) => typeof value === 'string' && fits(value);
  },
  cidr: (operand, name, invalid) => {
    const test = cidrTest(textOf(operand, name, invalid));
    if (typeof test !== 'function') throw invalid(`Malformed CIDR, ${test.problem}`, operand);
    return (value) => typeof value === 'string' && test(value);
  },
  numeric: numericTest,
  'anything-but': anythingBut,
};
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(Object.entries(TABLE));

function textOf(node: Node, name: string, invalid: Invalid): string {
  if (node.kind === 'scalar' && typeof node.value === 'string') return node.value;
  throw invalid(`${name} match pattern must be a string`, node);
}

/** The one member of an operator's object. */
export function onlyMember(node: Node & { kind: 'object' }, invalid: Invalid): readonly [string, Node] {
  if (node.members.length === 0) throw invalid('Empty objects are not allowed', node);
  if (node.members.length > 1) throw invalid('Only one key allowed in match expression', node.members[1]![1]);
  return node.members[0]!;
}

function affixTest(method: 'startsWith' | 'endsWith', operand: Node, name: string, invalid: Invalid): ScalarTest {
  if (operand.kind !== 'object') {
    const affix = textOf(operand, name, invalid);
    return (value) => typeof value === 'string' && value[method](affix);
  }
  const [inner, wanted] = onlyMember(operand, invalid);
  if (inner !== 'equals-ignore-case') throw invalid(`Unsupported ${name} pattern: ${inner}`, wanted);
  const affix = textOf(wanted, inner, invalid).toLowerCase();
  return (value) => typeof value === 'string' && value.toLowerCase()[method](affix);
}

/**
 * A pattern costs by its wildcards and by what repeats itself after one. AWS refuses by such a measure without telling the
 * limit; ours is far above what people write, since matching here takes linear time anyway.
 */
const COMPLEXITY_MAX = 100;

/** `\*` and `\\` stand for themselves. */
function wildcardTokens(text: string, node: Node, invalid: Invalid): WildcardToken[] {
  const tokens: WildcardToken[] = [];
  let run = '';
  const endRun = () => {
    if (run !== '') tokens.push(run);
    run = '';
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '*') {
      if (run === '' && tokens.at(-1) === ANY_RUN)
        throw invalid(`Consecutive wildcard characters at pos ${i - 1}`, node);
      endRun();
      tokens.push(ANY_RUN);
      continue;
    }
    if (char === '\\' && text[i + 1] !== '*' && text[i + 1] !== '\\') {
      throw invalid(`Invalid escape character at pos ${i}`, node);
    }
    run += char === '\\' ? text[++i]! : char;
  }
  endRun();
  if (complexityOf(tokens) > COMPLEXITY_MAX) {
    const how = 'Try using fewer wildcard characters or fewer repeating character sequences after a wildcard character';
    throw invalid(`Rule is too complex. ${how}`, node);
  }
  return tokens;
}

/** How many places of the pattern a text can be at in the same moment: each wildcard is one, and each run that may
 * begin anew within itself has one for each such beginning (its borders, as Knuth, Morris and Pratt count them). */
function complexityOf(tokens: readonly WildcardToken[]): number {
  let sum = 0;
  tokens.forEach((token, i) => {
    if (tokens[i - 1] === ANY_RUN && typeof token === 'string') sum += 1 + bordersMax(token);
  });
  return sum;
}

function bordersMax(run: string): number {
  const border: number[] = [0, 0];
  const count: number[] = [0, 0];
  let most = 0;
  for (let end = 2; end <= run.length; end++) {
    let length = border[end - 1]!;
    while (length > 0 && run[length] !== run[end - 1]) length = border[length]!;
    border[end] = run[length] === run[end - 1] ? length + 1 : 0;
    count[end] = border[end]! > 0 ? count[border[end]!]! + 1 : 0;
    most = Math.max(most, count[end]!);
  }
  return most;
}

const COMPARE: ReadonlyMap<string, (value: number, bound: number) => boolean> = new Map([
  ['=', (value, bound) => value === bound],
  ['<', (value, bound) => value < bound],
  ['<=', (value, bound) => value <= bound],
  ['>', (value, bound) => value > bound],
  ['>=', (value, bound) => value >= bound],
]);
/** User guide, "Numeric matching". */
const NUMBER_MAX = 5e9;

/** `["=", 5]`, `["<", 5]`, `[">", 0, "<=", 5]`. */
function numericTest(operand: Node, _name: string, invalid: Invalid): ScalarTest {
  if (operand.kind !== 'array') throw invalid('Value of numeric must be an array.', operand);
  const { items } = operand;
  if (items.length === 0) throw invalid('Invalid member in numeric match: ]', operand);
  if (items.length > 4) throw invalid('Too many terms in numeric range expression', items[4]!);
  const [first, second] = [boundOf(items, 0, operand, invalid), boundOf(items, 2, operand, invalid)];
  if (second === undefined) return (value) => typeof value === 'number' && first!.compare(value, first!.bound);
  if (!first!.operator.startsWith('>')) throw invalid('Too many elements in numeric expression', items[2]!);
  if (!second.operator.startsWith('<')) {
    throw invalid(`Bad numeric range operator: ${second.operator}`, items[2]!);
  }
  if (first!.bound >= second.bound) throw invalid('Bottom must be less than top', items[3]!);
  return (value) =>
    typeof value === 'number' && first!.compare(value, first!.bound) && second.compare(value, second.bound);
}

function boundOf(items: readonly Node[], index: number, list: Node, invalid: Invalid) {
  const [name, bound] = [items[index], items[index + 1]];
  if (name === undefined) return undefined;
  const operator = name.kind === 'scalar' ? String(name.value) : '';
  const compare = COMPARE.get(operator);
  if (!compare) throw invalid(`Unrecognized numeric range operator: ${operator || name.kind}`, name);
  if (bound === undefined) throw invalid(`Value of ${operator} must be numeric`, list);
  if (bound.kind !== 'scalar' || typeof bound.value !== 'number') {
    throw invalid(`Value of ${operator === '=' ? 'equals' : operator} must be numeric`, bound);
  }
  if (Math.abs(bound.value) > NUMBER_MAX) {
    throw invalid(`Value must be between ${-NUMBER_MAX} and ${NUMBER_MAX}, inclusive`, bound);
  }
  return { operator, compare, bound: bound.value };
}

/** A value that is none of these; `{"anything-but": {"prefix": …}}`: none that these operators take. */
function anythingBut(operand: Node, name: string, invalid: Invalid): ScalarTest {
  if (operand.kind === 'object') return anythingButMatching(operand, invalid);
  const items = operand.kind === 'array' ? operand.items : [operand];
  const excluded = new Set(items.map((item) => (item.kind === 'scalar' ? item.value : undefined)));
  const types = new Set([...excluded].map((value) => typeof value));
  const odd = items.find((item) => item.kind !== 'scalar' || !['string', 'number'].includes(typeof item.value));
  if (odd && operand.kind !== 'array') {
    throw invalid(`Value of ${name} must be an array or single string/number value.`, odd);
  }
  if (odd) throw invalid('Inside anything but list, start|null|boolean is not supported.', odd);
  if (types.size !== 1) {
    const rule = 'either all values are number or string, mixed type is not supported';
    throw invalid(`Inside anything but list, ${rule}`, operand);
  }
  return (value) => !excluded.has(value);
}

function anythingButMatching(operand: Node & { kind: 'object' }, invalid: Invalid): ScalarTest {
  const [name, wanted] = onlyMember(operand, invalid);
  const operator = NEGATED.has(name) ? OPERATORS.get(name) : undefined;
  if (!operator) throw invalid(`Unsupported anything-but pattern: ${name}`, wanted);
  const items = wanted.kind === 'array' ? wanted.items : [wanted];
  if (items.length === 0) throw invalid('Empty arrays are not allowed', wanted);
  const empty = items.find((item) => item.kind === 'scalar' && item.value === '');
  if (empty && name.endsWith('fix')) throw invalid('Null prefix/suffix not allowed', empty);
  const tests = items.map((item) => operator(item, name, invalid));
  return (value) => !tests.some((test) => test(value));
}

const NEGATED: ReadonlySet<string> = new Set(['prefix', 'suffix', 'equals-ignore-case', 'wildcard']);
