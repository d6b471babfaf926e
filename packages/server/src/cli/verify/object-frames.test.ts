import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readObjectFrames } from './object-frames.ts';

const LARGEST = 1_000;
const frame = (status: number, body: Buffer) =>
  Buffer.concat([
    Buffer.from(`${JSON.stringify({ Key: 'k\n', Status: status, Bytes: body.length, Metadata: { a: 'é' } })}\n`),
    body,
  ]);

async function* inParts(bytes: Buffer, cuts: readonly number[]) {
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(cut, bytes.length);
    if (to > at) yield bytes.subarray(at, to);
    at = Math.max(at, to);
  }
  if (at < bytes.length) yield bytes.subarray(at);
}

async function read(bytes: Buffer, cuts: readonly number[] = []) {
  const objects = [];
  for await (const object of readObjectFrames(inParts(bytes, cuts), LARGEST)) objects.push(object);
  return objects;
}

test('gives each object as it was sent, however the answer is cut', async () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(bodies, fc.array(fc.nat(800), { maxLength: 20 }), async (all, cuts) => {
      const sent = Buffer.concat(all.map((body) => frame(200, Buffer.from(body))));
      const got = await read(sent, cuts);
      expect(got.map((object) => [...object!.body])).toEqual(all.map((body) => [...body]));
      expect(got.every((object) => object!.metadata.a === 'é')).toBe(true);
    }),
  );
});

test('leaves out what was refused, and keeps its place', async () => {
  const got = await read(Buffer.concat([frame(404, Buffer.alloc(0)), frame(200, Buffer.from('x'))]));
  expect(got.map((object) => object?.body.toString())).toEqual([undefined, 'x']);
});

test('does not take for whole what ended early, nor what is too large', async () => {
  const whole = frame(200, Buffer.from('body'));
  for (let end = 1; end < whole.length; end++) await expect(read(whole.subarray(0, end))).rejects.toThrow();
  await expect(read(frame(200, Buffer.alloc(LARGEST + 1)))).rejects.toThrow('larger');
});
