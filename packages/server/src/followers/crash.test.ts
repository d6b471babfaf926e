import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SELECTORS } from '../event/selectors.ts';
import type { InsightSelector, Trail } from '../trails/trail.ts';
import { newTrail, World } from './testing/world.ts';

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:told';
const HOUR = 3_600_000;
const REGIONS = ['us-east-1', 'eu-west-1', 'ap-south-1'];
const DATA_ONLY = {
  advanced: [
    {
      FieldSelectors: [
        { Field: 'eventCategory', Equals: ['Data'] },
        { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
      ],
    },
  ],
};

const INSIGHTS: readonly InsightSelector[] = [{ insightType: 'ApiCallRateInsight', eventCategories: ['Management'] }];
const INSIGHT = { category: 'Insight' as const, insightDetails: { insightType: 'ApiCallRateInsight' } };

/** Lives on after a death, until a flush comes through. */
async function settle(world: World): Promise<void> {
  while (!(await world.flush())) world.start();
}

function expectExactlyOnce(world: World, expected: readonly string[], bucket = 'logs'): void {
  expect(world.delivered(bucket).sort()).toEqual([...expected].sort());
  expect(world.spool.size).toBe(0);
}

describe('a crash', () => {
  /** A life with all that happens in one: two Regions, a full file, a digest, a refusal, changes, a stop and a new start. */
  async function story(world: World, dieAt: number): Promise<{ expected: string[]; steps: number }> {
    const expected: string[] = [];
    const log = (...events: Parameters<World['append']>[0]) => {
      const first = world.append(events);
      for (let i = first; i < world.events.length; i++) expected.push(`e${i}`);
    };
    world.start(dieAt);
    const made = newTrail('main', { isMultiRegion: true, snsTopicArn: TOPIC, insightSelectors: INSIGHTS });
    let trail = await world.startLogging(made);
    log(INSIGHT);
    log({}, {}, { region: 'eu-west-1' }, ...Array.from({ length: 12 }, () => ({})));
    await settle(world);
    await world.clock.advance(HOUR);
    await settle(world);
    world.refusing.set('logs', 'AccessDenied');
    log({}, { region: 'eu-west-1' });
    await settle(world);
    world.refusing.clear();
    log({ region: 'ap-south-1' });
    trail = await world.changePeriod(trail, { selectors: DATA_ONLY });
    expected.push(`e${world.events.length - 1}`);
    world.append([{}, {}]);
    trail = await world.changePeriod(trail, { selectors: DEFAULT_SELECTORS });
    expected.push(`e${world.events.length - 1}`);
    log({});
    trail = await world.stopLogging(trail);
    expected.push(`e${world.events.length - 1}`);
    world.append([{}]);
    await settle(world);
    trail = await world.startLogging(trail);
    log({}, {});
    await settle(world);
    await world.deleteTrail(trail);
    expected.push(`e${world.events.length - 1}`);
    await settle(world);
    await settle(world);
    return { expected, steps: world.lives === 1 ? world.steps : 0 };
  }

  it('at any step, before or after its effect, neither loses nor repeats an event, and leaves no log file untold', async () => {
    const settings = { logFileBytesMax: 700, regions: ['us-east-1', 'eu-west-1'] };
    const { steps } = await story(new World(settings), Infinity);
    expect(steps).toBeGreaterThan(100);
    for (let dieAt = 0.5; dieAt <= steps; dieAt += 0.5) {
      const world = new World(settings);
      const { expected } = await story(world, dieAt);
      expect(world.lives, `died at ${dieAt}`).toBe(2);
      expectExactlyOnce(world, expected);
      expect(world.verifyChains().sort(), `died at ${dieAt}`).toEqual(
        world
          .logFiles()
          .map((f) => f.key)
          .sort(),
      );
      const files = world.logFiles().map(({ key }) => key);
      expect([...new Set(world.told)].sort(), `died at ${dieAt}`).toEqual(files.sort());
      expect(await world.leftInState()).toEqual([]);
      await world.delivery.stop();
    }
  }, 300_000);
});

describe('whatever happens', () => {
  const append = fc.record({
    op: fc.constant('append' as const),
    regions: fc.array(fc.constantFrom(...REGIONS), { minLength: 1, maxLength: 12, size: 'max' }),
  });
  const operation = fc.oneof(
    { arbitrary: append, weight: 4 },
    fc.record({ op: fc.constant('pass' as const), ms: fc.constantFrom(1_000, 61_000, 300_000, HOUR, 5 * HOUR) }),
    fc.record({ op: fc.constant('jump' as const), ms: fc.constantFrom(-3 * HOUR, -1_000, 1_500, 2 * HOUR) }),
    fc.record({ op: fc.constant('refuse' as const), bucket: fc.constantFrom('logs', 'more') }),
    fc.record({
      op: fc.constantFrom(
        'mend',
        'flush',
        'toggle',
        'selectors',
        'insights',
        'regions',
        'bucket',
        'restart',
        'recreate',
      ),
    }),
    fc.record({ op: fc.constant('fail' as const), writes: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ op: fc.constant('crash' as const), dieAt: fc.integer({ min: 1, max: 80 }).map((n) => n / 2) }),
  );

  it('every event that was logged is in exactly one file, and every file in exactly one digest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40, size: 'max' }), async (operations) => {
        const world = new World({ logFileBytesMax: 900, regions: ['us-east-1', 'eu-west-1'] });
        const expected = { logs: [] as string[], more: [] as string[] };
        let incarnation = 0;
        world.start();
        let trail: Trail = newTrail('main', { createdMs: incarnation });
        trail = await world.startLogging(trail);
        const expectNext = () => expected[trail.bucket as 'logs' | 'more'].push(`e${world.events.length - 1}`);
        const reaches = (region: string) => trail.isLogging && (trail.isMultiRegion || region === 'us-east-1');
        const logs = (region: string) => reaches(region) && trail.selectors !== DATA_ONLY;
        const stop = async () => {
          const counts = logs('us-east-1');
          trail = await world.stopLogging(trail);
          if (counts) expectNext();
        };
        /** The record of a change is in the old bucket if the old rules or the new ones select it. */
        const change = async (to: Partial<Trail>) => {
          const next = { ...trail, ...to };
          const [before, after] = [logs('us-east-1'), next.isLogging && next.selectors !== DATA_ONLY];
          const changed = await world.changePeriod(trail, to);
          if (before) expectNext();
          trail = changed;
          if (!before && after) expectNext();
        };
        for (const operation of operations) {
          switch (operation.op) {
            case 'append':
              for (const region of (operation as { regions: string[] }).regions) {
                world.append([{ region }]);
                if (logs(region)) expectNext();
                world.append([{ region, ...INSIGHT }]);
                if (reaches(region) && trail.insightSelectors === INSIGHTS) expectNext();
              }
              break;
            case 'pass':
              await world.clock.advance((operation as { ms: number }).ms);
              break;
            case 'jump':
              world.clock.jump((operation as { ms: number }).ms);
              break;
            case 'refuse':
              world.refusing.set((operation as { bucket: string }).bucket, 'AccessDenied');
              break;
            case 'fail':
              world.failingWrites = (operation as { writes: number }).writes;
              break;
            case 'mend':
              world.refusing.clear();
              break;
            case 'flush':
              await settle(world);
              break;
            case 'toggle':
              if (trail.isLogging) await stop();
              else trail = await world.startLogging(trail);
              break;
            case 'selectors':
              await change({ selectors: trail.selectors === DATA_ONLY ? DEFAULT_SELECTORS : DATA_ONLY });
              break;
            case 'insights':
              await change({ insightSelectors: trail.insightSelectors === INSIGHTS ? [] : INSIGHTS });
              break;
            case 'regions':
              await change({ isMultiRegion: !trail.isMultiRegion });
              break;
            case 'bucket':
              await change({ bucket: trail.bucket === 'logs' ? 'more' : 'logs' });
              break;
            case 'restart':
              await Promise.race([world.delivery.stop(), world.flush()]);
              world.start();
              break;
            case 'recreate': {
              const counts = logs('us-east-1');
              await world.deleteTrail(trail);
              if (counts) expectNext();
              trail = newTrail('main', { createdMs: ++incarnation });
              await world.save(trail);
              break;
            }
            default:
              world.start((operation as { dieAt: number }).dieAt);
          }
        }
        world.refusing.clear();
        world.failingWrites = 0;
        if (trail.isLogging) await stop();
        await settle(world);
        await world.clock.advance(2 * HOUR);
        await settle(world);
        await settle(world);
        for (const bucket of ['logs', 'more'] as const) expectExactlyOnce(world, expected[bucket], bucket);
        const files = [...world.logFiles('logs'), ...world.logFiles('more')].map((file) => file.key);
        expect(world.verifyChains('logs', 'more').sort()).toEqual(files.sort());
        await world.delivery.stop();
      }),
      { numRuns: 150 },
    );
  }, 300_000);
});
