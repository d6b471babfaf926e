import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PatternError } from '../pattern-error.ts';
import { compileFilterPattern, filterEvent } from './compile.ts';
import { parseFilterPattern } from './parse.ts';
import type { Comparison, Expression, Field, FilterPattern, JsonCondition, Selector } from './pattern.ts';
import { printSelector } from './selector.ts';

/** Patterns as data, their text by a printer of the tests' own, and a slow, plain reading of what they mean. */
const word = fc.constantFrom('a', 'b', 'a*', '*b', '*', 'a.b', 'it"s', 'back\\slash', '', '1', 'true');
const number = fc.constantFrom(0, 1, -2.5, 1000);
const regex = fc.constantFrom('^a', 'b$', 'a|b', '[ab]+');
const comparison: fc.Arbitrary<Comparison> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), negated: fc.boolean(), text: word }),
  fc
    .tuple(fc.constantFrom('=', '!=', '<', '>', '<=', '>=' as const), number)
    .map(([operator, value]) => ({ kind: 'number', operator, value, text: String(value) }) as const),
);
const regexComparison: fc.Arbitrary<Comparison> = fc.record({
  kind: fc.constant('regex' as const),
  negated: fc.boolean(),
  value: fc.record({ kind: fc.constant('regex' as const), source: regex, position: fc.constant(0) }),
});
const step = fc.oneof(
  fc.constantFrom('a', 'b', 'odd.name', "it's").map((name) => ({ kind: 'name', name }) as const),
  fc.nat(2).map((index) => ({ kind: 'index', index }) as const),
);
const selector: fc.Arbitrary<Selector> = fc.array(step, { minLength: 1, maxLength: 3 });
const wildSelector: fc.Arbitrary<Selector> = fc
  .tuple(selector, fc.constantFrom('members', 'elements'), fc.array(step, { maxLength: 1 }))
  .map(([before, kind, after]) => [...before.slice(1), { kind }, ...after]);

const condition: fc.Arbitrary<JsonCondition> = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: selector }, { weight: 1, arbitrary: wildSelector }),
    fc.oneof(
      { weight: 4, arbitrary: comparison },
      fc.constantFrom('null', 'true', 'false', 'missing').map((kind) => ({ kind }) as const),
      regexComparison,
    ),
  )
  .map(([to, what]) => ({ selector: to, ...what }) as JsonCondition);

function expression<Leaf>(leaf: fc.Arbitrary<Leaf>): fc.Arbitrary<Expression<Leaf>> {
  return fc.letrec<{ any: Expression<Leaf> }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 2, depthSize: 'small' },
      leaf.map((one) => ({ kind: 'leaf', leaf: one }) as const),
      fc.record({
        kind: fc.constantFrom('or' as const, 'and' as const),
        parts: fc.array(tie('any') as fc.Arbitrary<Expression<Leaf>>, { minLength: 2, maxLength: 3 }),
      }),
    ),
  })).any;
}

const fieldsPattern: fc.Arbitrary<FilterPattern> = fc
  .tuple(
    fc.array(fc.option(expression(comparison), { nil: undefined }), { minLength: 1, maxLength: 4 }),
    fc.option(fc.nat(4), { nil: undefined }),
  )
  .map(([wheres, gap]) => ({
    family: 'fields',
    fields: wheres.map((where, i): Field => ({ name: `f${i}`, ...(where && { where }) })),
    gap: gap === undefined ? undefined : Math.min(gap, wheres.length),
  }));

const jsonPattern: fc.Arbitrary<FilterPattern> = expression(condition).map((where) => ({ family: 'json', where }));

const print = (pattern: FilterPattern): string => {
  if (pattern.family === 'json') {
    return `{ ${printExpression(pattern.where, (c) => `${printSelector(c.selector)} ${printCondition(c)}`)} }`;
  }
  if (pattern.family !== 'fields') throw new Error('not printed here');
  const fields = pattern.fields.map(({ name, where }) =>
    where ? printExpression(where, (c) => name + printComparison(c)) : name,
  );
  if (pattern.gap !== undefined) fields.splice(pattern.gap, 0, '...');
  return `[${fields.join(', ')}]`;
};

function printExpression<Leaf>(tree: Expression<Leaf>, printLeaf: (leaf: Leaf) => string): string {
  if (tree.kind === 'leaf') return printLeaf(tree.leaf);
  return `(${tree.parts.map((part) => printExpression(part, printLeaf)).join(tree.kind === 'or' ? ' || ' : '&&')})`;
}

function printCondition(c: JsonCondition): string {
  if (c.kind === 'missing') return 'NOT EXISTS';
  return c.kind === 'null' || c.kind === 'true' || c.kind === 'false'
    ? `IS ${c.kind.toUpperCase()}`
    : printComparison(c);
}

function printComparison(c: Comparison): string {
  if (c.kind === 'number') return `${c.operator}${c.value}`;
  const operator = c.negated ? '!=' : '=';
  return c.kind === 'regex' ? `${operator}%${c.value.source}%` : `${operator} "${c.text.replace(/["\\]/g, '\\$&')}"`;
}

/** What the text does not carry: where its regular expressions stand. */
const withoutPlaces = (pattern: FilterPattern): unknown =>
  JSON.parse(JSON.stringify(pattern, (key, value) => (key === 'position' ? undefined : value)));

describe('a pattern', () => {
  test('is read as what was printed', () => {
    fc.assert(
      fc.property(fc.oneof(jsonPattern, fieldsPattern), (pattern) => {
        const text = print(pattern);
        const read = readOrSkip(text);
        expect(withoutPlaces(read)).toEqual(withoutPlaces(pattern));
      }),
      { numRuns: 1000 },
    );
  });

  test('of any text is read, or refused with a place in the text', () => {
    const piece = fc.constantFrom(...'{}[]()$.*=!<>&|"%\'\\-?, \t'.split(''), 'a', '1', 'IS', 'NOT', 'EXISTS', '...');
    const text = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));
    const inFamily = fc.tuple(fc.constantFrom('', '{ $.a', '[a'), text).map((parts) => parts.join(''));
    fc.assert(
      fc.property(inFamily, (value) => {
        try {
          compileFilterPattern(parseFilterPattern(value))(filterEvent('{"a":1}'));
        } catch (error) {
          if (!(error instanceof PatternError)) throw error;
          expect(error.position).toBeGreaterThanOrEqual(0);
          expect(error.position).toBeLessThanOrEqual(value.length);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('compiled, it decides as its plain reading', () => {
  const scalar = fc.constantFrom<unknown>(
    'a',
    'b',
    'ab',
    'a.b',
    'it"s',
    'back\\slash',
    '',
    0,
    1,
    1000,
    true,
    false,
    null,
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, depthSize: 'medium' },
      scalar,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'odd.name', "it's"), tie('value'), { maxKeys: 3 }),
    ),
  }));
  const json = fc.dictionary(fc.constantFrom('a', 'b', 'odd.name', "it's"), value, { maxKeys: 4 });

  test('over JSON', () => {
    fc.assert(
      fc.property(jsonPattern, fc.array(json, { minLength: 1, maxLength: 3 }), (pattern, events) => {
        const holds = compileFilterPattern(pattern);
        for (const event of events) {
          const wanted = decide((pattern as { where: Expression<JsonCondition> }).where, (c) => isCondition(c, event));
          expect(holds({ text: '', json: event })).toBe(wanted);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('over fields', () => {
    const line = fc.array(fc.constantFrom('a', 'b', 'ab', 'a.b', '0', '1', '1e3', '-2.5'), { maxLength: 5 });
    fc.assert(
      fc.property(fieldsPattern, line, (pattern, texts) => {
        if (pattern.family !== 'fields') return;
        const { fields, gap } = pattern;
        const fits = gap === undefined ? texts.length === fields.length : texts.length >= fields.length;
        const place = (i: number) => (i < (gap ?? 99) ? i : texts.length - fields.length + i);
        const wanted =
          fits && fields.every(({ where }, i) => !where || decide(where, (c) => isFieldTrue(c, texts[place(i)]!)));
        expect(compileFilterPattern(pattern)(filterEvent(texts.join(' ')))).toBe(wanted);
      }),
      { numRuns: 2000 },
    );
  });
});

/** Random patterns may have more wildcards or regular expressions than a pattern may. */
function readOrSkip(text: string): FilterPattern {
  try {
    return parseFilterPattern(text);
  } catch (error) {
    fc.pre(!/wildcard|regular|characters/.test(String(error)));
    throw error;
  }
}

function decide<Leaf>(tree: Expression<Leaf>, isTrue: (leaf: Leaf) => boolean): boolean {
  if (tree.kind === 'leaf') return isTrue(tree.leaf);
  const results = tree.parts.map((part) => decide(part, isTrue));
  return tree.kind === 'or' ? results.includes(true) : !results.includes(false);
}

function isCondition(c: JsonCondition, event: unknown): boolean {
  return valuesAt(c.selector, event).some((value) => {
    if (c.kind === 'missing') return value === undefined;
    if (c.kind === 'null') return value === null;
    if (c.kind === 'true' || c.kind === 'false') return value === (c.kind === 'true');
    if (value === undefined || (typeof value === 'object' && value !== null)) return false;
    if (c.kind === 'number' && typeof value === 'number') return compare(c.operator, value, c.value);
    if (c.kind === 'number') {
      return (
        typeof value === 'string' &&
        ((c.operator === '=' && value === c.text) || (c.operator === '!=' && value !== c.text))
      );
    }
    return (value !== null && isText(c, String(value))) !== c.negated;
  });
}

function isFieldTrue(c: Comparison, text: string): boolean {
  return c.kind === 'number' ? compare(c.operator, Number(text), c.value) : isText(c, text) !== c.negated;
}

function isText(c: Comparison & { kind: 'text' | 'regex' }, text: string): boolean {
  if (c.kind === 'regex') return new RegExp(c.value.source).test(text);
  const escaped = c.text.split('*').map((run) => run.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 's').test(text);
}

function compare(operator: string, a: number, b: number): boolean {
  const sign = Math.sign(a - b);
  if (Number.isNaN(sign)) return operator === '!=';
  return { '=': sign === 0, '!=': sign !== 0, '<': sign < 0, '>': sign > 0, '<=': sign <= 0, '>=': sign >= 0 }[
    operator
  ]!;
}

function valuesAt(to: Selector, from: unknown): unknown[] {
  const [first, ...rest] = to;
  if (!first) return [from];
  const isArray = Array.isArray(from);
  const isObject = typeof from === 'object' && from !== null && !isArray;
  if (first.kind === 'name')
    return valuesAt(rest, isObject ? (from as Record<string, unknown>)[first.name] : undefined);
  if (first.kind === 'index') return valuesAt(rest, isArray ? from[first.index] : undefined);
  const all = first.kind === 'elements' ? (isArray ? from : []) : isObject ? Object.values(from) : [];
  return all.length === 0 ? [undefined] : all.flatMap((one) => valuesAt(rest, one));
}
