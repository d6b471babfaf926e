import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineDiff } from './line-diff.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', '{', '}'), { maxLength: 12 }).map((l) => l.join('\n'));

test('leaving out what came gives what was, leaving out what went gives what is', () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = lineDiff(before, after);
      const without = (kind: string) =>
        diff
          .filter((line) => line.kind !== kind)
          .map(({ text }) => text)
          .join('\n');
      expect([without('added'), without('removed')]).toEqual([before, after]);
    }),
  );
});

test('what is the same is told as the same', () => {
  expect(lineDiff('a\nb\nc', 'a\nx\nb\nc').map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'same a',
    'added x',
    'same b',
    'same c',
  ]);
  expect(lineDiff('', 'a')).toEqual([{ kind: 'added', text: 'a' }]);
  const long = (text: string) => Array.from({ length: 1_200 }, (_, i) => text + i).join('\n');
  expect(lineDiff(long('a'), long('b'))).toHaveLength(2_400);
});
