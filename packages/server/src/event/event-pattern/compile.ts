import { invalid as invalidAt, type Node, parseNodes, type Scalar } from './nodes.ts';
import { type Invalid, OPERATORS, onlyMember, type ScalarTest } from './operators.ts';

/** Whether an event, parsed, fits an event pattern. */
export type EventTest = (event: unknown) => boolean;

type ObjectTest = (members: Readonly<Record<string, unknown>>) => boolean;

/**
 * An event pattern of EventBridge as a function over events: every field that the pattern names must fit, and what it does
 * not name does not matter. A field that is a list fits by any of its items; of a list of objects one must fit alone.
 * Numbers are compared by value.
 * @param text the pattern as JSON
 * @throws PatternError with the words of AWS's InvalidEventPatternException
 */
export function compileEventPattern(text: string): EventTest {
  const invalid: Invalid = (reason, node) => invalidAt(text, reason, node.at);
  const root = parseNodes(text);
  if (root.kind !== 'object') throw invalid('Filter is not an object', root);
  const test = objectTest(root, invalid);
  return (event) => isObject(event) && test(event);
}

function objectTest(node: Node & { kind: 'object' }, invalid: Invalid): ObjectTest {
  if (node.members.length === 0) throw invalid('Empty objects are not allowed', node);
  const tests = node.members.map(([name, value]) =>
    name === '$or' && isAlternatives(value) ? alternatives(value, invalid) : memberTest(name, value, invalid),
  );
  return (members) => {
    for (const test of tests) if (!test(members)) return false;
    return true;
  };
}

/** As EventBridge tells the operator from a field of that name: two objects or more, none of which is a match expression. */
const isAlternatives = (node: Node): node is Node & { kind: 'array' } =>
  node.kind === 'array' &&
  node.items.length >= 2 &&
  node.items.every((item) => item.kind === 'object' && !item.members.some(([name]) => isMatchType(name)));

const isMatchType = (name: string): boolean => name === 'exists' || OPERATORS.has(name);

function alternatives(node: Node & { kind: 'array' }, invalid: Invalid): ObjectTest {
  const tests = node.items.map((item) => objectTest(item as Node & { kind: 'object' }, invalid));
  return (members) => tests.some((test) => test(members));
}

function memberTest(name: string, node: Node, invalid: Invalid): ObjectTest {
  if (node.kind === 'scalar') throw invalid(`"${name}" must be an object or an array`, node);
  const test = node.kind === 'array' ? valueTest(node, invalid) : nestedTest(objectTest(node, invalid));
  return (members) => test(Object.hasOwn(members, name) ? members[name] : undefined);
}

const NOTHING: Readonly<Record<string, unknown>> = {};

/** Of a value that is no object every field is missing, which a pattern may ask for. */
function nestedTest(test: ObjectTest): EventTest {
  return (value) => {
    if (isObject(value)) return test(value);
    const objects = Array.isArray(value) ? value.flat(NESTED_LISTS_MAX).filter(isObject) : [];
    return objects.length === 0 ? test(NOTHING) : objects.some(test);
  };
}

/** Lists in lists are one list. A parsed event can be no deeper than its parser's recursion. */
const NESTED_LISTS_MAX = 100;

function valueTest(node: Node & { kind: 'array' }, invalid: Invalid): EventTest {
  if (node.items.length === 0) throw invalid('Empty arrays are not allowed', node);
  const literals = new Set<unknown>();
  const tests: ScalarTest[] = [(value) => literals.has(value)];
  let fitsAbsent = false;
  for (const item of node.items) {
    if (item.kind === 'array') throw invalid('Match value must be String, number, true, false, or null', item);
    if (item.kind === 'scalar') {
      literals.add(item.value);
      continue;
    }
    const [name, operand] = onlyMember(item, invalid);
    if (name === 'exists') {
      if (isExists(operand, invalid)) tests.push(() => true);
      else fitsAbsent = true;
      continue;
    }
    const operator = OPERATORS.get(name);
    if (!operator) throw invalid(`Unrecognized match type ${name}`, item);
    tests.push(operator(operand, name, invalid));
  }
  const fits: ScalarTest = tests.length === 1 ? tests[0]! : (value) => tests.some((test) => test(value));
  return (value) => {
    if (isScalar(value)) return fits(value);
    const scalars = Array.isArray(value) ? value.flat(NESTED_LISTS_MAX).filter(isScalar) : [];
    return scalars.length === 0 ? fitsAbsent : scalars.some(fits);
  };
}

function isExists(operand: Node, invalid: Invalid): boolean {
  if (operand.kind === 'scalar' && typeof operand.value === 'boolean') return operand.value;
  throw invalid('exists match pattern must be either true or false.', operand);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isScalar = (value: unknown): value is Scalar =>
  value !== undefined && (typeof value !== 'object' || value === null);
