import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { loggingPeriods, type Trail } from '../../trails/trail.ts';
import { changedPeriod, startedLogging, stoppedLogging } from './logging-periods.ts';
import { ACCOUNT, createHarness, type Harness, HOME } from './testing/harness.ts';

let h: Harness;
beforeEach(async () => {
  h = createHarness();
  await h.call('CreateTrail', { Name: 'main', S3BucketName: 'logs' });
});
const periods = async () =>
  loggingPeriods((await h.state.get<Trail>(`trail/${ACCOUNT}/${HOME}/main`))!.value).map((p) => ({
    from: p.beginSequence,
    to: p.endingCall?.floorSequence,
    by: p.endingCall?.requestId,
    session: p.startLoggingMs,
    type: 'basic' in p.selectors ? p.selectors.basic[0]!.ReadWriteType : 'advanced',
  }));
const select = (ReadWriteType: string, requestId = 'select') =>
  h.call('PutEventSelectors', { TrailName: 'main', EventSelectors: [{ ReadWriteType }] }, { requestId });
const at = (end: number) => {
  h.log.end = end;
};

describe('logging periods', () => {
  test('a change of selectors ends one and opens the next, in the same session', async () => {
    await h.call('StartLogging', { Name: 'main' });
    const session = h.clock.now();
    await h.clock.advance(1000);
    at(110);
    await select('WriteOnly');
    expect(await periods()).toEqual([
      { from: 100, to: 110, by: 'select', session, type: 'All' },
      { from: 110, to: undefined, by: undefined, session, type: 'WriteOnly' },
    ]);
  });
  test('a change that changes nothing leaves the period open', async () => {
    await h.call('StartLogging', { Name: 'main' });
    at(110);
    await h.call('UpdateTrail', { Name: 'main', EnableLogFileValidation: true });
    await select('All');
    await select('All');
    expect((await periods()).filter((p) => p.to === undefined)).toHaveLength(1);
    expect((await periods()).every((p) => p.type === 'All')).toBe(true);
  });
  test.each([{ IsMultiRegionTrail: true }, { S3BucketName: 'other-logs' }, { S3KeyPrefix: 'p' }])(
    'a change of %j ends one too',
    async (change) => {
      await h.call('StartLogging', { Name: 'main' });
      at(110);
      await h.call('UpdateTrail', { Name: 'main', ...change }, { requestId: 'update' });
      expect((await periods()).map((p) => [p.from, p.to, p.by])).toEqual([
        [100, 110, 'update'],
        [110, undefined, undefined],
      ]);
    },
  );
  test('selectors of a stopped trail do not reach back into what it has yet to deliver', async () => {
    await h.call('StartLogging', { Name: 'main' });
    const session = h.clock.now();
    at(110);
    await h.call('StopLogging', { Name: 'main' }, { requestId: 'stop' });
    at(120);
    await select('ReadOnly');
    expect(await periods()).toEqual([{ from: 100, to: 110, by: 'stop', session, type: 'All' }]);
    await h.clock.advance(1000);
    at(130);
    await h.call('StartLogging', { Name: 'main' });
    expect(await periods()).toEqual([
      { from: 100, to: 110, by: 'stop', session, type: 'All' },
      { from: 130, to: undefined, by: undefined, session: h.clock.now(), type: 'ReadOnly' },
    ]);
  });
  test('what is delivered is forgotten, what is not never', async () => {
    await h.call('StartLogging', { Name: 'main' });
    const { id } = (await h.state.get<Trail>(`trail/${ACCOUNT}/${HOME}/main`))!.value;
    const delivered = (cursor: number, changes: number) => {
      const ends = Object.fromEntries(Array.from({ length: changes }, (_, i) => [`change-${i}`, 102 + i]));
      return h.state.write([{ put: `delivery-cursor/${id}`, value: { cursor, folders: {}, ends } }]);
    };
    const change = async (i: number) => {
      at(101 + i);
      await select(i % 2 === 0 ? 'ReadOnly' : 'WriteOnly', `change-${i}`);
    };
    for (let i = 0; i < 100; i++) await change(i);
    expect(await periods()).toHaveLength(101);
    await delivered(150, 60); // the last of these ends are behind the cursor's own
    await change(100);
    expect((await periods())[0]).toMatchObject({ from: 149, by: 'change-49' });
    for (let i = 101; i < 305; i++) await change(i);
    expect((await h.refusal('UpdateTrail', { Name: 'main', IsMultiRegionTrail: true }))[0]).toBe('ConflictException');
    await delivered(1000, 305);
    await h.call('UpdateTrail', { Name: 'main', IsMultiRegionTrail: true }, { requestId: 'update' });
    expect((await periods()).map((p) => p.by)).toEqual(['update', undefined]);
  });
});

test('whatever is done in whatever order, every moment of logging is in exactly the periods that held then', () => {
  const base: Trail = {
    name: 'main',
    accountId: ACCOUNT,
    homeRegion: HOME,
    arn: 'arn',
    id: 'id',
    bucket: 'logs',
    includeGlobalServiceEvents: true,
    isMultiRegion: false,
    logFileValidation: false,
    recursiveLogging: true,
    tags: [],
    isLogging: false,
    createdMs: 0,
  };
  const step = fc.record({ does: fc.constantFrom('start', 'stop', 'select'), events: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let trail = base;
      let end = 0;
      let rule = 'All';
      /** By sequence: the rule under which the event was accepted, while logging. */
      const expected = new Map<number, string>();
      for (const [i, { does, events }] of steps.entries()) {
        const call = { requestId: `call-${i}`, floorSequence: end, calledMs: i };
        if (does === 'start' && !trail.isLogging) trail = startedLogging(trail, i, end, undefined);
        if (does === 'stop' && trail.isLogging) trail = stoppedLogging(trail, call);
        if (does === 'select') {
          rule = rule === 'All' ? 'ReadOnly' : 'All';
          const ReadWriteType = rule as 'All' | 'ReadOnly';
          const selectors = {
            basic: [
              { ReadWriteType, IncludeManagementEvents: true, DataResources: [], ExcludeManagementEventSources: [] },
            ],
          };
          trail = changedPeriod(trail, { ...trail, selectors }, call, undefined);
        }
        for (let n = 0; n < events; n++) {
          if (trail.isLogging) expected.set(end, rule);
          end++;
        }
      }
      const actual = new Map<number, string>();
      for (const p of loggingPeriods(trail)) {
        // A call's own record is not in this model: its period ends where the call was made.
        const to = p.endingCall?.floorSequence ?? end;
        for (let n = p.beginSequence; n < to; n++) {
          expect(actual.has(n)).toBe(false);
          actual.set(n, 'basic' in p.selectors ? p.selectors.basic[0]!.ReadWriteType : '');
        }
      }
      expect([...actual].sort()).toEqual([...expected].sort());
      expect(trail.isLogging).toBe(loggingPeriods(trail).some((p) => p.endingCall === undefined));
    }),
  );
});
