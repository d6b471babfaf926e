import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventHeader, NewEvent } from '../../event/event.ts';
import type { History, HistoryQuery, LookupKey } from '../history.ts';
import type { Sequence } from '../log.ts';

/** A history over a log that the suite drives; each call is done when it resolves. */
export interface HistoryHarness {
  readonly history: History;
  readonly logStart: Sequence;
  append(events: readonly NewEvent[]): Promise<void>;
  /** Ends the log's segment, so that it may be sealed. */
  rotate(): Promise<void>;
  /** Seals what is rotated, where the driver does not do so by itself. */
  seal(): Promise<void>;
  /** Drops the log's oldest sealed segment, if there is one. */
  dropOldest(): Promise<void>;
  /** Closes the history and opens it again from what is on disk. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

type Step =
  | { readonly do: 'append'; readonly headers: readonly EventHeader[]; readonly times: number }
  | { readonly do: 'rotate' | 'seal' | 'dropOldest' | 'reopen' }
  | { readonly do: 'lookup'; readonly query: HistoryQuery }
  | { readonly do: 'holds'; readonly accountId: string; readonly eventIds: readonly string[] };

// Few values each, so that queries meet events, ties and late comers are common, and partitions share values.
const ACCOUNTS = ['111111111111', '222222222222'];
const REGIONS = ['us-east-1', 'eu-west-1'];
const VALUES = ['', 'a', 'b', 'ü', 'b '];
const EVENT_IDS = Array.from({ length: 30 }, (_, i) => `id-${i}`);
const times = fc.integer({ min: 0, max: 12 }).map((n) => n * 1000);

const headers: fc.Arbitrary<EventHeader> = fc.record({
  timeMs: times,
  accountId: fc.constantFrom(...ACCOUNTS),
  region: fc.constantFrom(...REGIONS),
  category: fc.constantFrom('Management', 'Management', 'Management', 'Insight', 'Data', 'Other'),
  readOnly: fc.constantFrom(true, false, undefined),
  eventId: fc.constantFrom(...EVENT_IDS),
  eventName: fc.constantFrom(...VALUES),
  eventSource: fc.constantFrom(...VALUES),
  username: fc.constantFrom(...VALUES),
  accessKeyId: fc.constantFrom(...VALUES),
  resources: fc.array(fc.tuple(fc.constantFrom(...VALUES), fc.constantFrom(...VALUES)), { maxLength: 3 }),
});

const text = fc.constantFrom(...VALUES.slice(1), 'absent');
const attributes: Readonly<Record<LookupKey, fc.Arbitrary<string>>> = {
  EventId: fc.constantFrom(...EVENT_IDS, 'absent'),
  ReadOnly: fc.constantFrom('true', 'false'),
  EventName: text,
  EventSource: text,
  Username: text,
  AccessKeyId: text,
  ResourceType: text,
  ResourceName: text,
};
const attribute = fc.oneof(
  ...Object.entries(attributes).map(([key, values]) =>
    fc.record({ key: fc.constant(key as LookupKey), value: values }),
  ),
);

const queries: fc.Arbitrary<HistoryQuery> = fc
  .record({
    accountId: fc.constantFrom(...ACCOUNTS, 'nobody'),
    region: fc.constantFrom(...REGIONS),
    category: fc.constantFrom('Management', 'Management', 'Insight'),
    attribute: fc.option(attribute, { nil: undefined }),
    startMs: times,
    endMs: fc.oneof(times, fc.constant(1e15)),
    limit: fc.integer({ min: 1, max: 7 }),
  })
  .map(({ attribute, ...query }) => (attribute ? { ...query, attribute } : query));

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('append' as const),
        headers: fc.array(headers, { maxLength: 40 }),
        times: fc.constantFrom(1, 1, 1, 30), // now and then enough for long lists: many blocks of postings
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('rotate' as const, 'seal' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('dropOldest' as const, 'reopen' as const) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('lookup' as const), query: queries }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('holds' as const),
        accountId: fc.constantFrom(...ACCOUNTS),
        eventIds: fc.array(fc.constantFrom(...EVENT_IDS, 'absent'), { maxLength: 10 }),
      }),
    },
  ),
  { maxLength: 40, size: 'max' },
);

interface ModelEvent extends NewEvent {
  readonly sequence: Sequence;
}

/** What every History must do, over random logs: its answers are those of a plain array. */
export function historySuite(open: () => Promise<HistoryHarness>, numRuns: number): void {
  test('answers as an array of the events would, however they came and wherever they are', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const harness = await open();
        try {
          const model: ModelEvent[] = [];
          for (const step of list) await apply(harness, model, step);
        } finally {
          await harness.close();
        }
      }),
      { numRuns },
    );
  });
}

async function apply(harness: HistoryHarness, model: ModelEvent[], step: Step): Promise<void> {
  if (step.do === 'append') {
    const repeated = Array.from({ length: step.times }, () => step.headers).flat();
    const events = repeated.map((header, i) => {
      const sequence = model.length + i;
      return { sequence, header, json: Buffer.from(`{"sequence":${sequence},"note":"ü"}`) };
    });
    model.push(...events);
    await harness.append(events);
  } else if (step.do === 'lookup') {
    await checkLookup(harness.history, expected(model.slice(harness.logStart), step.query), step.query);
  } else if (step.do === 'holds') {
    const { accountId, eventIds } = step;
    const held = model.slice(harness.logStart).filter((e) => e.header.accountId === accountId);
    const ids = new Set(held.map((e) => e.header.eventId));
    expect(await harness.history.holdsEventIds(accountId, eventIds)).toEqual(eventIds.map((id) => ids.has(id)));
    expect(harness.history.indexedEnd).toBe(model.length);
  } else {
    await harness[step.do]();
  }
}

/** Reads page after page; all of them together, and each in its size, must be what is expected. */
async function checkLookup(history: History, all: readonly ModelEvent[], query: HistoryQuery): Promise<void> {
  let page = await history.lookup(query);
  for (let from = 0; ; from += query.limit) {
    const hits = page.hits.map(({ sequence, timeMs, json }) => ({ sequence, timeMs, json: `${json}` }));
    const part = all.slice(from, from + query.limit);
    expect(hits).toEqual(
      part.map(({ sequence, header, json }) => ({ sequence, timeMs: header.timeMs, json: `${json}` })),
    );
    if (!page.next) {
      expect(from + query.limit).toBeGreaterThanOrEqual(all.length);
      return;
    }
    expect(all.length).toBeGreaterThan(from + query.limit);
    page = await history.lookup({ ...query, after: page.next });
  }
}

function expected(events: readonly ModelEvent[], query: HistoryQuery): readonly ModelEvent[] {
  return events
    .filter(({ header: h }) => h.accountId === query.accountId && h.region === query.region)
    .filter(({ header: h }) => h.category === query.category && h.timeMs >= query.startMs && h.timeMs <= query.endMs)
    .filter(({ header: h }) => !query.attribute || valuesOf(h)[query.attribute.key].includes(query.attribute.value))
    .sort((a, b) => b.header.timeMs - a.header.timeMs || b.sequence - a.sequence);
}

/** What an event can be looked up by. */
export const valuesOf = (h: EventHeader): Readonly<Record<LookupKey, readonly string[]>> => ({
  EventId: [h.eventId],
  EventName: [h.eventName],
  EventSource: [h.eventSource],
  Username: [h.username],
  AccessKeyId: [h.accessKeyId],
  ReadOnly: h.readOnly === undefined ? [] : [`${h.readOnly}`],
  ResourceType: h.resources.map(([type]) => type),
  ResourceName: h.resources.map(([, name]) => name),
});
