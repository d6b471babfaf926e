import { afterAll, expect, test } from 'vitest';
import { eventFromBytes } from '../packages/server/src/event/accept.ts';
import {
  compileSearchFilter,
  compileValues,
  parseSearchFilter,
  printSearchFilter,
  RECORD_MEMBERS,
  SEARCH_FIELDS,
  type SearchFilter,
  type SearchOp,
  searchableEvent,
} from '../packages/server/src/event/search/index.ts';
import { companyRecords } from './support/company/records.ts';
import { cleanUp, startOpenTrail } from './support/opentrail.ts';
import { type Next, pick, random } from './support/random.ts';
import { OPERATOR, searching } from './support/search.ts';

afterAll(cleanUp);

/**
 * What a filter finds is said twice: as a function over events (tails) and as SQL (searches). Here both are asked the same,
 * with filters made of what stands in realistic records.
 */
const SEED = Number(process.env.OPENTRAIL_SEARCH_SEED ?? 1);
const FILTERS = 150;
const RECORDS = 1_500;

const FIELDS = SEARCH_FIELDS.filter(({ kind }) => kind === 'text').map(({ name }) => name);
const PATHS = [
  ...RECORD_MEMBERS.filter((name) => !/^event|readOnly|managementEvent/.test(name)),
  ...['requestParameters.bucketName', 'requestParameters.userName', 'requestParameters.roleArn', 'resources[*].ARN'],
  ...['responseElements.credentials.accessKeyId', 'userIdentity.sessionContext.attributes.mfaAuthenticated'],
  ...['additionalEventData.MFAUsed', 'resources[0].type', 'requestParameters."no such"', 'tlsDetails.tlsVersion'],
];
const OPS: readonly SearchOp[] = ['=', '=', '!=', ':', '!:', '^', '!^', '>', '<='];

/** Filters of which many hold for some events and not for others. */
function filterMaker(next: Next, values: (field: string) => readonly string[]) {
  const value = (field: string): string => {
    const known = values(field);
    const text = known.length > 0 ? pick(next, known) : 'nothing';
    const from = Math.floor(next() * text.length);
    return next() < 0.5 ? text : text.slice(from, from + 1 + Math.floor(next() * 8)) || 'a';
  };
  const condition = (): SearchFilter => {
    const field = pick(next, next() < 0.6 ? FIELDS : PATHS);
    const kind = next();
    if (kind < 0.1) return { field, op: 'exists' };
    if (kind < 0.2) return { field, op: 'in', values: [value(field), value(field)] };
    if (kind < 0.3) return { text: value(field).slice(0, 40) };
    if (kind < 0.35) return { field: 'readOnly', op: pick(next, ['=', '!=']), value: 'true' };
    const op = pick(next, OPS);
    return { field, op, value: op === '>' || op === '<=' ? String(Math.floor(next() * 1000)) : value(field) };
  };
  return function make(depth = 2): SearchFilter {
    const kind = next();
    if (depth === 0 || kind < 0.4) return condition();
    if (kind < 0.55) return { not: make(depth - 1) };
    const parts = [make(depth - 1), make(depth - 1)];
    return kind < 0.8 ? { and: parts } : { or: parts };
  };
}

test(`searches find what the language says (seed ${SEED})`, async () => {
  const server = await startOpenTrail();
  const { ask, put } = searching(server);
  const records = companyRecords({ count: RECORDS, endMs: Date.UTC(2026, 0, 31), seed: SEED }).map((r) =>
    JSON.stringify(r),
  );
  const events = records.map((json) => {
    const made = eventFromBytes(Buffer.from(json), { fallbackAccountId: OPERATOR });
    if ('refused' in made) throw new Error(made.refused.message);
    return searchableEvent(made.event.header, json);
  });
  await put(records);
  const { SearchedUpTo } = (await ask({ Limit: 0 })).body;

  const next = random(SEED);
  const known = new Map<string, readonly string[]>();
  const values = (field: string) => {
    const found = known.get(field) ?? [...new Set(events.flatMap(compileValues(field)))];
    known.set(field, found);
    return found;
  };
  const make = filterMaker(next, values);
  // Beside the records there are the calls that brought them, which stand in other times.
  const range = { StartTime: '2025-01-01T00:00:00Z', EndTime: '2026-02-01T00:00:00Z', UpTo: SearchedUpTo };
  let telling = 0;
  for (let i = 0; i < FILTERS; i++) {
    const Filter = printSearchFilter(make());
    const expected = events.filter(compileSearchFilter(parseSearchFilter(Filter)));
    const { status, body } = await ask({ Filter, Count: true, Limit: 20, Facets: ['userName'], ...range });
    expect([status, body.Count], Filter).toEqual([200, expected.length]);
    const all = new Set(expected.map(({ text }) => text));
    for (const { Record } of body.Events) expect(all.has(Record), `${Filter}\n${Record}`).toBe(true);
    const named = expected.filter((event) => compileValues('userName')(event).length > 0).length;
    const { Values, DistinctCount } = body.Facets[0];
    const counted = Values.reduce((sum: number, { Count }: { Count: number }) => sum + Count, 0);
    if (DistinctCount <= Values.length) expect(counted, Filter).toBe(named);
    if (expected.length > 0 && expected.length < events.length) telling++;
  }
  expect(telling).toBeGreaterThan(FILTERS / 5);
  await server.stop();
}, 300_000);
