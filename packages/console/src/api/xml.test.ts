import { expect, test } from 'vitest';
import { listOf, type XmlElement, xmlToObject } from './xml.ts';

/** As a parser would make it: a name, and text or elements. */
const element = (localName: string, content: string | readonly XmlElement[] = ''): XmlElement => ({
  localName,
  children: typeof content === 'string' ? [] : content,
  textContent: typeof content === 'string' ? content : null,
});

test('an answer of the query protocol', () => {
  const user = (name: string) => element('member', [element('UserName', name), element('Path', '/')]);
  const root = element('ListUsersResult', [
    element('Users', [user('alice'), user('bob')]),
    element('Tags'),
    element('IsTruncated', 'false'),
  ]);
  expect(xmlToObject(root)).toEqual({
    Users: [
      { UserName: 'alice', Path: '/' },
      { UserName: 'bob', Path: '/' },
    ],
    Tags: '',
    IsTruncated: 'false',
  });
});

test('a list of one is a list, and a map is its entries', () => {
  const map = element('Attributes', [element('entry', [element('key', 'Owner'), element('value', '1')])]);
  expect(xmlToObject(element('R', [element('Names', [element('member', 'a')]), map]))).toEqual({
    Names: ['a'],
    Attributes: [{ key: 'Owner', value: '1' }],
  });
});

test('elements of S3 that come more than once', () => {
  const one = element('Contents', [element('Key', 'a')]);
  expect(xmlToObject(element('R', [one, one]))).toEqual({ Contents: [{ Key: 'a' }, { Key: 'a' }] });
  const single = xmlToObject(element('R', [one])) as { Contents: unknown };
  expect(listOf(single.Contents)).toEqual([{ Key: 'a' }]);
});

test('lists of every kind', () => {
  expect(listOf('')).toEqual([]);
  expect(listOf(undefined)).toEqual([]);
  expect(listOf(['a'])).toEqual(['a']);
});

test('names that objects have by themselves are names like others', () => {
  const made = xmlToObject(element('R', [element('__proto__', 'x'), element('constructor', 'y')]));
  expect(Object.keys(made)).toEqual(['__proto__', 'constructor']);
  expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
});

test('an answer nested without end is refused', () => {
  let nested = element('a', 'end');
  for (let i = 0; i < 200; i++) nested = element('a', [nested]);
  expect(() => xmlToObject(nested)).toThrow('nested too deeply');
});
