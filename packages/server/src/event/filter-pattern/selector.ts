import { SELECTOR_WILDCARDS_MAX, type Selector, type SelectorStep } from './pattern.ts';
import { expected, type Reader, refuse, take, takeMatch } from './reader.ts';

const NAME = /[A-Za-z0-9_-]+/y;
const INDEX = /\d{1,9}/y;
const QUOTED_NAME = /'(?:[^'\\]|\\[\s\S])*'/y;
const QUOTED_NAME_IN_DOUBLE = /"(?:[^"\\]|\\[\s\S])*"/y;

/** `$.a.b[0]`, `$.['a.b']`, `$.list[*].x`, `$.*`. */
export function readSelector(reader: Reader): Selector {
  const begin = reader.at;
  if (!take(reader, '$')) expected(reader, "a selector such as '$.eventName'");
  const steps: SelectorStep[] = [];
  while (reader.text[reader.at] === '.' || reader.text[reader.at] === '[') {
    const dotted = take(reader, '.');
    steps.push(take(reader, '[') ? readBracket(reader, dotted) : readDotted(reader));
  }
  if (steps.length === 0) expected(reader, "'.' and the name of a field after '$'");
  if (wildcardsOf(steps) > SELECTOR_WILDCARDS_MAX) {
    refuse(`a selector may have ${SELECTOR_WILDCARDS_MAX} wildcard`, begin);
  }
  return steps;
}

function readDotted(reader: Reader): SelectorStep {
  if (take(reader, '*')) return { kind: 'members' };
  const name = takeMatch(reader, NAME);
  if (name === undefined)
    return expected(reader, "the name of a field (write .['name'] for one with other characters)");
  return { kind: 'name', name };
}

function readBracket(reader: Reader, dotted: boolean): SelectorStep {
  const step = bracketed(reader, dotted);
  if (!take(reader, ']')) expected(reader, "']'");
  return step;
}

function bracketed(reader: Reader, dotted: boolean): SelectorStep {
  const quoted = takeMatch(reader, QUOTED_NAME) ?? takeMatch(reader, QUOTED_NAME_IN_DOUBLE);
  if (quoted !== undefined) return { kind: 'name', name: quoted.slice(1, -1).replace(/\\(['"\\])/g, '$1') };
  if (!dotted) {
    if (take(reader, '*')) return { kind: 'elements' };
    const index = takeMatch(reader, INDEX);
    if (index !== undefined) return { kind: 'index', index: Number(index) };
  }
  return expected(reader, dotted ? "a name in quotes after '.['" : "an index, '*' or a name in quotes after '['");
}

export const wildcardsOf = (selector: Selector): number =>
  selector.filter((step) => step.kind === 'members' || step.kind === 'elements').length;

/** The selector as a pattern has it. */
export const printSelector = (selector: Selector): string => `$${selector.map(printStep).join('')}`;

function printStep(step: SelectorStep): string {
  switch (step.kind) {
    case 'members':
      return '.*';
    case 'elements':
      return '[*]';
    case 'index':
      return `[${step.index}]`;
    case 'name':
      return /^[A-Za-z0-9_-]+$/.test(step.name) ? `.${step.name}` : `.['${step.name.replace(/['\\]/g, '\\$&')}']`;
  }
}

/** A way to all values that a selector names; `undefined` for what is not there. */
export type Reach = (event: unknown, visit: (value: unknown) => boolean) => boolean;

/**
 * Whether `visit` holds for a value that the selector names: with a wildcard for any of them. A way that ends early, and
 * a wildcard over nothing, name one value that is missing.
 */
export function compileSelector(selector: Selector): Reach {
  const wild = selector.findIndex((step) => step.kind === 'members' || step.kind === 'elements');
  if (wild < 0) {
    const get = compileWay(selector);
    return (event, visit) => visit(get(event));
  }
  const toMany = compileWay(selector.slice(0, wild));
  const wantsArray = selector[wild]!.kind === 'elements';
  const beyond = compileWay(selector.slice(wild + 1));
  return (event, visit) => {
    const many = toMany(event);
    if (typeof many !== 'object' || many === null || Array.isArray(many) !== wantsArray) return visit(undefined);
    const values = Array.isArray(many) ? many : Object.values(many);
    return values.length === 0 ? visit(undefined) : values.some((value) => visit(beyond(value)));
  };
}

/** The value at the end of a way without wildcards. */
export function compileWay(steps: Selector): (event: unknown) => unknown {
  const keys = steps.map((step) => (step.kind === 'name' ? step.name : (step as { index: number }).index));
  return (event) => {
    let value = event;
    for (const key of keys) {
      if (typeof value !== 'object' || value === null) return undefined;
      if (typeof key === 'number' ? !Array.isArray(value) : Array.isArray(value) || !Object.hasOwn(value, key)) {
        return undefined;
      }
      value = (value as Record<string | number, unknown>)[key];
    }
    return value;
  };
}
