import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { uncompressed } from './gzip-body.ts';

test('a compressed body is read, a bomb or what is none is refused', async () => {
  const body = Buffer.from('{"a":1}');
  expect(await uncompressed(body, undefined, 100)).toBe(body);
  expect(await uncompressed(body, 'aws-chunked', 100)).toBe(body);
  expect((await uncompressed(gzipSync(body), 'gzip', 100)).toString()).toBe('{"a":1}');
  expect((await uncompressed(gzipSync(body), 'aws-chunked, GZIP', 100)).toString()).toBe('{"a":1}');
  await expect(uncompressed(body, 'gzip', 100)).rejects.toMatchObject({ code: 'SerializationException' });
  await expect(uncompressed(gzipSync(Buffer.alloc(10_000)), 'gzip', 9_999)).rejects.toMatchObject({ status: 413 });
});
