import { Readable } from 'node:stream';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../base/clock.ts';
import { AwsError, Pushback } from '../../base/errors.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { SearchDeps } from './deps.ts';
import { createExportEvents } from './export-events.ts';
import { intervalOf } from './histogram.ts';
import { createSearchEvents } from './search-events.ts';
import { MemoryLake } from './testing/memory-lake.ts';
import { permissionToSee, whoseRecords } from './whose-records.ts';

const OPERATOR = '000000000000';
const [ALICE, BOB, MANAGER, ADMIN] = ['111111111111', '222222222222', '333333333333', '444444444444'];
const HOUR_MS = 3_600_000;
const BASE_MS = Date.UTC(2026, 10, 21);

const record = (i: number, rest: object = {}) => ({
  eventTime: new Date(BASE_MS + Math.floor(i / 3) * 1000).toISOString().replace('.000Z', 'Z'),
  eventName: i % 2 ? 'PutObject' : 'DeleteBucket',
  eventSource: 's3.amazonaws.com',
  awsRegion: 'us-east-1',
  recipientAccountId: i % 5 ? ALICE : BOB,
  userIdentity: { type: 'IAMUser', userName: `user${i % 4}` },
  ...(i % 7 === 0 && { errorCode: 'AccessDenied' }),
  eventID: `e${i}`,
  ...rest,
});

let lake: MemoryLake;
let trusted: boolean;
let deps: SearchDeps;

beforeEach(() => {
  lake = new MemoryLake();
  for (let i = 0; i < 200; i++) lake.add(record(i));
  trusted = true;
  const organization = {
    managementAccountId: MANAGER,
    administrators: [ADMIN],
    hasMember: (id: string) => [MANAGER, ADMIN, ALICE].includes(id),
  };
  deps = {
    lake,
    clock: systemClock,
    log: {
      get end() {
        return lake.end;
      },
    } as SearchDeps['log'],
    operatorAccountId: OPERATOR,
    accounts: { list: async () => [OPERATOR, ALICE, BOB, MANAGER, ADMIN] } as unknown as SearchDeps['accounts'],
    organizations: {
      organizationOf: async (id: string) =>
        id === BOB || id === OPERATOR ? undefined : { ...organization, isTrusted: trusted },
    } as unknown as SearchDeps['organizations'],
  };
});

function contextOf(accountId = OPERATOR, signal: AbortSignal = new AbortController().signal): CallContext {
  const caller = { accountId, arn: `arn:aws:iam::${accountId}:user/x` };
  return { operation: 'SearchEvents', caller, signal, timeMs: BASE_MS + HOUR_MS } as unknown as CallContext;
}

const refusal = async (work: Promise<unknown>): Promise<AwsError> => {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  if (!(error instanceof AwsError)) throw new Error(`no AwsError but ${error}`);
  return error;
};

describe('pages', () => {
  let search: Handler;
  beforeEach(() => {
    search = createSearchEvents(deps);
  });
  const all = async (input: object, between: () => void = () => {}) => {
    const found: { Sequence: number; Record: string }[] = [];
    for (let NextToken: string | undefined, more = true; more; more = NextToken !== undefined) {
      const page = await search(contextOf(), { ...input, ...(NextToken && { NextToken }) });
      found.push(...page.Events);
      NextToken = page.NextToken;
      between();
    }
    return found.map(({ Record }) => JSON.parse(Record).eventID as string);
  };

  test.each([1, 7, 100, 150, 199, 200, 201, 1000])(
    'of %i lead through all events once, newest first',
    async (Limit) => {
      const found = await all({ Limit });
      expect(found).toEqual(Array.from({ length: 200 }, (_, i) => `e${199 - i}`));
      expect(await all({ Limit, Order: 'oldest' })).toEqual([...found].reverse());
    },
  );
  test('are steady while events come', async () => {
    let next = 200;
    const found = await all({ Limit: 30, Filter: 'eventName = DeleteBucket' }, () => {
      for (let i = 0; i < 5; i++) lake.add(record(next++ % 100, { eventID: `new${next}` }));
    });
    expect(found).toEqual(Array.from({ length: 100 }, (_, i) => `e${198 - 2 * i}`));
  });
  test('end early rather than become too large', async () => {
    for (let i = 0; i < 30; i++) lake.add(record(1000 + i, { eventID: `big${i}`, more: 'x'.repeat(1_000_000) }));
    const page = await search(contextOf(), { Limit: 1000 });
    expect(page.Events).toHaveLength(8);
    expect((await all({ Limit: 1000 })).length).toBe(230);
  });
  test('lack nothing after the lake had to catch up again', async () => {
    const { NextToken } = await search(contextOf(), { Limit: 1 });
    lake.hiddenFrom = 150;
    let now = 0;
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => {
        now += 500;
        return now;
      },
    };
    const second = await createSearchEvents({ ...deps, clock })(contextOf(), { Limit: 1, NextToken });
    expect(second).toMatchObject({ SearchedUpTo: 150, EventsBehind: 50 });
    lake.hiddenFrom = 200;
    expect(await search(contextOf(), { NextToken: second.NextToken })).toMatchObject({ SearchedUpTo: 200 });
  });
  test('say what they hold', async () => {
    const answer = await search(contextOf(), { Limit: 1, Filter: 'eventId = e7' });
    expect(answer).toMatchObject({ SearchedUpTo: 200, EventsBehind: 0, ElapsedMs: expect.any(Number) });
    expect(answer.NextToken).toBeDefined();
    expect(answer.Events).toEqual([
      { Sequence: 7, AccountId: ALICE, EventTime: new Date(BASE_MS + 2000), Record: JSON.stringify(record(7)) },
    ]);
    expect(await search(contextOf(), { Filter: 'eventId = none' })).not.toHaveProperty('NextToken');
  });
  test('of places in the log: one event by its Sequence, or all that came since', async () => {
    expect(await all({ From: 7, UpTo: 8 })).toEqual(['e7']);
    expect(await all({ From: 198, Limit: 1 })).toEqual(['e199', 'e198']);
    expect(await all({ From: 200 })).toEqual([]);
    const first = await search(contextOf(), { From: 190, Limit: 1 });
    const other = refusal(search(contextOf(), { From: 191, Limit: 1, NextToken: first.NextToken }));
    expect((await other).code).toBe('InvalidNextTokenException');
    for (const From of [-1, 1.5, Number.NaN])
      expect((await refusal(search(contextOf(), { From }))).message).toBe('From must be a sequence number, 0 or more.');
  });
  test('of times, both ends included', async () => {
    const at = (s: number) => new Date(BASE_MS + s * 1000);
    expect(await all({ StartTime: at(1), EndTime: at(1) })).toEqual(['e5', 'e4', 'e3']);
    expect((await all({ EndTime: at(0) })).length).toBe(3);
  });

  const QUERY = { Filter: 'eventName = PutObject', StartTime: new Date(0), Order: 'newest', AccountId: ALICE };
  const tokenOf = async () => (await search(contextOf(), { ...QUERY, Limit: 3 })).NextToken as string;
  test('go on with another limit, and after a restart', async () => {
    const NextToken = await tokenOf();
    const again = createSearchEvents(deps);
    expect((await again(contextOf(), { ...QUERY, NextToken, Limit: 5 })).Events).toHaveLength(5);
  });
  test.each([
    { Filter: 'eventName = DeleteBucket' },
    { StartTime: new Date(1) },
    { EndTime: new Date(5e12) },
    { Order: 'oldest' },
    { AccountId: BOB },
    { AccountId: undefined },
  ])('a token does not go with %j', async (changes) => {
    const NextToken = await tokenOf();
    const error = await refusal(search(contextOf(), { ...QUERY, ...changes, NextToken }));
    expect(error.code).toBe('InvalidNextTokenException');
  });
  test('a token that was changed is refused, and one that is made up shows nothing else', async () => {
    const NextToken = await tokenOf();
    await fc.assert(
      fc.asyncProperty(fc.nat(NextToken.length - 1), fc.constantFrom(...'abcXYZ019_-'), async (i, c) => {
        const changed = NextToken.slice(0, i) + c + NextToken.slice(i + 1);
        fc.pre(!Buffer.from(changed, 'base64url').equals(Buffer.from(NextToken, 'base64url')));
        const error = await refusal(search(contextOf(), { ...QUERY, NextToken: changed }));
        expect(error.code).toBe('InvalidNextTokenException');
      }),
    );
    for (const odd of ['', 'x', 'bnVsbA', 'x'.repeat(100_000)]) {
      expect((await refusal(search(contextOf(), { NextToken: odd }))).code).toBe('InvalidNextTokenException');
    }
    // Of another's token only the place could be taken.
    const error = await refusal(search(contextOf(ALICE), { ...QUERY, NextToken }));
    expect(error.code).toBe('InvalidNextTokenException');
  });
});

describe('figures', () => {
  test('are about the same events as the page', async () => {
    const answer = await createSearchEvents(deps)(contextOf(), {
      Filter: 'accountId = 111111111111',
      Limit: 0,
      Count: true,
      Facets: ['username', 'eventName', 'errorCode'],
      FacetLimit: 2,
      Histogram: { Buckets: 10 },
    });
    expect(answer.Events).toEqual([]);
    expect(answer).not.toHaveProperty('NextToken');
    expect(answer.Count).toBe(160);
    expect(answer.Facets.map((f: { Field: string }) => f.Field)).toEqual(['userName', 'eventName', 'errorCode']);
    expect(answer.Facets[0]).toMatchObject({ DistinctCount: 4, Values: [{ Count: 40 }, { Count: 40 }] });
    expect(answer.Facets[1].Values).toEqual([
      { Value: 'DeleteBucket', Count: 80 },
      { Value: 'PutObject', Count: 80 },
    ]);
    // Events stand in 67 seconds.
    expect(answer.Histogram.IntervalSeconds).toBe(10);
    const sum = (name: string) => answer.Histogram.Buckets.reduce((n: number, b: never) => n + b[name], 0);
    expect(sum('Count')).toBe(160);
    expect(sum('ErrorCount')).toBe(answer.Facets[2].Values[0].Count);
    expect(new Set(lake.asked.map(({ query }) => query.upTo))).toEqual(new Set([200]));
  });
  test('are not made when nobody asks', async () => {
    const answer = await createSearchEvents(deps)(contextOf(), {});
    for (const name of ['Count', 'Facets', 'Histogram']) expect(answer).not.toHaveProperty(name);
    expect(lake.asked.map(({ kind }) => kind)).toEqual(['page']);
  });
  test('of nothing', async () => {
    const answer = await createSearchEvents(deps)(contextOf(), {
      Filter: 'nowhere',
      Histogram: {},
      Facets: ['userArn'],
    });
    expect(answer.Histogram).toEqual({ Buckets: [] });
    expect(answer.Facets).toEqual([{ Field: 'userArn', Values: [], DistinctCount: 0 }]);
  });
  test('one event that is dated in the future makes no single bucket of all others', async () => {
    lake.add(record(0, { eventTime: '9999-12-31T23:59:59Z' }));
    const search = createSearchEvents(deps);
    const { Histogram, Count } = await search(contextOf(), { Histogram: {}, Count: true });
    expect(Histogram.IntervalSeconds).toBeLessThanOrEqual(2);
    expect(Count).toBe(201);
    const asked = await search(contextOf(), { Histogram: {}, EndTime: new Date(8.64e15) });
    expect(asked.Histogram.Buckets.length).toBeGreaterThan(0);
    const future = await search(contextOf(), { Histogram: {}, Filter: 'eventTime > 2027-01-01' });
    expect(future.Histogram.Buckets).toHaveLength(1);
  });
  test('up to a place that the caller names', async () => {
    const answer = await createSearchEvents(deps)(contextOf(), { UpTo: 10, Count: true });
    expect(answer).toMatchObject({ Count: 10, SearchedUpTo: 10, EventsBehind: 0 });
    expect(await createSearchEvents(deps)(contextOf(), { UpTo: 1e9, Count: true })).toMatchObject({ Count: 200 });
  });
  test('when one fails the others are given up', async () => {
    lake.fails = { error: new Pushback('too many') };
    await expect(createSearchEvents(deps)(contextOf(), { Count: true, Facets: ['userArn'] })).rejects.toThrow(Pushback);
    expect(lake.asked.every(({ signal }) => signal.aborted)).toBe(true);
  });
  test('intervals', () => {
    expect(intervalOf(0, 59_999, 60)).toBe(1000);
    expect(intervalOf(0, 60_000, 60)).toBe(2000);
    expect(intervalOf(0, 24 * HOUR_MS - 1, 24)).toBe(HOUR_MS);
    expect(intervalOf(0, 90 * 24 * HOUR_MS, 100)).toBe(24 * HOUR_MS);
    fc.assert(
      fc.property(fc.nat(4e12), fc.nat(4e12), fc.integer({ min: 1, max: 2000 }), (start, length, max) => {
        fc.pre(max > 1 || length === 0);
        const ms = intervalOf(start, start + length, max);
        expect(Math.floor((start + length) / ms) - Math.floor(start / ms)).toBeLessThan(max);
      }),
    );
    expect(intervalOf(0, 8.64e15, 1)).toBeGreaterThan(8.64e15);
  });
});

test.each([
  [{ Filter: 'eventName =' }, 'expected a value'],
  [{ Filter: 'x'.repeat(20_000) }, '16384'],
  [{ StartTime: new Date(2), EndTime: new Date(1) }, 'StartTime'],
  [{ StartTime: new Date(Number.NaN) }, 'StartTime'],
  [{ Order: 'sideways' }, 'Order'],
  [{ Limit: 1001 }, 'Limit'],
  [{ Limit: -1 }, 'Limit'],
  [{ Limit: 1.5 }, 'Limit'],
  [{ UpTo: -1 }, 'UpTo'],
  [{ Facets: ['nope'] }, 'no field'],
  [{ Facets: ['eventTime'] }, 'Histogram'],
  [{ Facets: Array.from({ length: 21 }, () => 'userArn') }, '20 fields'],
  [{ Facets: ['userArn'], FacetLimit: 0 }, 'FacetLimit'],
  [{ Histogram: { Buckets: 0 } }, 'Buckets'],
  [{ Histogram: { Buckets: 1e9 } }, 'Buckets'],
  [{ AccountId: '12' }, '12 digits'],
])('refuses %j', async (input, message) => {
  const error = await refusal(createSearchEvents(deps)(contextOf(), input));
  expect([error.code, error.status]).toEqual(['ValidationException', 400]);
  expect(error.message).toContain(message);
  expect(lake.asked).toEqual([]);
});

test('a filter that is refused says where', async () => {
  const error = await refusal(createSearchEvents(deps)(contextOf(), { Filter: 'eventName = x and (' }));
  expect(error.members).toEqual({ Member: 'Filter', Position: '19' });
});

describe('whose records', () => {
  const whose = (own: string, asked?: string) => whoseRecords(deps, contextOf(own), asked);
  test('are seen', async () => {
    expect(await whose(OPERATOR)).toBeUndefined();
    expect(await whose(OPERATOR, BOB)).toEqual([BOB]);
    expect(await whose(BOB)).toEqual([BOB]);
    expect(await whose(BOB, BOB)).toEqual([BOB]);
    expect(await whose(ALICE)).toEqual([ALICE]);
    expect(await whose(MANAGER)).toEqual([MANAGER, ALICE, ADMIN]);
    expect(await whose(ADMIN, ALICE)).toEqual([ALICE]);
  });
  test.each([
    [BOB, ALICE],
    [ALICE, BOB],
    [ALICE, MANAGER],
    [MANAGER, BOB],
    [ADMIN, BOB],
    [ADMIN, OPERATOR],
  ])("%s does not see %s's", async (own, asked) => {
    expect((await refusal(whose(own!, asked))).code).toBe('AccessDeniedException');
  });
  test('without trusted access a manager sees its own', async () => {
    trusted = false;
    expect(await whose(MANAGER!)).toEqual([MANAGER]);
    expect((await refusal(whose(MANAGER!, ALICE))).code).toBe('AccessDeniedException');
  });
  test('a policy that names one account gives no call about several', async () => {
    const key = async (own: string, asked?: string) =>
      (await permissionToSee(deps, contextOf(own), asked))[0]!.context!['opentrail:AccountId'];
    expect(await key(OPERATOR)).toBe('*');
    expect(await key(OPERATOR, BOB)).toBe(BOB);
    expect(await key(MANAGER!)).toBe('*');
    expect(await key(MANAGER!, ALICE)).toBe(ALICE);
    expect(await key(BOB!)).toBe(BOB);
  });
  test('are all that is found, whatever is asked', async () => {
    const search = createSearchEvents(deps);
    const asks = [
      'accountId = 111111111111',
      'accountId = 111111111111 or eventName exists',
      'not nowhere',
      'recipientAccountId != 222222222222 or 111111111111 or eventTime > 1970-01-01',
    ];
    for (const Filter of asks) {
      const input = { Filter, Limit: 1000, Count: true, Facets: ['accountId', 'recipientAccountId'], Histogram: {} };
      const answer = await search(contextOf(BOB), input);
      expect(answer.Events.every((e: { AccountId: string }) => e.AccountId === BOB)).toBe(true);
      expect(answer.Count).toBe(answer.Events.length);
      for (const { Values } of answer.Facets) {
        expect(Values.every(({ Value }: { Value: string }) => Value === BOB)).toBe(true);
      }
    }
    expect((await refusal(search(contextOf(BOB), { AccountId: ALICE }))).code).toBe('AccessDeniedException');
    expect(lake.asked.every(({ query }) => query.accounts?.join() === BOB)).toBe(true);
  });
});

describe('what has just been accepted', () => {
  test('is waited for', async () => {
    lake.hiddenFrom = 199;
    const answer = createSearchEvents(deps)(contextOf(), { Count: true });
    setTimeout(() => {
      lake.hiddenFrom = 200;
    }, 20);
    expect(await answer).toMatchObject({ Count: 200, SearchedUpTo: 200, EventsBehind: 0 });
  });
  test('is not waited for long, and the answer says so', async () => {
    lake.hiddenFrom = 190;
    let now = 0;
    const clock: Clock = {
      now: () => now,
      monotonicMs: () => now,
      after: (ms, fn) => {
        now += ms;
        setImmediate(fn);
        return () => {};
      },
    };
    const answer = await createSearchEvents({ ...deps, clock })(contextOf(), { Count: true });
    expect(answer).toMatchObject({ Count: 190, SearchedUpTo: 190, EventsBehind: 10, ElapsedMs: 1000 });
  });
  test('is not waited for when the lake is far behind', async () => {
    const far = { ...deps, log: { end: 1_000_000 } as SearchDeps['log'] };
    expect(await createSearchEvents(far)(contextOf(), {})).toMatchObject({ EventsBehind: 999_800 });
  });
});

describe('a client that goes', () => {
  test('ends its questions, and that is no fault of ours', async () => {
    const gone = new AbortController();
    lake.gate = new Promise((fulfil) => gone.signal.addEventListener('abort', fulfil));
    const answer = refusal(createSearchEvents(deps)(contextOf(ALICE, gone.signal), {}));
    await new Promise((resume) => setImmediate(resume));
    gone.abort();
    expect(await answer).toMatchObject({ code: 'RequestAborted', status: 499 });
    expect(lake.asked[0]!.signal.aborted).toBe(true);
  });
});

test('one account has so many searches at once, and the others have theirs', async () => {
  let open = () => {};
  lake.gate = new Promise<void>((fulfil) => {
    open = fulfil;
  });
  const search = createSearchEvents(deps);
  const first = Array.from({ length: 32 }, () => search(contextOf(ALICE), {}));
  await expect(search(contextOf(ALICE), {})).rejects.toThrow(Pushback);
  const other = search(contextOf(BOB), {});
  open();
  await Promise.all([...first, other]);
  await search(contextOf(ALICE), {});
});

describe('exports', () => {
  const textOf = async (stream: Readable) => Buffer.concat(await stream.toArray()).toString();
  test('are whole files', async () => {
    const run = createExportEvents(deps);
    const csv = await run(contextOf(ALICE), { Format: 'csv', Filter: 'eventName = DeleteBucket' });
    expect(csv).toMatchObject({
      ContentType: expect.stringMatching(/^text\/csv/),
      ContentDisposition: 'attachment; filename="events.csv"',
      SearchedUpTo: 200,
    });
    const lines = (await textOf(csv.File)).split('\r\n');
    expect(lines[0]).toMatch(/^Event time,User name,Event name,/);
    expect(lines).toHaveLength(1 + 80 + 1);
    const some = await run(contextOf(ALICE), { Format: 'csv', Columns: ['EVENTID', 'userName'], Limit: 2 });
    expect(await textOf(some.File)).toBe('Event ID,User name\r\ne199,user3\r\ne198,user2\r\n');
    const ndjson = await run(contextOf(BOB), { Format: 'ndjson', Order: 'oldest' });
    expect((await textOf(ndjson.File)).split('\n')[0]).toBe(JSON.stringify(record(0)));
  });
  test.each([
    [{ Format: 'xml' }, 'Format'],
    [{ Format: 'constructor' }, 'Format'],
    [{ Format: 'csv', Columns: [] }, 'Columns'],
    [{ Format: 'csv', Columns: ['nope'] }, 'no field'],
    [{ Format: 'csv', Columns: ['userName', 'USERNAME'] }, 'twice'],
    [{ Format: 'csv', Columns: Array.from({ length: 101 }, (_, i) => `requestParameters.a${i}`) }, '100'],
    [{ Format: 'csv', Limit: 0 }, 'Limit'],
    [{ Format: 'csv', Filter: '(' }, 'expected'],
  ])('refuses %j', async (input, message) => {
    const error = await refusal(createExportEvents(deps)(contextOf(), input));
    expect(error.code).toBe('ValidationException');
    expect(error.message).toContain(message);
  });
  test("show nobody another's records", async () => {
    const error = await refusal(createExportEvents(deps)(contextOf(BOB), { Format: 'csv', AccountId: ALICE }));
    expect(error.code).toBe('AccessDeniedException');
  });
  test('that fail before they begin are answered, later ones break off', async () => {
    const run = createExportEvents(deps);
    lake.fails = { error: new Pushback('too many exports') };
    await expect(run(contextOf(), { Format: 'ndjson' })).rejects.toThrow(Pushback);
    lake.fails = { error: new Error('disk gone'), afterPieces: 3 };
    const { File } = await run(contextOf(), { Format: 'ndjson' });
    await expect(textOf(File)).rejects.toThrow('disk gone');
  });
  test('give their place back however they end', async () => {
    const run = createExportEvents(deps);
    for (let round = 0; round < 6; round++) {
      const files: Readable[] = [];
      for (let i = 0; i < 4; i++) files.push((await run(contextOf(ALICE), { Format: 'ndjson' })).File);
      await expect(run(contextOf(ALICE), { Format: 'ndjson' })).rejects.toThrow(Pushback);
      for (const [i, file] of files.entries()) {
        if (i % 2) file.destroy();
        else await textOf(file);
        if (!file.closed) await new Promise((fulfil) => file.once('close', fulfil));
      }
      lake.fails = { error: new Error('x') };
      await expect(run(contextOf(ALICE), { Format: 'ndjson' })).rejects.toThrow('x');
      lake.fails = undefined;
    }
  });
  test('are made as fast as they are taken', async () => {
    let made = 0;
    lake.export = async function* () {
      for (; made < 10_000; made++) yield Buffer.alloc(64 * 1024);
    };
    const { File } = await createExportEvents(deps)(contextOf(), { Format: 'ndjson' });
    for await (const _ of File) break;
    expect(made).toBeLessThan(10);
    expect(File).toBeInstanceOf(Readable);
  });
});
