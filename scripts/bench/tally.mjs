/** Each attribute's values in a header. */
const VALUES = {
  EventId: (h) => [h.eventId],
  EventName: (h) => [h.eventName],
  ReadOnly: (h) => [String(h.readOnly)],
  Username: (h) => [h.username],
  ResourceType: (h) => h.resources.map(([type]) => type),
  ResourceName: (h) => h.resources.map(([, name]) => name),
  EventSource: (h) => [h.eventSource],
  AccessKeyId: (h) => [h.accessKeyId],
};
/** Of attributes with more values (EventId, ResourceName) only this many are counted; of the others a sample is kept. */
const VALUES_MAX = 100_000;
const SAMPLE_ONE_IN = 997;
const ASKED_MAX = 200;

/** Counts what is filled in under one account and Region, so that rare and frequent values can be asked for. */
export function createTally({ accountId, region }) {
  const tallies = Object.entries(VALUES).map(([key, valuesOf]) => ({ key, valuesOf, counts: new Map(), sample: [] }));
  const span = { oldestMs: Number.POSITIVE_INFINITY, newestMs: 0 };
  let added = 0;
  return {
    add(header) {
      if (header.accountId !== accountId || header.region !== region) return;
      span.oldestMs = Math.min(span.oldestMs, header.timeMs);
      span.newestMs = Math.max(span.newestMs, header.timeMs);
      const isSampled = added++ % SAMPLE_ONE_IN === 0;
      for (const { valuesOf, counts, sample } of tallies) {
        for (const value of valuesOf(header)) {
          const count = counts.get(value);
          if (count !== undefined || counts.size < VALUES_MAX) counts.set(value, (count ?? 0) + 1);
          if (isSampled) sample.push(value);
        }
      }
    },
    span: () => span,
    /** For each attribute its most frequent value, and some of its rarest, from anywhere in time. */
    questions: () => Object.fromEntries(tallies.map((tally) => [tally.key, questionsOf(tally)])),
  };
}

function questionsOf({ counts, sample }) {
  const countOf = (value) => counts.get(value) ?? 0;
  const rarestFirst = (values) => values.filter((v) => v !== '').sort((a, b) => countOf(a) - countOf(b));
  const counted = rarestFirst([...counts.keys()]);
  const frequent = counted.pop();
  const rare = counts.size < VALUES_MAX ? counted : rarestFirst([...new Set(sample)]);
  return { frequent, times: countOf(frequent), rare: spread(rare.slice(0, RAREST * ASKED_MAX)) };
}

/** The rare values are taken from among this many times as many rarest ones. */
const RAREST = 20;

/** Up to `ASKED_MAX` of a list, evenly taken. */
function spread(list) {
  const step = Math.max(1, list.length / ASKED_MAX);
  return Array.from({ length: Math.min(ASKED_MAX, list.length) }, (_, i) => list[Math.floor(i * step)]);
}
