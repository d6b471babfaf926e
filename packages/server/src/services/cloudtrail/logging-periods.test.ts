import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { EARLIER_PERIODS_MAX, loggingPeriods, type Trail } from '../../trails/trail.ts';
import { selectedAnew, startedLogging, stoppedLogging } from './logging-periods.ts';
import { ACCOUNT, createHarness, type Harness, HOME } from './testing/harness.ts';

let h: Harness;
beforeEach(async () => {
  h = createHarness();
  await h.call('CreateTrail', { Name: 'main', S3BucketName: 'logs' });
});
const periods = async () =>
  loggingPeriods((await h.state.get<Trail>(`trail/${ACCOUNT}/${HOME}/main`))!.value).map((p) => ({
    from: p.beginSequence,
    to: p.endSequence,
    stop: p.stopRequestId,
    session: p.startLoggingMs,
    type: 'basic' in p.selectors ? p.selectors.basic[0]!.ReadWriteType : 'advanced',
  }));
const select = (ReadWriteType: string) =>
  h.call('PutEventSelectors', { TrailName: 'main', EventSelectors: [{ ReadWriteType }] });
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
      { from: 100, to: 110, stop: undefined, session, type: 'All' },
      { from: 110, to: undefined, stop: undefined, session, type: 'WriteOnly' },
    ]);
  });
  test('a change that changes nothing leaves the period open', async () => {
    await h.call('StartLogging', { Name: 'main' });
    at(110);
    await h.call('UpdateTrail', { Name: 'main', S3BucketName: 'other-logs' });
    await select('All');
    await select('All');
    expect((await periods()).filter((p) => p.to === undefined)).toHaveLength(1);
    expect((await periods()).every((p) => p.type === 'All')).toBe(true);
  });
  test('a change of Regions ends one too', async () => {
    await h.call('StartLogging', { Name: 'main' });
    at(110);
    await h.call('UpdateTrail', { Name: 'main', IsMultiRegionTrail: true });
    expect((await periods()).map((p) => [p.from, p.to])).toEqual([
      [100, 110],
      [110, undefined],
    ]);
  });
  test('selectors of a stopped trail do not reach back into what it has yet to deliver', async () => {
    await h.call('StartLogging', { Name: 'main' });
    const session = h.clock.now();
    at(110);
    await h.call('StopLogging', { Name: 'main' }, { requestId: 'stop' });
    at(120);
    await select('ReadOnly');
    expect(await periods()).toEqual([{ from: 100, to: undefined, stop: 'stop', session, type: 'All' }]);
    await h.clock.advance(1000);
    at(130);
    await h.call('StartLogging', { Name: 'main' });
    expect(await periods()).toEqual([
      { from: 100, to: undefined, stop: 'stop', session, type: 'All' },
      { from: 130, to: undefined, stop: undefined, session: h.clock.now(), type: 'ReadOnly' },
    ]);
  });
  test('what is delivered is forgotten in time, what is not never', async () => {
    await h.call('StartLogging', { Name: 'main' });
    const { id } = (await h.state.get<Trail>(`trail/${ACCOUNT}/${HOME}/main`))!.value;
    const change = async (i: number) => {
      at(101 + i);
      await select(i % 2 === 0 ? 'ReadOnly' : 'WriteOnly');
    };
    for (let i = 0; i < 100; i++) await change(i);
    expect(await periods()).toHaveLength(101);
    await h.state.write([{ put: `delivery-cursor/${id}`, value: { cursor: 150, folders: {}, ends: {} } }]);
    await change(100);
    expect((await periods())[0]).toMatchObject({ from: 150, to: 151 });
    for (let i = 101; i < 306; i++) await change(i);
    at(1000);
    expect((await h.refusal('UpdateTrail', { Name: 'main', IsMultiRegionTrail: true }))[0]).toBe('ConflictException');
    await h.state.write([{ put: `delivery-cursor/${id}`, value: { cursor: 1000, folders: {}, ends: {} } }]);
    await h.call('UpdateTrail', { Name: 'main', IsMultiRegionTrail: true });
    expect(await periods()).toHaveLength(EARLIER_PERIODS_MAX + 1);
  });
  test('of changes without events between them, only the last leaves a trace', async () => {
    await h.call('StartLogging', { Name: 'main' });
    await select('ReadOnly');
    await select('WriteOnly');
    expect((await periods()).map((p) => [p.from, p.to, p.type])).toEqual([[100, undefined, 'WriteOnly']]);
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
    isOrganization: false,
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
        if (does === 'start' && !trail.isLogging) trail = startedLogging(trail, i, { end });
        if (does === 'stop' && trail.isLogging) {
          trail = stoppedLogging(trail, i, `stop-${end}`, end);
        }
        if (does === 'select') {
          rule = rule === 'All' ? 'ReadOnly' : 'All';
          const ReadWriteType = rule as 'All' | 'ReadOnly';
          const selectors = {
            basic: [
              { ReadWriteType, IncludeManagementEvents: true, DataResources: [], ExcludeManagementEventSources: [] },
            ],
          };
          trail = selectedAnew(trail, { ...trail, selectors }, { end });
        }
        for (let n = 0; n < events; n++) {
          if (trail.isLogging) expected.set(end, rule);
          end++;
        }
      }
      const actual = new Map<number, string>();
      for (const p of loggingPeriods(trail)) {
        // A stop's own record is not in this model: its period ends where the stop was called.
        const to = p.endSequence ?? p.stopFloorSequence ?? end;
        for (let n = p.beginSequence; n < to; n++) {
          expect(actual.has(n)).toBe(false);
          actual.set(n, 'basic' in p.selectors ? p.selectors.basic[0]!.ReadWriteType : '');
        }
      }
      expect([...actual].sort()).toEqual([...expected].sort());
      expect(trail.isLogging).toBe(
        loggingPeriods(trail).some((p) => p.endSequence === undefined && p.stopRequestId === undefined),
      );
    }),
  );
});
