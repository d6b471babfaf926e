import { createContext, runInContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PatternError } from '../pattern-error.ts';
import { compileRegex } from './match.ts';
import { LOGS_REGEX, parseRegex, type RegexDialect, SIGMA_REGEX } from './parse.ts';

const compile = (source: string, dialect: RegexDialect = SIGMA_REGEX) => compileRegex(parseRegex(source, dialect));

const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '1', '\\.', '[a-c1]', '\\x61');
const anchor = fc.constantFrom('^', '$');
const quantifier = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '{0,}', '*?');
const { regex } = fc.letrec<{ regex: string; piece: string; sequence: string }>((tie) => ({
  piece: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(atom, quantifier).map(([a, q]) => a + q),
    anchor,
    fc.tuple(tie('regex'), quantifier).map(([r, q]) => `(${r})${q}`),
  ),
  sequence: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
  regex: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|')),
}));
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '.', 'é', '\n'), maxLength: 10 });

const sandbox = createContext({ source: '', value: '' });
const V8_MS_MAX = 500;

/** What V8 finds; undefined where its backtracking goes on and on, which ours is there to avoid. */
function foundByV8(source: string, value: string): boolean | undefined {
  try {
    return runInContext('new RegExp(source).test(value)', Object.assign(sandbox, { source, value }), {
      timeout: V8_MS_MAX,
    }) as boolean;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    return undefined;
  }
}

describe('a search', () => {
  test('finds what V8 finds, where V8 comes to an end', () => {
    fc.assert(
      fc.property(regex, fc.array(text, { minLength: 1, maxLength: 4 }), (source, texts) => {
        let ours: (text: string) => boolean;
        try {
          ours = compile(source);
        } catch (error) {
          fc.pre(!/too large/.test(String(error)));
          throw error;
        }
        for (const value of texts) {
          const found = ours(value);
          expect([source, value, found]).toEqual([source, value, foundByV8(source, value) ?? found]);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test.each(['^$', '$^', '', 'a|', '(a*)*', '(^a|b)+', 'a{0}'])('agrees with V8 on %s', (source) => {
    for (const value of ['', 'a', 'b', 'ab', 'ba']) expect(compile(source)(value)).toBe(new RegExp(source).test(value));
  });

  test('takes no notice of case when told so', () => {
    expect(compile('(?i)adMin[a-c]')('ADMINB')).toBe(true);
    expect(compile('admin')('ADMIN')).toBe(false);
  });

  test.each(['(a+)+$', '^(a|aa)*$', '.*.*.*.*.*=', 'a*a*a*a*a*a*c', '(a|b|ab)*c{5}', '[ab]{100}c', '[ab]a[ab]{90}c'])(
    'is linear in the text: %s',
    (source) => {
      expect(compile(source)(`${'ab'.repeat(25_000)}${'a'.repeat(50_000)}!`)).toBe(false);
    },
  );
});

describe('what cannot be read', () => {
  test.each([
    ['a(b', LOGS_REGEX, 1, 'is not allowed here'],
    ['a b', LOGS_REGEX, 1, '\\\\s'],
    ['aé', LOGS_REGEX, 1, 'is not allowed here'],
    ['*a', LOGS_REGEX, 0, 'nothing before it'],
    ['a{', LOGS_REGEX, 1, 'expected a count'],
    ['a{3,2}', LOGS_REGEX, 1, 'smaller number last'],
    ['[z-a]', LOGS_REGEX, 0, 'no order'],
    ['[a', LOGS_REGEX, 0, "expected ']'"],
    ['a\\', LOGS_REGEX, 1, 'escapes nothing'],
    ['a\\b', LOGS_REGEX, 1, 'not supported'],
    ['(?=a)', SIGMA_REGEX, 1, 'only (…)'],
    ['(a', SIGMA_REGEX, 0, "expected ')'"],
    ['a)', SIGMA_REGEX, 1, 'closes nothing'],
    ['(a)\\1', SIGMA_REGEX, 3, 'not supported'],
    ['('.repeat(99), SIGMA_REGEX, 33, 'deep'],
  ] as const)('%s', (source, dialect, position, words) => {
    const error = errorOf(() => parseRegex(source, dialect));
    expect(error.message).toMatch(new RegExp(words.replace(/[()]/g, '\\$&')));
    expect(error.position).toBe(position);
  });

  test('what would need too many places is refused', () => {
    expect(errorOf(() => compile('(a{200}){200}')).message).toMatch(/too large/);
  });

  test('any text is read or refused with a position in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab[](){}^$|*+?\\.-,1x '), maxLength: 20 }), (source) => {
        for (const dialect of [LOGS_REGEX, SIGMA_REGEX]) {
          try {
            compile(source, dialect);
          } catch (error) {
            expect(error).toBeInstanceOf(PatternError);
            expect((error as PatternError).position).toBeLessThanOrEqual(source.length);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

function errorOf(run: () => unknown): PatternError {
  try {
    run();
  } catch (error) {
    return error as PatternError;
  }
  throw new Error('nothing was thrown');
}
