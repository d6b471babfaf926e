import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventHeader } from '../../event/event.ts';
import { createHeaderPlaces, decodeHeader, encodeHeader, locateHeader } from '../../event/header.ts';
import type { LookupKey } from '../history.ts';
import { valuesOf } from './suite.ts';
import { eventIdTerm, hasEventId, matches, queryTerm, type Term, termsOf } from './terms.ts';

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', 'us-east-1', 'x'.repeat(3000)));
const header: fc.Arbitrary<EventHeader> = fc.record({
  timeMs: fc.nat(),
  accountId: text,
  region: text,
  category: fc.constantFrom('Management', 'Data', 'NetworkActivity', 'Insight', 'Other'),
  readOnly: fc.constantFrom(undefined, true, false),
  eventId: text,
  eventName: text,
  eventSource: text,
  username: text,
  accessKeyId: text,
  resources: fc.array(fc.tuple(text, text), { maxLength: 5 }),
});

/** What questions ask for must be what is filed: each term as `queryTerm` makes it. */
function expected({ accountId, region, category, ...h }: EventHeader): Term[] {
  const term = (key: LookupKey, value: string) =>
    value === '' ? [] : [queryTerm({ accountId, region, category, attribute: { key, value } } as never)];
  const id = h.eventId === '' ? [] : [eventIdTerm(accountId, h.eventId)];
  if (category !== 'Management' && category !== 'Insight') return id;
  return [
    ...id,
    queryTerm({ accountId, region, category } as never),
    ...term('EventName', h.eventName),
    ...term('EventSource', h.eventSource),
    ...term('Username', h.username),
    ...term('AccessKeyId', h.accessKeyId),
    ...(h.readOnly === undefined ? [] : term('ReadOnly', String(h.readOnly))),
    ...h.resources.flatMap(([type, name]) => [...term('ResourceType', type), ...term('ResourceName', name)]),
  ];
}

test('the terms of a header are those that questions ask for', () => {
  const places = createHeaderPlaces();
  const terms: Term[] = [];
  fc.assert(
    fc.property(header, fc.nat(20), (given, offset) => {
      const encoded = encodeHeader(given);
      const bytes = Buffer.concat([Buffer.alloc(offset, 1), encoded, Buffer.alloc(3, 1)]);
      locateHeader(bytes, offset, encoded.length, places);
      expect(places.timeMs).toBe(given.timeMs);
      termsOf(bytes, places, terms);
      expect(terms).toEqual(expected(decodeHeader(encoded, 0, encoded.length)));
    }),
    { numRuns: 500 },
  );
});

/** What may be asked: of this header mostly, or of something like it. */
function questionsAbout(h: EventHeader) {
  const own = Object.values(valuesOf(h)).flat();
  const mostly = (value: string) => fc.oneof({ weight: 9, arbitrary: fc.constant(value) }, text);
  return fc.record({
    accountId: mostly(h.accountId),
    region: mostly(h.region),
    category: fc.constantFrom('Management', 'Insight', h.category),
    key: fc.constantFrom(...(Object.keys(valuesOf(h)) as LookupKey[])),
    value: fc.oneof(fc.constantFrom(...own), fc.constantFrom(...own.map((value) => value.slice(1))), text),
  });
}

test('bytes match as what is decoded of them would', () => {
  const cases = header.chain((given) => {
    const encoded = encodeHeader(given);
    const h = decodeHeader(encoded, 0, encoded.length);
    return fc.record({ encoded: fc.constant(encoded), h: fc.constant(h), asked: questionsAbout(h) });
  });
  fc.assert(
    fc.property(cases, ({ encoded, h, asked: { key, value, ...partition } }) => {
      const { accountId, region, category } = partition;
      const here = h.accountId === accountId && h.region === region && h.category === category;
      expect(matches(partition as never, encoded)).toBe(here);
      expect(matches({ ...partition, attribute: { key, value } } as never, encoded)).toBe(
        here && valuesOf(h)[key].includes(value),
      );
      expect(hasEventId(encoded, accountId, value)).toBe(h.accountId === accountId && h.eventId === value);
    }),
    { numRuns: 1_000 },
  );
});

test('terms are what they were: they stand in files', () => {
  const at = { accountId: '123456789012', region: 'us-east-1', category: 'Management' } as const;
  expect(queryTerm({ ...at } as never)).toBe(6052471383135680);
  expect(queryTerm({ ...at, attribute: { key: 'EventName', value: 'RunInstances' } } as never)).toBe(5220813158490966);
  expect(eventIdTerm(at.accountId, '6f0d3a3e-1f0a-4c40-8f3b-4b7c0a4b1c55')).toBe(501683284753078);
});

test('bytes that are no header are refused', () => {
  const places = createHeaderPlaces();
  const bytes = encodeHeader(fc.sample(header, 1)[0]!);
  expect(() => locateHeader(bytes, 0, bytes.length - 1, places)).toThrow('header');
  expect(() => locateHeader(bytes.subarray(0, 5), 0, 5, places)).toThrow('header');
  expect(() => locateHeader(Buffer.alloc(bytes.length, 9), 0, bytes.length, places)).toThrow('header');
});
