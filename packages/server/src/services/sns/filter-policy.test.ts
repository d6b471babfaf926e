import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileFilter, type Scope } from './filter-policy.ts';
import { filterable } from './message.ts';

const byBody = (policy: object, message: unknown) =>
  compileFilter(
    JSON.stringify(policy),
    'MessageBody',
  )(filterable({ message: JSON.stringify(message), attributes: {} }));
type Attributes = Parameters<typeof filterable>[0]['attributes'];
const byAttributes = (policy: object, attributes: Attributes) =>
  compileFilter(JSON.stringify(policy), 'MessageAttributes')(filterable({ message: 'x', attributes }));
const text = (value: string) => ({ type: 'String', value });

describe('attributes', () => {
  const rugby = { sport: text('rugby'), price: { type: 'Number', value: '100' } };
  const list = { sport: { type: 'String.Array', value: '["rugby", "tennis", 5, null, true]' } };
  test.each<[boolean, object, Attributes]>([
    [true, {}, {}],
    [true, { sport: ['tennis', 'rugby'] }, rugby],
    [false, { sport: ['tennis'] }, rugby],
    [false, { sport: ['rugby'], colour: ['red'] }, rugby],
    [true, { sport: [{ prefix: 'rug' }] }, rugby],
    [true, { sport: [{ suffix: 'by' }] }, rugby],
    [true, { sport: [{ 'equals-ignore-case': 'RUGBY' }] }, rugby],
    [false, { sport: [{ 'anything-but': 'rugby' }] }, rugby],
    [true, { sport: [{ 'anything-but': ['tennis', 'golf'] }] }, rugby],
    [false, { sport: [{ 'anything-but': { prefix: 'rug' } }] }, rugby],
    [true, { sport: [{ 'anything-but': { suffix: 'ball' } }] }, rugby],
    [false, { other: [{ 'anything-but': 'rugby' }] }, rugby],
    [true, { other: [{ exists: false }] }, rugby],
    [true, { sport: [{ exists: true }] }, rugby],
    [false, { sport: [{ exists: false }] }, rugby],
    [true, { price: [100] }, rugby],
    [true, { price: [{ numeric: ['>', 0, '<=', 100] }] }, rugby],
    [false, { price: [{ numeric: ['<', 100] }] }, rugby],
    [true, { price: [{ numeric: ['=', 100] }] }, rugby],
    [false, { price: ['100'] }, rugby],
    [false, { price: [{ 'anything-but': [100, 500] }] }, rugby],
    [true, { sport: ['tennis'] }, list],
    [true, { sport: [5] }, list],
    [true, { sport: [null] }, list],
    [true, { sport: [{ 'anything-but': ['rugby'] }] }, list],
    [true, { $or: [{ sport: ['golf'] }, { price: [100] }] }, rugby],
    [false, { $or: [{ sport: ['golf'] }, { price: [1] }] }, rugby],
    [true, { ip: [{ cidr: '10.0.0.0/24' }] }, { ip: text('10.0.0.255') }],
    [false, { ip: [{ cidr: '10.0.0.0/24' }] }, { ip: text('10.1.1.0') }],
    [false, { blob: [{ prefix: 'a' }] }, { blob: { type: 'Binary', value: 'aaaa' } }],
  ])('%s: %j of %j', (expected, policy, attributes) => expect(byAttributes(policy, attributes)).toBe(expected));
});

describe('bodies', () => {
  const body = {
    store: 'a',
    user: { name: 'x', roles: ['r', 's'] },
    items: [{ id: 1, ok: true }, { id: 2 }],
    none: null,
  };
  test.each<[boolean, object]>([
    [true, { store: ['a'] }],
    [true, { user: { name: ['x'] } }],
    [true, { user: { roles: ['s'] } }],
    [false, { user: { name: ['y'] } }],
    [true, { items: { id: [2] } }],
    [true, { items: { id: [1], ok: [true] } }],
    [false, { items: { id: [2], ok: [true] } }],
    [true, { none: [null] }],
    [true, { user: { age: [{ exists: false }] } }],
    [true, { absent: { age: [{ exists: false }] } }],
    [false, { absent: { age: [{ exists: true }] } }],
    [true, { $or: [{ store: ['b'] }, { user: { name: ['x'] } }] }],
  ])('%s: %j', (expected, policy) => expect(byBody(policy, body)).toBe(expected));

  test.each(['no json', '[1]', '"a"', 'null', ''])('%j matches no policy', (message) => {
    expect(compileFilter('{"a":[{"exists":false}]}', 'MessageBody')(filterable({ message, attributes: {} }))).toBe(
      false,
    );
  });

  test('that nest deeper than a stack is deep are read all the same', () => {
    const message = `{"a":${'['.repeat(100_000)}1${']'.repeat(100_000)}}`;
    expect(compileFilter('{"a":[1]}', 'MessageBody')(filterable({ message, attributes: {} }))).toBe(true);
  });

  test('never make a policy throw', () => {
    const keys = fc.constantFrom('a', 'b', '$or', '__proto__', 'constructor', 'exists');
    const policy = fc.letrec((tie) => ({
      node: fc.dictionary(keys, fc.oneof({ maxDepth: 3 }, fc.array(tie('rule')), tie('node')), { maxKeys: 3 }),
      rule: fc.oneof(
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom('prefix', 'numeric', 'exists', 'cidr', 'anything-but'), fc.jsonValue(), {
          maxKeys: 1,
        }),
      ),
    })).node;
    fc.assert(
      fc.property(
        policy,
        fc.json(),
        fc.constantFrom<Scope>('MessageBody', 'MessageAttributes'),
        (made, message, scope) => {
          let compiled: ReturnType<typeof compileFilter>;
          try {
            compiled = compileFilter(JSON.stringify(made), scope);
          } catch (error) {
            expect(error).toMatchObject({ code: 'InvalidParameter' });
            return;
          }
          expect(typeof compiled(filterable({ message, attributes: { a: text('x') } }))).toBe('boolean');
        },
      ),
      { numRuns: 500 },
    );
  });
});

test.each<[string, Scope, RegExp]>([
  ['[]', 'MessageBody', /must be a JSON object/],
  ['{"a":"x"}', 'MessageBody', /"a" must be an object or an array/],
  ['{"a":{"b":["x"]}}', 'MessageAttributes', /does not support nested/],
  ['{"a":[]}', 'MessageBody', /Empty arrays/],
  ['{"a":[{"wildcard":"x*"}]}', 'MessageBody', /Unrecognized match type wildcard/],
  ['{"a":[{"exists":"yes"}]}', 'MessageBody', /exists match pattern must be/],
  ['{"a":[{"prefix":1}]}', 'MessageBody', /prefix match pattern must be a string/],
  ['{"a":[{"numeric":["<",1,">",2]}]}', 'MessageBody', /Too many elements/],
  ['{"a":[{"numeric":[">",3,"<",2]}]}', 'MessageBody', /Bottom must be less than top/],
  ['{"a":[{"numeric":["~",3]}]}', 'MessageBody', /Unrecognized numeric range operator/],
  ['{"a":[{"anything-but":{"exists":true}}]}', 'MessageBody', /Unsupported anything-but pattern: exists/],
  ['{"a":[{"cidr":"10.0.0.0"}]}', 'MessageBody', /Malformed CIDR/],
  ['{"a":[1000000001]}', 'MessageBody', /between/],
  ['{"a":[["x"]]}', 'MessageBody', /Match value must be/],
  ['{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]}', 'MessageBody', /more than 5 keys/],
  [JSON.stringify({ a: Array(13).fill('x'), b: Array(13).fill('x') }), 'MessageBody', /too complex/],
  [`${'{"a":'.repeat(9_000)}[1]${'}'.repeat(9_000)}`, 'MessageBody', /too deep/],
])('%.60s as %s is refused', (policy, scope, why) => {
  expect(() => compileFilter(policy, scope)).toThrow(why);
});
