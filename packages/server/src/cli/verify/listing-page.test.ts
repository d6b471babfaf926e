import { expect, test } from 'vitest';
import { listedObjects, nextTokenIn } from './listing-page.ts';

const entry = (key: string) =>
  `<Contents><Key>${key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;a&quot;</ETag><Size>7</Size></Contents>`;

test('entries are read with their keys decoded', () => {
  const xml = `<ListBucketResult>${entry('a%20b+c%2Bd%3C%26')}${entry('a&amp;b')}<NextContinuationToken>x&amp;y</NextContinuationToken></ListBucketResult>`;
  const rest = { sizeBytes: 7, lastModifiedMs: Date.UTC(2026, 0, 2, 3, 4, 5) };
  expect(listedObjects(xml)).toEqual([
    { key: 'a b c+d<&', ...rest },
    { key: 'a&b', ...rest },
  ]);
  expect(nextTokenIn(xml)).toBe('x&y');
});

test('an empty page is one without objects, and is the last', () => {
  const xml = '<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>';
  expect(listedObjects(xml)).toEqual([]);
  expect(nextTokenIn(xml)).toBeUndefined();
});

test('an entry that breaks off is no entry', () => {
  expect(() => listedObjects(entry('a').slice(0, -5))).toThrow();
  expect(() => listedObjects('<Contents></Contents>')).toThrow();
});
