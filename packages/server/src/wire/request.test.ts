import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { READING_BYTES_MAX, readBody } from './request.ts';

test('many slow senders of large bodies cannot fill the memory, and give room back when they end', async () => {
  const block = Buffer.alloc(1024 * 1024); // the same one over and over: only the count matters here
  const slow: PassThrough[] = [];
  const outcomes: Promise<string>[] = [];
  const start = () => {
    const stream = new PassThrough();
    slow.push(stream);
    const read = readBody(stream, READING_BYTES_MAX);
    outcomes.push(read.then(() => 'read').catch((error: Error) => error.name));
    for (let i = 0; i < 128; i++) stream.write(block);
    return outcomes.at(-1)!;
  };
  for (let i = 0; i < 4; i++) void start();
  await new Promise((resolve) => setImmediate(resolve));
  expect(await start()).toBe('Pushback');
  for (const stream of slow) stream.end();
  expect(await Promise.all(outcomes)).toEqual(['read', 'read', 'read', 'read', 'Pushback']);
  const again = start();
  slow.at(-1)!.end();
  expect(await again).toBe('read');
});
