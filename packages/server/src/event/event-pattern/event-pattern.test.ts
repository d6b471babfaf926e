import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileEventPattern, PatternError } from './index.ts';

const EVENT = {
  version: '0',
  id: '3e3c153a-8339-4e30-8c35-687ebef853fe',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.s3',
  account: '123456789012',
  time: '2026-01-02T03:04:05Z',
  region: 'eu-west-1',
  resources: ['arn:aws:s3:::one', 'arn:aws:s3:::two'],
  detail: {
    eventName: 'PutObject',
    sourceIPAddress: '10.0.0.7',
    v6: '2001:db8::7',
    bytes: 300,
    negative: -1.5,
    readOnly: false,
    nothing: null,
    empty: '',
    none: [],
    stars: 'a*b',
    requestParameters: {
      bucketName: 'one',
      tags: [
        { k: 'a', v: '1' },
        { k: 'b', v: '2' },
      ],
      deep: [[1, [2]]],
    },
  },
};

const fits = (pattern: object | string, event: unknown = EVENT) =>
  compileEventPattern(typeof pattern === 'string' ? pattern : JSON.stringify(pattern))(event);
/** Of a field of the detail. */
const has = (field: string, ...wanted: unknown[]) => fits({ detail: { [field]: wanted } });

describe('an event pattern', () => {
  test.each<[what: string, is: boolean, expected: boolean]>([
    ['a value', fits({ source: ['aws.s3'] }), true],
    ['one of several values', fits({ source: ['aws.ec2', 'aws.s3'] }), true],
    ['another value', fits({ source: ['aws.ec2'] }), false],
    ['all fields', fits({ source: ['aws.s3'], region: ['us-east-1'] }), false],
    ['any item of a list', fits({ resources: ['arn:aws:s3:::two'] }), true],
    ['a field that is not there', fits({ detail: { other: ['x'] } }), false],
    ['a number', has('bytes', 300), true],
    ['a number as text', has('bytes', '300'), false],
    ['a boolean', has('readOnly', false), true],
    ['null', has('nothing', null), true],
    ['null of what is not there', has('other', null), false],
    ['an empty text', has('empty', ''), true],
    ['prefix', has('eventName', { prefix: 'Put' }), true],
    ['the empty prefix, which any text has', fits({ source: [{ prefix: '' }] }), true],
    ['exactly', has('eventName', { exactly: 'PutObject' }), true],
    ['prefix of another case', has('eventName', { prefix: 'put' }), false],
    ['prefix without regard to case', has('eventName', { prefix: { 'equals-ignore-case': 'pUT' } }), true],
    ['suffix', has('eventName', { suffix: 'Object' }), true],
    ['suffix without regard to case', has('eventName', { suffix: { 'equals-ignore-case': 'OBJECT' } }), true],
    ['equals-ignore-case', has('eventName', { 'equals-ignore-case': 'putobject' }), true],
    ['wildcard', has('eventName', { wildcard: 'P*Obj*' }), true],
    ['wildcard of the whole', has('eventName', { wildcard: 'ut*' }), false],
    ['an escaped star', has('stars', { wildcard: 'a\\*b' }), true],
    ['an escaped star is no wildcard', has('eventName', { wildcard: 'Put\\*' }), false],
    ['anything-but', has('eventName', { 'anything-but': 'GetObject' }), true],
    ['anything-but itself', has('eventName', { 'anything-but': ['GetObject', 'PutObject'] }), false],
    ['anything-but a number', has('bytes', { 'anything-but': [1, 2] }), true],
    ['anything-but what is not there', has('other', { 'anything-but': 'x' }), false],
    ['anything-but prefix', has('eventName', { 'anything-but': { prefix: 'Put' } }), false],
    ['anything-but prefixes', has('eventName', { 'anything-but': { prefix: ['Get', 'List'] } }), true],
    ['anything-but suffix', has('eventName', { 'anything-but': { suffix: 'Acl' } }), true],
    ['anything-but wildcard', has('eventName', { 'anything-but': { wildcard: ['*Obj*'] } }), false],
    ['anything-but case', has('eventName', { 'anything-but': { 'equals-ignore-case': ['PUTOBJECT'] } }), false],
    ['numeric', has('bytes', { numeric: ['>', 299.5] }), true],
    ['numeric range', has('bytes', { numeric: ['>=', 300, '<', 301] }), true],
    ['numeric outside', has('bytes', { numeric: ['>', 300, '<=', 400] }), false],
    ['numeric equality', has('negative', { numeric: ['=', -1.5] }), true],
    ['numeric of text', has('eventName', { numeric: ['>', 0] }), false],
    ['cidr', has('sourceIPAddress', { cidr: '10.0.0.0/24' }), true],
    ['cidr elsewhere', has('sourceIPAddress', { cidr: '10.0.1.0/24' }), false],
    ['cidr of version 6', has('v6', { cidr: '2001:db8::/32' }), true],
    ['cidr of a name', has('eventName', { cidr: '0.0.0.0/0' }), false],
    ['exists', has('nothing', { exists: true }), true],
    ['exists of an object', has('requestParameters', { exists: true }), false],
    ['exists of an empty list', has('none', { exists: true }), false],
    ['absence', has('other', { exists: false }), true],
    ['absence or a value', has('bytes', { exists: false }, 300), true],
    ['absence below what is absent', fits({ detail: { other: { x: [{ exists: false }] } } }), true],
    ['absence below a scalar', fits({ source: { x: [{ exists: false }] } }), true],
    ['a nested field', fits({ detail: { requestParameters: { bucketName: ['one'] } } }), true],
    ['one object of a list', fits({ detail: { requestParameters: { tags: { k: ['b'], v: ['2'] } } } }), true],
    ['no two objects of a list', fits({ detail: { requestParameters: { tags: { k: ['a'], v: ['2'] } } } }), false],
    ['lists in lists', fits({ detail: { requestParameters: { deep: [2] } } }), true],
    ['$or', fits({ $or: [{ source: ['aws.ec2'] }, { region: ['eu-west-1'] }] }), true],
    ['$or of nothing that fits', fits({ $or: [{ source: ['aws.ec2'] }, { region: ['us-east-1'] }] }), false],
    ['$or within', fits({ detail: { eventName: ['PutObject'], $or: [{ bytes: [1] }, { readOnly: [false] }] } }), true],
    ['$or in $or', fits({ $or: [{ $or: [{ source: ['x'] }, { source: ['aws.s3'] }] }, { region: ['x'] }] }), true],
    ['a field named $or', fits({ $or: ['x'] }, { $or: 'x' }), true],
    ['what objects inherit is no field', fits({ toString: [{ exists: false }] }), true],
    ['the last of two names alike', fits('{"source":["x"],"source":["aws.s3"]}'), true],
    ['nothing that is no object', fits({ a: [{ exists: false }] }, []), false],
  ])('takes %s', (_, is, expected) => {
    expect(is).toBe(expected);
  });

  test.each([
    ['x', 0, 'Unexpected character ("x"): was expecting a JSON value'],
    ['{"a":', 5, 'Unexpected end'],
    ['{"a":[1,]}', 8, 'a JSON value'],
    ['{"a":[1}', 7, "',' or ']'"],
    ['{"a":[1]', 8, "',' or '}'"],
    ['{a:[1]}', 1, 'a name in double quotes'],
    ['{"a"[1]}', 4, "':'"],
    ['{"a":[01]}', 6, 'a JSON value'],
    ['{"a":["\t"]}', 6, 'a JSON value'],
    ['{"a":[1]} x', 10, 'nothing more'],
    ['[1]', 0, 'Filter is not an object'],
    ['{}', 0, 'Empty objects are not allowed'],
    ['{"source": "aws.s3"}', 11, '"source" must be an object or an array'],
    ['{"a":{}}', 5, 'Empty objects are not allowed'],
    ['{"a":[]}', 5, 'Empty arrays are not allowed'],
    ['{"a":[[1]]}', 6, 'Match value must be String, number, true, false, or null'],
    ['{"a":[{"near":1}]}', 6, 'Unrecognized match type near'],
    ['{"a":[{"toString":1}]}', 6, 'Unrecognized match type toString'],
    ['{"a":[{"prefix":"x","suffix":"y"}]}', 29, 'Only one key allowed in match expression'],
    ['{"a":[{"prefix":1}]}', 16, 'prefix match pattern must be a string'],
    ['{"a":[{"anything-but":{"prefix":""}}]}', 32, 'Null prefix/suffix not allowed'],
    ['{"a":[{"anything-but":{"suffix":["a",""]}}]}', 37, 'Null prefix/suffix not allowed'],
    ['{"a":[{"anything-but":{"suffix":[]}}]}', 32, 'Empty arrays are not allowed'],
    ['{"a":[{"anything-but":true}]}', 22, 'Value of anything-but must be an array or single string/number value.'],
    ['{"a":[{"prefix":{"equals-ignore-case":1}}]}', 38, 'equals-ignore-case match pattern must be a string'],
    ['{"a":[{"prefix":{"x":1}}]}', 21, 'Unsupported prefix pattern: x'],
    ['{"a":[{"exists":1}]}', 16, 'exists match pattern must be either true or false.'],
    ['{"a":[{"numeric":1}]}', 17, 'Value of numeric must be an array.'],
    ['{"a":[{"numeric":[]}]}', 17, 'Invalid member in numeric match'],
    ['{"a":[{"numeric":["~",1]}]}', 18, 'Unrecognized numeric range operator: ~'],
    ['{"a":[{"numeric":["<"]}]}', 17, 'Value of < must be numeric'],
    ['{"a":[{"numeric":["=","1"]}]}', 22, 'Value of equals must be numeric'],
    ['{"a":[{"numeric":["<",6e9]}]}', 22, 'Value must be between'],
    ['{"a":[{"numeric":["<",1,">",0]}]}', 24, 'Too many elements in numeric expression'],
    ['{"a":[{"numeric":[">",1,">",5]}]}', 24, 'Bad numeric range operator: >'],
    ['{"a":[{"numeric":[">",1,"<",0]}]}', 28, 'Bottom must be less than top'],
    ['{"a":[{"numeric":[">",1,"<",2,"<"]}]}', 30, 'Too many terms in numeric range expression'],
    ['{"a":[{"cidr":"10.0.0.0"}]}', 14, "Malformed CIDR, one '/' required"],
    ['{"a":[{"cidr":"10.0.0.0/33"}]}', 14, 'Malformed CIDR, mask bits'],
    ['{"a":[{"cidr":"x/1"}]}', 14, 'Malformed CIDR, x is no IP address'],
    ['{"a":[{"anything-but":[]}]}', 22, 'mixed type is not supported'],
    ['{"a":[{"anything-but":["a",1]}]}', 22, 'mixed type is not supported'],
    ['{"a":[{"anything-but":[null]}]}', 23, 'start|null|boolean is not supported'],
    ['{"a":[{"anything-but":{"numeric":1}}]}', 33, 'Unsupported anything-but pattern: numeric'],
    ['{"a":[{"wildcard":"a**b"}]}', 18, 'Consecutive wildcard characters at pos 1'],
    ['{"a":[{"wildcard":"a\\\\b"}]}', 18, 'Invalid escape character at pos 1'],
    [`{"a":[{"wildcard":"${'*a'.repeat(150)}"}]}`, 18, 'Rule is too complex. Try using fewer wildcard characters'],
    [`{"a":[{"wildcard":"*${'a'.repeat(150)}"}]}`, 18, 'fewer repeating character sequences after a wildcard'],
    [`${'{"a":'.repeat(200)}[1]${'}'.repeat(200)}`, 505, 'deep'],
  ])('is refused: %s', (pattern, position, words) => {
    let error: PatternError | undefined;
    try {
      compileEventPattern(pattern);
    } catch (caught) {
      error = caught as PatternError;
    }
    expect(error?.message).toContain('Event pattern is not valid. Reason: ');
    expect(error?.message).toContain(words);
    expect(error?.position).toBe(position);
  });

  test('tells line and column, as AWS does', () => {
    expect(() => compileEventPattern('{\n  "source": "aws.s3"\n}')).toThrow(/; line: 2, column: 13\]$/);
  });
});

describe('any pattern', () => {
  const value = fc.constantFrom<unknown>('a', 'b', '', 1, 2, true, null);
  const leaf = fc.array(value, { minLength: 1, maxLength: 3 });
  const event = fc.dictionary(fc.constantFrom('a', 'b'), fc.oneof(value, fc.array(value, { maxLength: 2 })));

  test('of plain values takes an event when each of its fields shares one', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b'), leaf, { minKeys: 1 }), event, (pattern, one) => {
        const shares = ([key, wanted]: [string, unknown[]]) =>
          Object.hasOwn(one, key) && [one[key]].flat().some((item) => wanted.includes(item));
        expect(fits(pattern, one)).toBe(Object.entries(pattern).every(shares));
      }),
      { numRuns: 1000 },
    );
  });

  test('with $or is the same as its alternatives apart', () => {
    const one = fc.dictionary(fc.constantFrom('a', 'b'), leaf, { minKeys: 1 });
    fc.assert(
      fc.property(fc.array(one, { minLength: 2, maxLength: 3 }), event, (parts, of) => {
        expect(fits({ $or: parts }, of)).toBe(parts.some((part) => fits(part, of)));
      }),
    );
  });

  test('is JSON where JSON.parse takes it', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '.5',
      'e',
      'true',
      'null',
      ' ',
    );
    const text = fc.oneof(
      fc.json({ noUnicodeString: false }),
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    );
    const isJson = (one: string): boolean => {
      try {
        JSON.parse(one);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(text, (one) => {
        let failure = '';
        try {
          compileEventPattern(one);
        } catch (error) {
          failure = String(error);
        }
        expect(/was expecting/.test(failure)).toBe(!isJson(one));
      }),
      { numRuns: 1000 },
    );
  });

  test('of any JSON is taken or refused with a position', () => {
    const key = fc.constantFrom('a', '$or', 'prefix', 'anything-but', 'numeric', 'cidr', 'wildcard', 'exists');
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 5, depthSize: 'medium' },
        fc.constantFrom<unknown>('a*', '\\', '<', '10.0.0.0/8', 1, true, null),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(key, tie('json'), { maxKeys: 2 }),
      ),
    }));
    fc.assert(
      fc.property(json, event, (pattern, of) => {
        const text = JSON.stringify(pattern, undefined, 1);
        try {
          expect(typeof compileEventPattern(text)(of)).toBe('boolean');
        } catch (error) {
          if (!(error instanceof PatternError)) throw error;
          expect(error.position).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
