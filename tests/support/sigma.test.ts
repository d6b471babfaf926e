import { describe, expect, test } from 'vitest';
import { detects, type SigmaRule } from './sigma.ts';

const rule = (detection: SigmaRule['detection']): SigmaRule => ({ id: 'r', title: 'r', detection });
const one = (selection: unknown, record: object, placeholders = {}) =>
  detects(rule({ selection, condition: 'selection' }), [record as Record<string, unknown>], placeholders);

describe('the evaluator of Sigma rules', () => {
  test.each<readonly [what: string, selection: unknown, record: object, is: boolean]>([
    ['all fields of a map', { a: 'x', b: 'y' }, { a: 'x', b: 'y' }, true],
    ['all fields of a map', { a: 'x', b: 'y' }, { a: 'x' }, false],
    ['any value of a list', { a: ['x', 'y'] }, { a: 'y' }, true],
    ['any map of a list', [{ a: 'x' }, { b: 'y' }], { b: 'y' }, true],
    ['words anywhere', ['secret'], { a: { b: 'a SECRET plan' } }, true],
    ['no regard to case', { a: 'no' }, { a: 'No' }, true],
    ['whole values', { a: 'x' }, { a: 'xx' }, false],
    ['wildcards', { a: 'list*' }, { a: 'ListRoles' }, true],
    ['wildcards that are escaped', { a: 'x\\*' }, { a: 'xy' }, false],
    ['other characters as they are', { a: 'a.b' }, { a: 'axb' }, false],
    ['booleans and numbers as text', { 'a.b': 'false', c: 1 }, { a: { b: false }, c: 1 }, true],
    ['null as absent', { a: null }, {}, true],
    ['null as null', { a: null }, { a: null }, true],
    ['null not as a value', { a: null }, { a: '' }, false],
    ['fields of items of lists', { 'a.b|contains': 'z' }, { a: [{ b: ['x'] }, { b: ['yz'] }] }, true],
    ['a field that is there', { 'a|contains': '*' }, { a: 'x' }, true],
    ['a field that is not there', { 'a|contains': '*' }, {}, false],
    ['objects as JSON', { 'a|contains': '"b":"x"' }, { a: { b: 'x' } }, true],
    ['JSON in objects', { 'a|contains|all': ['"Allow"', '"x"'] }, { a: { p: '["Allow","x"]' } }, true],
    ['all of a list', { 'a|contains|all': ['x', 'y'] }, { a: 'x' }, false],
    ['beginnings', { 'a|startswith': 'Up' }, { a: 'Update' }, true],
    ['ends', { 'a|endswith': 'Up' }, { a: 'Update' }, false],
    ['expressions', { 'a|re': '.+:role/aws:.+' }, { a: 'x:role/aws:y' }, true],
    ['networks', { 'a|cidr': '192.0.2.0/24' }, { a: '192.0.2.255' }, true],
    ['networks', { 'a|cidr': '192.0.2.0/24' }, { a: '192.0.3.0' }, false],
    ['another field', { 'a|fieldref': 'b.c' }, { a: 'x', b: { c: 'x' } }, true],
  ])('knows %s: %j of %j', (_, selection, record, is) => {
    expect(one(selection, record)).toBe(is);
  });

  test('fills in placeholders, and finds nothing for those that are not given', () => {
    expect(one({ 'a|expand': '%who%' }, { a: 'ann' }, { who: ['bob', 'ann'] })).toBe(true);
    expect(one({ 'a|expand': '%who%' }, { a: 'ann' })).toBe(false);
  });

  test.each([
    ['x and not y', true],
    ['x and y', false],
    ['y or x', true],
    ['y or x and y', false],
    ['(y or x) and x', true],
    ['not (x and y) and not y', true],
    ['1 of *', true],
    ['all of them', false],
    ['not 1 of y*', true],
  ])('reads the condition %s', (condition, is) => {
    expect(detects(rule({ x: { a: '1' }, y: { a: '2' }, condition }), [{ a: '1' }])).toBe(is);
  });

  test('counts events, and waits for several', () => {
    const events = (...names: string[]) => names.map((a, i) => ({ a, ip: i % 2 }));
    const counted = rule({ x: { a: '1' }, condition: 'x | count() > 2' });
    expect([detects(counted, events('1', '1', '1')), detects(counted, events('1', '1', '2'))]).toEqual([true, false]);
    const byAddress = rule({ x: { a: '1' }, condition: 'x | count() by ip > 1' });
    expect([detects(byAddress, events('1', '1', '1')), detects(byAddress, events('1', '1'))]).toEqual([true, false]);
    for (const more of [{ condition: 'x | near y' }, { condition: 'x and y', timeframe: '5m' }]) {
      const both = rule({ x: { a: '1' }, y: { a: '2' }, ...more });
      expect([detects(both, events('1', '2')), detects(both, events('1'))]).toEqual([true, false]);
    }
  });

  test('refuses what it does not know', () => {
    expect(() => one({ 'a|base64': 'x' }, { a: 'x' })).toThrow('modifier');
    for (const condition of ['z', 'x |', 'x y', '(x', '1 of z*', 'x | sum(a) > 1']) {
      expect(() => detects(rule({ x: { a: '1' }, condition }), [{ a: '1' }])).toThrow('r:');
    }
  });
});
