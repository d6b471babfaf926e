import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventHeader } from './event.ts';
import { decodeHeader, encodeHeader, encodeHeaderInto, HEADER_STRING_CHARS_MAX } from './header.ts';

const HEADER: EventHeader = {
  timeMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  accountId: '123456789012',
  region: 'us-east-1',
  category: 'Management',
  readOnly: false,
  eventId: '6f0d3a3e-1f0a-4c40-8f3b-4b7c0a4b1c55',
  eventName: 'CreateTrail',
  eventSource: 'cloudtrail.amazonaws.com',
  username: 'Alice',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  resources: [
    ['AWS::CloudTrail::Trail', 'main'],
    ['', 'untyped'],
  ],
};

// Any JavaScript string at all: lone surrogates come out of JSON.parse too.
const anyString = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
);
const anyHeader: fc.Arbitrary<EventHeader> = fc.record({
  timeMs: fc.integer({ min: -8.64e15, max: 8.64e15 }),
  accountId: anyString,
  region: anyString,
  category: fc.constantFrom('Management', 'Data', 'NetworkActivity', 'Insight', 'Other'),
  readOnly: fc.constantFrom(true, false, undefined),
  eventId: anyString,
  eventName: anyString,
  eventSource: anyString,
  username: anyString,
  accessKeyId: anyString,
  resources: fc.array(fc.tuple(anyString, anyString), { maxLength: 6 }),
});

const roundTrip = (h: EventHeader) => {
  const bytes = encodeHeader(h);
  return decodeHeader(bytes, 0, bytes.length);
};

describe('header', () => {
  it('comes back as it was', () => {
    expect(roundTrip(HEADER)).toEqual(HEADER);
    expect(encodeHeader(HEADER)[0]).toBe(1);
  });

  it('comes back whatever the strings hold', () => {
    fc.assert(
      fc.property(anyHeader, (h) => {
        expect(roundTrip(h)).toEqual(h); // not returned: fast-check takes an Assertion for a failure
      }),
    );
  });

  it('is read from the middle of a buffer, and written there', () => {
    fc.assert(
      fc.property(anyHeader, fc.integer({ min: 0, max: 50 }), (h, offset) => {
        const target = Buffer.alloc(20_000, 0xee);
        const size = encodeHeaderInto(h, target, offset);
        expect(decodeHeader(target, offset, size)).toEqual(h);
        expect(target[offset + size]).toBe(0xee);
      }),
    );
    expect(() => encodeHeaderInto(HEADER, Buffer.alloc(100), 0)).toThrow(RangeError);
  });

  it('stays under 64 KB, cutting what no lookup can ask for', () => {
    const long = '長'.repeat(100_000);
    const resources = Array.from({ length: 1_000 }, (_, i) => [`type${i}`, long] as const);
    const bytes = encodeHeader({ ...HEADER, username: long, eventId: long, resources });
    expect(bytes.length).toBeLessThan(65_536);
    const back = decodeHeader(bytes, 0, bytes.length);
    expect(back.username).toBe(long.slice(0, HEADER_STRING_CHARS_MAX));
    expect(back.resources.length).toBeGreaterThan(5);
    expect(back.resources[5]?.[0]).toBe('type5');
    const many = Array.from({ length: 1_000 }, (_, i) => ['T', `${i}`] as const);
    expect(roundTrip({ ...HEADER, resources: many }).resources).toEqual(many.slice(0, 255));
  });

  it('refuses bytes that are no header', () => {
    const bytes = encodeHeader(HEADER);
    expect(() => decodeHeader(bytes, 0, bytes.length - 1)).toThrow('add up');
    expect(() => decodeHeader(bytes, 0, 5)).toThrow('cut short');
    expect(() => decodeHeader(bytes, 1, bytes.length)).toThrow('cut short');
    bytes[0] = 9;
    expect(() => decodeHeader(bytes, 0, bytes.length)).toThrow('version 9');
  });
});
