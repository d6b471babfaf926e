import { expect, test } from 'vitest';
import { createLineStream } from './ndjson.ts';

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: string[] = [];
  for await (const part of stream) parts.push(part.toString());
  return parts.join('');
}

test('lines come in order, and the end after them', async () => {
  const lines = createLineStream();
  lines.push({ a: 1 });
  const read = textOf(lines.stream);
  for (let i = 2; i < 2000; i++) lines.push({ a: i });
  lines.end();
  const got = (await read)
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { a: number }).a);
  expect(got).toEqual(Array.from({ length: 1999 }, (_, i) => i + 1));
});

test('whoever waits for room waits for the reader, and no longer than there is one', async () => {
  const lines = createLineStream();
  await lines.room();
  lines.push({ text: 'x'.repeat(600_000) });
  lines.push({ text: 'x'.repeat(600_000) });
  let has = false;
  const room = lines.room().then(() => {
    has = true;
  });
  await new Promise(setImmediate);
  expect(has).toBe(false);
  lines.stream.read();
  await room;
  lines.push({ text: 'x'.repeat(600_000) });
  lines.push({ text: 'x'.repeat(600_000) });
  lines.stream.destroy();
  await lines.room();
  lines.push({ text: 'nobody hears this' });
});
