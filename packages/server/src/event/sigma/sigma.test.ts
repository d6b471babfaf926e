import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileSigmaRule, PatternError, type Placeholders, sigmaRecord } from './index.ts';
import { hasNeedle, haystackOf } from './needles.ts';

const HEAD = 'title: T\nlogsource:\n  product: aws\n  service: cloudtrail\n';
/** JSON is YAML too. */
const ruleOf = (detection: object, placeholders?: Placeholders) =>
  compileSigmaRule(`${HEAD}detection: ${JSON.stringify(detection)}\n`, placeholders);
const matches = (detection: object, record: object, placeholders?: Placeholders) =>
  ruleOf(detection, placeholders).matches(sigmaRecord(record));
const one = (selection: unknown, record: object, placeholders?: Placeholders) =>
  matches({ selection, condition: 'selection' }, record, placeholders);

describe('a selection', () => {
  test.each<readonly [what: string, selection: unknown, record: object, is: boolean]>([
    ['all fields of a map', { a: 'x', b: 'y' }, { a: 'x', b: 'y' }, true],
    ['all fields of a map', { a: 'x', b: 'y' }, { a: 'x' }, false],
    ['any value of a list', { a: ['x', 'y'] }, { a: 'y' }, true],
    ['any map of a list', [{ a: 'x' }, { b: 'y' }], { b: 'y' }, true],
    ['words anywhere', ['secret', 'other'], { a: { b: 'a SECRET plan' } }, true],
    ['words anywhere', ['secret'], { a: 'x' }, false],
    ['numbers anywhere', [42], { a: 'is 42' }, true],
    ['all words', { '|all': ['secret', 'plan'] }, { a: 'a SECRET', b: 'plan' }, true],
    ['all words', { '|all': ['secret', 'plan'] }, { a: 'a SECRET' }, false],
    ['no regard to case', { a: 'no' }, { a: 'No' }, true],
    ['regard to case', { 'a|cased': 'no' }, { a: 'No' }, false],
    ['regard to case', { 'a|contains|cased': 'N' }, { a: 'No' }, true],
    ['whole values', { a: 'x' }, { a: 'xx' }, false],
    ['wildcards', { a: 'list*' }, { a: 'ListRoles' }, true],
    ['a wildcard for one', { a: 'l?st' }, { a: 'list' }, true],
    ['wildcards that are escaped', { a: 'x\\*' }, { a: 'xy' }, false],
    ['wildcards that are escaped', { a: 'x\\*' }, { a: 'x*' }, true],
    ['a backslash as itself', { a: 'c:\\x' }, { a: 'c:\\x' }, true],
    ['a backslash before a wildcard', { a: 'c:\\\\*' }, { a: 'c:\\x' }, true],
    ['other characters as they are', { a: 'a.b' }, { a: 'axb' }, false],
    ['booleans and numbers as text', { 'a.b': 'false', c: 1 }, { a: { b: false }, c: 1 }, true],
    ['true as a value', { a: true }, { a: 'true' }, true],
    ['null as absent', { a: null }, {}, true],
    ['null as null', { a: null }, { a: null }, true],
    ['null not as a value', { a: null }, { a: '' }, false],
    ['an empty text', { a: '' }, { a: '' }, true],
    ['null or a value', { a: [null, 'x'] }, { a: 'x' }, true],
    ['fields of items of lists', { 'a.b|contains': 'z' }, { a: [{ b: ['x'] }, { b: ['yz'] }] }, true],
    ['a field that is there', { 'a|contains': '*' }, { a: 'x' }, true],
    ['a field that is not there', { 'a|contains': '*' }, {}, false],
    ['what objects inherit is no field', { constructor: '*' }, {}, false],
    ['objects as JSON', { 'a|contains': '"b":"x"' }, { a: { b: 'x' } }, true],
    ['JSON in objects', { 'a|contains|all': ['"Allow"', '"x"'] }, { a: { p: '["Allow","x"]' } }, true],
    ['all of a list', { 'a|contains|all': ['x', 'y'] }, { a: 'x' }, false],
    ['beginnings', { 'a|startswith': 'Up' }, { a: 'Update' }, true],
    ['ends', { 'a|endswith': 'Up' }, { a: 'Update' }, false],
    ['expressions', { 'a|re': '.+:role/aws:.+' }, { a: 'x:role/aws:y' }, true],
    ['expressions with case', { 'a|re': 'ADMIN' }, { a: 'admin' }, false],
    ['expressions without', { 'a|re|i': '(ADMIN|root)$' }, { a: 'an admin' }, true],
    ['networks', { 'a|cidr': '192.0.2.0/24' }, { a: '192.0.2.255' }, true],
    ['networks', { 'a|cidr': ['10.0.0.0/8', '2001:db8::/32'] }, { a: '2001:db8::1' }, true],
    ['networks', { 'a|cidr': '192.0.2.0/24' }, { a: 'ec2.amazonaws.com' }, false],
    ['presence', { 'a|exists': true }, { a: 'x' }, true],
    ['presence', { 'a|exists': true }, { a: null }, false],
    ['absence', { 'a|exists': false }, { b: 1 }, true],
    ['numbers by size', { 'a|gt': 5, 'b|lte': 5 }, { a: 6, b: '5' }, true],
    ['numbers by size', { 'a|gte': 5, 'b|lt': 5 }, { a: 5, b: 5 }, false],
    ['difference', { 'a|neq': 'x' }, { a: 'y' }, true],
    ['difference', { 'a|neq': 'x' }, {}, false],
    ['another field', { 'a|fieldref': 'b.c' }, { a: 'x', b: { c: 'x' } }, true],
  ])('knows %s: %j of %j', (_, selection, record, is) => {
    expect(one(selection, record)).toBe(is);
  });

  test('fills in placeholders', () => {
    expect(one({ 'a|expand': '%who%' }, { a: 'ann' }, { who: ['bob', 'ann'] })).toBe(true);
    expect(one({ 'a|expand': '%who%' }, { a: 'ann' }, { who: [] })).toBe(false);
  });
});

describe('a condition', () => {
  test.each([
    ['x', true],
    ['x and not y', true],
    ['x and y', false],
    ['y or x', true],
    ['y or x and y', false],
    ['(y or x) and x', true],
    ['not (x and y) and not y', true],
    ['not not x', true],
    ['NOT y AND x', true],
    ['1 of *', true],
    ['any of them', true],
    ['all of them', false],
    ['all of x*', true],
    ['not 1 of y*', true],
    ['1 of *2', false],
  ])('is read: %s', (condition, is) => {
    expect(matches({ x: { a: '1' }, y2: { a: '2' }, y: { a: '3' }, condition }, { a: '1' })).toBe(is);
  });

  test('may be a list, of which one suffices', () => {
    expect(matches({ x: { a: '1' }, y: { a: '2' }, condition: ['y', 'x'] }, { a: '1' })).toBe(true);
  });
});

describe('the names that a rule is about', () => {
  const names = (detection: object) => {
    const { eventNames } = ruleOf(detection);
    return eventNames && [...eventNames].sort();
  };
  test.each<readonly [object, readonly string[] | undefined]>([
    [{ x: { eventName: 'A', b: '1' }, condition: 'x' }, ['a']],
    [{ x: { eventName: ['A', 'b'] }, condition: 'x' }, ['a', 'b']],
    [{ x: [{ eventName: 'A' }, { eventName: 'B' }], condition: 'x' }, ['a', 'b']],
    [{ x: [{ eventName: 'A' }, { b: 'B' }], condition: 'x' }, undefined],
    [{ x: { eventName: 'A*' }, condition: 'x' }, undefined],
    [{ x: { eventName: [null, 'a'] }, condition: 'x' }, undefined],
    [{ x: { 'eventName|startswith': 'A' }, condition: 'x' }, undefined],
    [{ x: { eventName: 'A' }, y: { b: '1' }, condition: 'y and x' }, ['a']],
    [{ x: { eventName: 'A' }, y: { b: '1' }, condition: 'y or x' }, undefined],
    [{ x: { eventName: 'A' }, y: { eventName: 'B' }, condition: 'y or x' }, ['a', 'b']],
    [{ x: { eventName: 'A' }, y: { b: '1' }, condition: 'y and not x' }, undefined],
    [{ x: { eventName: 'A' }, y: { b: '1' }, condition: ['x', 'y'] }, undefined],
  ])('%j', (detection, expected) => {
    expect(names(detection)).toEqual(expected);
  });
});

describe('the words without which a rule cannot match', () => {
  const needles = (detection: object) => {
    const found = ruleOf(detection).needles;
    return found && [...found].sort();
  };
  test.each<readonly [object, readonly string[] | undefined]>([
    [{ x: { a: 'Root' }, condition: 'x' }, ['root']],
    [{ x: { 'a|contains': ':role/AWS-y.z:' }, condition: 'x' }, ['role/aws-y.z:']],
    [{ x: { 'a|re': '.+:assumed-role/aws:.+' }, condition: 'x' }, ['assumed-role/aws:']],
    [{ x: { 'a|re|i': '^Ab+cde(fgh|ijk)lmno?' }, condition: 'x' }, ['cde']],
    [{ x: { 'a|re': 'abc|def' }, condition: 'x' }, undefined],
    [{ x: { a: ['one*two2', 'three'] }, condition: 'x' }, ['three', 'two2']],
    [{ x: { a: ['three', 'xy'] }, condition: 'x' }, undefined],
    [{ x: { a: ['three', null] }, condition: 'x' }, undefined],
    [{ x: { 'a|contains|all': ['three', 'xy'] }, condition: 'x' }, ['three']],
    [{ x: { a: 'long-word', b: 'one' }, condition: 'x' }, ['long-word']],
    [{ x: { a: '1e3', b: 12345 }, condition: 'x' }, undefined],
    [{ x: { 'a|neq': 'word' }, condition: 'x' }, undefined],
    [{ x: { 'a|exists': false }, condition: 'x' }, undefined],
    [{ x: ['two words'], condition: 'x' }, ['words']],
    [{ x: { a: 'word' }, condition: 'not x' }, undefined],
    [{ x: { a: 'word' }, y: { b: 'other' }, condition: 'x or y' }, ['other', 'word']],
    [{ x: { a: 'word' }, y: { b: 'other' }, condition: 'x and not y' }, ['word']],
  ])('%j', (detection, expected) => {
    expect(needles(detection)).toEqual(expected);
  });

  test.each([
    ['{"a":"ROOT"}', true],
    ['{"a":"other"}', false],
    ['{"a":"R\\u006fot"}', true],
    ['{"a":"x\\/y"}', true],
    ['{"a":"\u212Aey"}', true],
  ])('are looked for in %s', (json, is) => {
    expect(hasNeedle(haystackOf(Buffer.from(json)), new Set(['root', 'key']))).toBe(is);
  });

  test('a matching record has one of them, whatever the rule', () => {
    const word = fc.constantFrom('root', 'Kali*', 'x-y', ':true', 'a:b/c', ':"x-y"', '?ab', '12', '', 'é-accent');
    const value = fc.oneof(word, fc.constantFrom(null, 12, true));
    const key = fc.tuple(
      fc.constantFrom('a', 'b'),
      fc.constantFrom('', '|contains', '|startswith', '|re', '|re|i', '|contains|all', '|neq', '|cased'),
    );
    const map = fc.dictionary(
      key.map((parts) => parts.join('')),
      fc.array(value, { minLength: 1, maxLength: 2 }),
      { minKeys: 1, maxKeys: 2 },
    );
    const selection = fc.oneof(map, fc.array(map, { minLength: 1, maxLength: 2 }), fc.array(word, { minLength: 1 }));
    const condition = fc.constantFrom('x', 'x or y', 'x and y', 'x and not y', 'not x', '1 of *');
    const text = fc.constantFrom('root', 'a:b/c', 'KALI linux', '\u212Aali', 'x-y', 'zab', '12', 'É-accent', '"', '\\');
    const record = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.oneof(text, fc.constantFrom(12, true, null), fc.array(text, { maxLength: 2 }), fc.dictionary(text, text)),
    );
    fc.assert(
      fc.property(selection, selection, condition, record, (x, y, how, one) => {
        const rule = compileOrSkip({ x, y, condition: how });
        if (!rule.matches(sigmaRecord(one))) return;
        for (const indent of [0, 1]) {
          const json = Buffer.from(JSON.stringify(one, undefined, indent));
          expect(hasNeedle(haystackOf(json), rule.needles)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function compileOrSkip(detection: object) {
  try {
    return ruleOf(detection);
  } catch (error) {
    fc.pre(!/null has no meaning|regular expression/.test(String(error)));
    throw error;
  }
}

describe('a rule', () => {
  test('tells what it is', () => {
    const text = `${HEAD}id: 39c9f26d-6e3b-4dbb-9c7a-4154b0281112\nlevel: high\ntags: [attack.t1078]\ndescription: D\ndate: 2025-10-19\ndetection:\n  x: {a: 1}\n  condition: x\n`;
    expect(compileSigmaRule(text)).toMatchObject({
      id: '39c9f26d-6e3b-4dbb-9c7a-4154b0281112',
      title: 'T',
      level: 'high',
      description: 'D',
      tags: ['attack.t1078'],
    });
  });

  test('without an id or a level has the same ones every time', () => {
    const [a, b] = [ruleOf({ x: { a: 1 }, condition: 'x' }), ruleOf({ x: { a: 2 }, condition: 'x' })];
    expect([a.id, a.level]).toEqual([b.id, 'medium']);
  });

  const detection = (yaml: string) => `${HEAD}detection:\n${yaml}`;
  test.each([
    ['', 1, 'a rule has a map of its members'],
    ['a: b: c', 1, 'Nested mappings'],
    [`${HEAD}---\n${HEAD}`, 5, 'multiple documents'],
    ['title: T\nlogsource: {product: windows}\n', 2, 'product: aws'],
    ['title: T\nlogsource: {product: aws, service: guardduty}\n', 2, 'service: cloudtrail'],
    [HEAD.replace('T', '""'), 1, "'title' must be text"],
    [`${HEAD}level: severe\n`, 5, 'the level must be one of'],
    [`${HEAD}id: a b\ndetection:\n  x: {a: 1}\n  condition: x\n`, 5, 'the id must be'],
    [HEAD, 1, "a rule has 'detection', a map"],
    [detection('  x: {a: 1}\n'), 6, 'a detection has a condition'],
    [detection('  x: {}\n  condition: x\n'), 6, 'the selection is empty'],
    [detection('  x: []\n  condition: x\n'), 6, 'the list is empty'],
    [detection('  x:\n  condition: x\n'), 6, 'a selection is a map'],
    [detection('  x: {a: []}\n  condition: x\n'), 6, "'a' has no value"],
    [detection('  x:\n    a:\n      b: 1\n  condition: x\n'), 8, "the value of 'a' must be"],
    [detection('  x:\n    c: 1\n    a|base64: 1\n  condition: x\n'), 8, "modifiers of 'a|base64' are not supported"],
    [detection('  x:\n    a|contains|startswith: 1\n  condition: x\n'), 7, 'not supported (contains|startswith)'],
    [detection('  x:\n    a|re: "(?=a)"\n  condition: x\n'), 7, 'Invalid regular expression at position 1'],
    [detection('  x:\n    a|cidr: 10.0.0.0\n  condition: x\n'), 7, '10.0.0.0 is no network'],
    [detection('  x:\n    a|gt: x\n  condition: x\n'), 7, 'x is no number'],
    [detection('  x:\n    a|exists: 1\n  condition: x\n'), 7, 'must be true or false'],
    [detection('  x:\n    a|contains: null\n  condition: x\n'), 7, 'null has no meaning'],
    [
      detection('  x:\n    a|expand: "%who%"\n  condition: x\n'),
      7,
      'write your own values instead of the placeholder %who%',
    ],
    [detection('  x: {a: 1}\n  condition: x | count() > 5\n'), 7, 'aggregations over several events'],
    [detection('  x: {a: 1}\n  timeframe: 5m\n  condition: x\n'), 7, 'rules over several events within a time'],
    [
      detection('  x: {a: 1}\n  condition: y\n'),
      7,
      "expected a selection of the rule (x) but found 'y' at character 1",
    ],
    [detection('  x: {a: 1}\n  condition: x x\n'), 7, "expected 'and', 'or' or the end but found 'x' at character 3"],
    [detection('  x: {a: 1}\n  condition: (x\n'), 7, "expected ')'"],
    [detection('  x: {a: 1}\n  condition: x and\n'), 7, 'expected a selection but found the end'],
    [detection('  x: {a: 1}\n  condition: 1 of z*\n'), 7, "expected 'them' or a pattern"],
    [detection(`  x: {a: 1}\n  condition: ${'('.repeat(99)}\n`), 7, 'levels'],
    [
      detection(
        `  a: &a [x,x,x,x,x,x,x,x]\n  b: &b [*a,*a,*a,*a,*a,*a,*a]\n  c: &c [*b,*b,*b,*b,*b,*b,*b]\n  d: [*c,*c,*c,*c,*c,*c,*c]\n`,
      ),
      1,
      'Excessive alias count',
    ],
  ])('that is wrong is refused with its line: %j', (text, line, words) => {
    let error: PatternError | undefined;
    try {
      compileSigmaRule(text);
    } catch (caught) {
      error = caught as PatternError;
    }
    expect(error).toBeInstanceOf(PatternError);
    expect(error!.message).toContain(words);
    expect(error!.message).toContain(`at line ${line},`);
  });

  test('that is too deep or too long is refused', () => {
    expect(() => compileSigmaRule('['.repeat(60_000))).toThrow('it nests too deep');
    expect(() => compileSigmaRule('x'.repeat(70_000))).toThrow('65536 characters');
  });
});
