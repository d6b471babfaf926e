import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../event/event.ts';
import { decodeHeader } from '../../event/header.ts';
import { encodeEvent, FRAME_HEAD_BYTES, type Frame, HEADER_BYTES_MAX, readFrame, scanFrames } from './frame.ts';
import { sampleEvent } from './sample.ts';

const SEED = 0x1234_5678;
interface Written {
  readonly event: NewEvent;
  readonly acceptedMs: number;
  readonly flags: number;
}
const written: fc.Arbitrary<Written[]> = fc.array(
  fc.record({
    acceptedMs: fc.double({ noNaN: true }),
    flags: fc.integer({ min: 0, max: 3 }),
    event: fc.tuple(fc.nat(), fc.nat({ max: 300 })).map(([n, bytes]) => sampleEvent(n, bytes)),
  }),
  { minLength: 1, maxLength: 8 },
);

function encode(list: readonly Written[]): Buffer {
  const out = Buffer.alloc(list.reduce((sum, w) => sum + 200 + w.event.json.length, HEADER_BYTES_MAX));
  let at = 0;
  for (const { event, acceptedMs, flags } of list) at = encodeEvent(out, at, event, acceptedMs, flags, SEED);
  return out.subarray(0, at);
}

const asWritten = ({ acceptedMs, flags, header, json }: Frame): Written => ({
  acceptedMs,
  flags,
  event: { header: decodeHeader(header, 0, header.length), json },
});

function decode(buffer: Buffer) {
  const list: Written[] = [];
  const end = scanFrames(buffer, 0, SEED, (frame) => void list.push(asWritten(frame)));
  return { list, ...end };
}

describe('frames', () => {
  it('come back as they went in', () => {
    fc.assert(
      fc.property(written, (list) => {
        const bytes = encode(list);
        expect(decode(bytes)).toEqual({ list, stopped: 'end', offset: bytes.length });
      }),
    );
  });

  it('cut anywhere give the whole frames before the cut', () => {
    fc.assert(
      fc.property(written, fc.nat(), (list, at) => {
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
      fc.property(written, fc.nat(), fc.integer({ min: 0, max: 7 }), (list, at, bit) => {
        const buffer = encode(list);
        buffer[at % buffer.length]! ^= 1 << bit;
        const got = decode(buffer);
        expect(got.list.length).toBeLessThan(list.length);
        expect(got.list).toEqual(list.slice(0, got.list.length));
        expect(got.stopped).not.toBe('end');
      }),
    );
  });

  it('never take arbitrary bytes for a frame, nor zeros, nor the frame of another log', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (b) => typeof readFrame(Buffer.from(b), 0, SEED) === 'string'),
    );
    expect(readFrame(Buffer.alloc(100), 0, SEED)).toBe('damaged');
    const frame = encode([{ acceptedMs: 1, flags: 0, event: sampleEvent(1, 10) }]);
    expect(readFrame(frame, 0, SEED)).toMatchObject({ acceptedMs: 1 });
    expect(readFrame(frame, 0, SEED + 1)).toBe('damaged');
  });

  it('refuse what could not be read back', () => {
    const target = Buffer.alloc(6_000_000);
    const long = { ...sampleEvent(1, 0), json: Buffer.alloc(5_000_000) };
    expect(() => encodeEvent(target, 0, long, 1, 0, SEED)).toThrow(/event of 5000\d+ bytes/);
    const short = target.subarray(0, FRAME_HEAD_BYTES + 300);
    expect(() => encodeEvent(short, 0, sampleEvent(1, 1000), 1, 0, SEED)).toThrow();
  });
});
