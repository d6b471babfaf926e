import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { compileInput } from './input.ts';
import { compileJsonPath } from './json-path.ts';

const made = (template: string, paths: Record<string, string>, event: object) => {
  const make = compileInput({
    Id: 't',
    Arn: 'arn',
    InputTransformer: { InputPathsMap: paths, InputTemplate: template },
  });
  const text = JSON.stringify(event);
  return make({ text, event: { ...event }, rule: { arn: 'arn:rule', name: 'rule' }, ingestedMs: 0 });
};

test.each([
  ['{"a": <x>}', { x: '$.n' }, '{"a": 1}'],
  ['"<x> is <y>"', { x: '$.s', y: '$.n' }, '"te\\"xt is 1"'],
  ['"<x>"\n"<y>"', { x: '$.n', y: '$.list[1]' }, '"1"\n"b"'],
  ['{"a": <x>}', { x: '$.list' }, '{"a": ["a","b"]}'],
  ['"<x>"', { x: '$.list' }, '"[\\"a\\",\\"b\\"]"'],
  ['{"a": "\\<x\\> <x>"}', { x: '$.n' }, '{"a": "<x> 1"}'],
  ['{"a": "1 < 2"}', {}, '{"a": "1 < 2"}'],
  ['{"t": <aws.events.event.ingestion-time>}', {}, '{"t": "1970-01-01T00:00:00.000Z"}'],
  ['{"r": "<aws.events.rule-arn>", "n": <aws.events.rule-name>}', {}, '{"r": "arn:rule", "n": "rule"}'],
  ['{"e": <aws.events.event>}', {}, '{"e": {"n":1,"s":"te\\"xt","list":["a","b"]}}'],
  ['<x>', { x: "$.detail['a-b']" }, '"deep"'],
])('%s', (template, paths, expected) => {
  const event = { n: 1, s: 'te"xt', list: ['a', 'b'], detail: { 'a-b': 'deep' } };
  expect(made(template, paths as unknown as Record<string, string>, event)).toBe(expected);
});

test('what comes out is JSON, whatever the event says', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (x, y) => {
      const text = made(
        '{"x": <x>, "text": "[<x>] <y> <gone>", "y": [<y>, <gone>]}',
        { x: '$.x', y: '$.y', gone: '$.z' },
        { x, y },
      );
      const parsed = JSON.parse(text);
      expect(parsed.x).toEqual(JSON.parse(JSON.stringify(x)));
      expect(parsed.y[1]).toBe(null);
      expect(parsed.text).toContain(typeof y === 'string' ? y : JSON.stringify(y));
    }),
  );
});

test('no template is more than refused', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 60, unit: fc.constantFrom('<', '>', '"', '\\', 'x', '{', '}', ':', ' ') }),
      (template) => {
        try {
          JSON.parse(made(template, { x: '$.x' }, { x: 1 }).split('\n')[0]!);
        } catch (error) {
          if (!(error instanceof AwsError) && !(error instanceof SyntaxError)) throw error;
        }
      },
    ),
  );
});

test.each(['$', '$.a', '$.a.b-c', "$.a['x y'][0]", '$["a"]', '$.detail-type'])('%s is a path', (path) => {
  expect(compileJsonPath(path)).toBeTypeOf('function');
});

test.each([
  '',
  'a',
  '$a',
  '$.',
  '$.a.',
  '$.*',
  '$..a',
  '$.a[*]',
  '$.a[-1]',
  '$.a[',
  "$['",
  '$.a b',
  `$.${'a'.repeat(300)}`,
])('%s is none', (path) => {
  expect(compileJsonPath(path)).toBeUndefined();
});

test('a path reads own members alone', () => {
  for (const path of ['$.__proto__', '$.constructor', '$.a.length', '$.toString']) {
    expect(compileJsonPath(path)!({ a: 'text' })).toBeUndefined();
  }
});
