import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeFrame,
  FIRST_OF_WRITE,
  type Frame,
  frameBytes,
  LAST_OF_BATCH,
  readFrame,
  scanFrames,
  setFrameFlag,
} from './frame.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((a) => Buffer.from(a));
const frames = fc.array(
  fc.record({
    acceptedMs: fc.double({ noNaN: true }),
    flags: fc.integer({ min: 0, max: 3 }),
    header: bytes(40),
    json: bytes(200),
  }),
  { minLength: 1, maxLength: 8 },
);

function encode(list: readonly Frame[]): Buffer {
  const out = Buffer.alloc(list.reduce((sum, f) => sum + frameBytes(f.header.length, f.json.length), 0));
  let at = 0;
  for (const frame of list) at = encodeFrame(out, at, frame);
  expect(at).toBe(out.length);
  return out;
}

function decode(buffer: Buffer): { readonly list: Frame[]; readonly stopped: string; readonly offset: number } {
  const list: Frame[] = [];
  const end = scanFrames(buffer, 0, (frame) => void list.push(frame));
  return { list, ...end };
}

describe('frames', () => {
  it('come back as they went in', () => {
    fc.assert(
      fc.property(frames, (list) => {
        expect(decode(encode(list))).toEqual({ list, stopped: 'end', offset: encode(list).length });
      }),
    );
  });

  it('cut anywhere give the whole frames before the cut', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (list, at) => {
        const whole = encode(list);
        const cut = decode(whole.subarray(0, at % whole.length));
        expect(cut.list).toEqual(list.slice(0, cut.list.length));
        expect(cut.list.length).toBeLessThan(list.length);
        expect(cut.stopped).toBe(cut.offset === at % whole.length ? 'end' : 'short');
      }),
    );
  });

  it('with a flipped bit give only frames before it', () => {
    fc.assert(
      fc.property(frames, fc.nat(), fc.integer({ min: 0, max: 7 }), (list, at, bit) => {
        const buffer = encode(list);
        buffer[at % buffer.length]! ^= 1 << bit;
        const got = decode(buffer);
        expect(got.list.length).toBeLessThan(list.length);
        expect(got.list).toEqual(list.slice(0, got.list.length));
        expect(got.stopped).not.toBe('end');
      }),
    );
  });

  it('never take arbitrary bytes for a frame, nor zeros', () => {
    fc.assert(fc.property(bytes(300), (garbage) => typeof readFrame(garbage, 0) === 'string'));
    expect(readFrame(Buffer.alloc(100), 0)).toBe('damaged');
  });

  it('take a flag after the fact', () => {
    const frame = { acceptedMs: 1, flags: FIRST_OF_WRITE, header: Buffer.from('h'), json: Buffer.from('{}') };
    const buffer = encode([frame]);
    setFrameFlag(buffer, 0, LAST_OF_BATCH);
    expect(readFrame(buffer, 0)).toEqual({ ...frame, flags: FIRST_OF_WRITE | LAST_OF_BATCH });
  });

  it('refuse what could not be read back', () => {
    const huge = { acceptedMs: 1, flags: 0, header: Buffer.alloc(0x10000), json: Buffer.from('{}') };
    expect(() => encode([huge])).toThrow(/event header of 65536 bytes/);
    const long = { acceptedMs: 1, flags: 0, header: Buffer.alloc(1), json: Buffer.alloc(5_000_000) };
    expect(() => encode([long])).toThrow(/event of 5000012 bytes/);
  });
});
