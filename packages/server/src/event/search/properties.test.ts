import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cpuMs } from '../../testing/cpu-ms.ts';
import {
  compileSearchFilter,
  FILTER_CHARS_MAX,
  foldCase,
  PatternError,
  parseSearchFilter,
  printSearchFilter,
  resolveField,
  SEARCH_FIELDS,
  type SearchFilter,
} from './index.ts';
import { eventOf, RECORD } from './testing/record.ts';

const anyText = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'and',
    'a b',
    '"',
    '\\',
    '(',
    'x=y',
    '*',
    'é',
    '\n',
    'not',
    '=',
    'ex:ists',
    'arn:aws:s3:::b',
  ),
  fc.string({ minLength: 1 }),
  fc.string({ unit: 'binary', minLength: 1 }),
);
const step = fc.oneof(
  anyText.map((name) => `.${JSON.stringify(name)}`),
  fc.constantFrom('.bucketName', '[0]', '[*]', '.tags', '.key'),
);
const field = fc.oneof(
  fc.constantFrom(...SEARCH_FIELDS.filter(({ kind }) => kind === 'text').map(({ name }) => name)),
  fc.array(step, { maxLength: 3 }).map((steps) => resolveField(`requestParameters${steps.join('')}`).name),
  anyText.map((name) => resolveField(JSON.stringify(name)).name),
);
const condition: fc.Arbitrary<SearchFilter> = fc.oneof(
  fc.record({ field, op: fc.constantFrom('=', '!=', ':', '!:', '^', '!^' as const), value: anyText }),
  fc.record({ field, op: fc.constantFrom('>', '>=', '<', '<=' as const), value: fc.nat().map(String) }),
  fc.record({ field, op: fc.constant('in' as const), values: fc.array(anyText, { minLength: 1, maxLength: 3 }) }),
  fc.record({ field, op: fc.constant('exists' as const) }),
  fc.record({ text: anyText }),
  fc.constantFrom<SearchFilter>(
    { field: 'eventTime', op: '>', value: '2026-11-21' },
    { field: 'readOnly', op: '!=', value: 'true' },
  ),
);
/** Filters as the parser makes them: no list in a list of its own kind. */
const filter = (depth = 3, without = ''): fc.Arbitrary<SearchFilter> => {
  if (depth === 0) return condition;
  const list = (kind: 'and' | 'or') =>
    fc
      .array(filter(depth - 1, kind), { minLength: 2, maxLength: 3 })
      .map((parts) => (kind === 'and' ? { and: parts } : { or: parts }));
  return fc.oneof(
    { weight: 3, arbitrary: condition },
    filter(depth - 1).map((not) => ({ not })),
    ...(['and', 'or'] as const).filter((kind) => kind !== without).map(list),
  );
};

test('what is printed reads as the same filter', () => {
  fc.assert(
    fc.property(filter(), (f) => {
      expect(parseSearchFilter(printSearchFilter(f))).toEqual(f);
    }),
    { numRuns: 500 },
  );
});

/** The language read plainly, over parsed values, for what the filters above may ask. */
function naive(f: SearchFilter, values: (name: string) => readonly string[], text: string): boolean {
  if ('and' in f) return f.and.every((part) => naive(part, values, text));
  if ('or' in f) return !f.or.every((part) => !naive(part, values, text));
  if ('not' in f) return !naive(f.not, values, text);
  if ('text' in f)
    return [f.text, JSON.stringify(f.text).slice(1, -1)].some((t) => foldCase(text).includes(foldCase(t)));
  const found = values(f.field);
  if (f.op === 'exists') return found.length > 0;
  if (f.op === 'in') return f.values.some((wanted) => found.includes(wanted));
  const v = f.value;
  switch (f.op) {
    case '=':
      return found.includes(v);
    case '!=':
      return !found.includes(v);
    case ':':
      return foldCase(found.join('\u0000')).includes(foldCase(v));
    case '!:':
      return !foldCase(found.join('\u0000')).includes(foldCase(v));
    case '^':
      return found.some((one) => foldCase(one).slice(0, foldCase(v).length) === foldCase(v));
    case '!^':
      return found.every((one) => foldCase(one).slice(0, foldCase(v).length) !== foldCase(v));
    default:
      return found.some((one) => {
        if (!/^-?\d{1,15}(\.\d{1,15})?$/.test(one)) return false;
        const order = Math.sign(Number(one) - Number(v));
        return f.op.includes('=') && order === 0 ? true : f.op.startsWith('>') ? order > 0 : order < 0;
      });
  }
}

test('what it finds, held against a plain reading', () => {
  const small = fc.constantFrom('a', 'A', 'b', 'ab', '', '7', '12', '7.5', 'é', 'É', 'x"y');
  const value = fc.oneof(small, fc.constantFrom<unknown>(null, 7, 12, true, false));
  const asked = fc.constantFrom('errorCode', 'userAgent', 'requestParameters.p', 'requestParameters.l[*]', 'userName');
  const word = small.filter((text) => text !== '');
  const leaf: fc.Arbitrary<SearchFilter> = fc.oneof(
    fc.record({ field: asked, op: fc.constantFrom('=', '!=', ':', '!:', '^', '!^' as const), value: word }),
    fc.record({ field: asked, op: fc.constantFrom('>', '>=', '<', '<=' as const), value: fc.constantFrom('7', '10') }),
    fc.record({ field: asked, op: fc.constant('in' as const), values: fc.array(word, { minLength: 1 }) }),
    fc.record({ field: asked, op: fc.constant('exists' as const) }),
    fc.record({ text: word }),
  );
  const tree = fc.letrec<{ any: SearchFilter }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      leaf,
      fc.record({ not: tie('any') }),
      fc.record({ and: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
    ),
  })).any;
  fc.assert(
    fc.property(tree, value, value, value, fc.array(value), small, (f, errorCode, userAgent, p, l, userName) => {
      const record = {
        ...{ eventTime: '2026-11-21T10:00:00Z', eventName: 'n', eventSource: 's' },
        ...{ errorCode, userAgent, requestParameters: { p, l }, userIdentity: { type: 'IAMUser', userName } },
      };
      const all: Record<string, readonly unknown[]> = {
        errorCode: [errorCode],
        userAgent: [userAgent],
        userName: [userName],
        'requestParameters.p': [p],
        'requestParameters.l[*]': l,
      };
      const values = (name: string) => all[name]!.filter((v) => v !== null && v !== '').map(String);
      const expected = naive(f, values, JSON.stringify(record));
      expect(compileSearchFilter(f)(eventOf(record))).toBe(expected);
      // Lists of one part, and lists within lists, are printed as what they mean.
      expect(compileSearchFilter(parseSearchFilter(printSearchFilter(f)))(eventOf(record))).toBe(expected);
    }),
    { numRuns: 1000 },
  );
});

test('a filter with many costly conditions over a large record takes a moment, not seconds', () => {
  const large = { ...RECORD, requestParameters: { text: 'Ä'.repeat(250_000) }, userAgent: 'A'.repeat(400_000) };
  const asked = ['requestParameters : nowhere', 'userAgent : nowhere', 'nowhere'];
  const test = compileSearchFilter(
    parseSearchFilter(Array.from({ length: 198 }, (_, i) => `${asked[i % 3]}${i}`).join(' or ')),
  );
  const event = eventOf(large);
  const started = cpuMs();
  expect(test(event)).toBe(false);
  expect(cpuMs() - started).toBeLessThan(5_000);
});

test('any text is read or refused with its place, soon', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        '(',
        ')',
        '"',
        '\\',
        ' ',
        'and ',
        'or ',
        'not ',
        'in (',
        ',',
        '= ',
        '!=',
        'eventName',
        '.',
        '[',
        '*]',
      ),
      fc.string({ maxLength: 4 }),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(
      pieces.map((parts) => parts.join('')),
      (text) => {
        try {
          const f = parseSearchFilter(text);
          expect(parseSearchFilter(printSearchFilter(f))).toEqual(f);
        } catch (error) {
          if (!(error instanceof PatternError)) throw error;
          expect(error.position).toBeGreaterThanOrEqual(0);
          expect(error.position).toBeLessThanOrEqual(text.length);
        }
      },
    ),
    { numRuns: 2000 },
  );
  const started = cpuMs();
  for (const part of [
    '(',
    '"',
    '"a" ',
    'a.',
    'a[0]',
    '\\"',
    'not ',
    'a ',
    'a.b ',
    '[',
    '""."',
    'eventName in (a,',
    '.',
  ]) {
    const text = part.repeat(FILTER_CHARS_MAX / part.length);
    try {
      parseSearchFilter(text);
    } catch (error) {
      expect(error).toBeInstanceOf(PatternError);
    }
  }
  expect(cpuMs() - started).toBeLessThan(1000);
});
