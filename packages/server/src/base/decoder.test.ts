import { expect, test } from 'vitest';
import { openDecoder } from './decoder.ts';

test('a Node that has other insides has no decoder', () => {
  expect(openDecoder('brotli', () => ({}))).toBeUndefined();
  expect(openDecoder('deflate', () => ({ _handle: { writeSync() {}, reset() {} } }))).toBeUndefined();
});
