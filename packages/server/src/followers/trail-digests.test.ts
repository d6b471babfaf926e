import { describe, expect, it } from 'vitest';
import { type DeliveryStatus, deliveryStatusKey } from '../trails/trail.ts';
import { HOME, newTrail, World } from './testing/world.ts';

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `e${from + i}`);
const times = (n: number) => Array.from({ length: n }, () => ({}));
const HOUR = 3_600_000;

describe('digests', () => {
  const spans = (world: World, region = HOME) =>
    world
      .digests()
      .filter((d) => d.put.key.includes(`/${region}/`))
      .map(
        ({ digest }) =>
          `${digest.digestStartTime.slice(5, 19)} ${digest.digestEndTime.slice(5, 19)} ${digest.logFiles.length}`,
      );

  it('begin an hour before the start, come every hour in every Region, and end with the stop', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail('main', { isMultiRegion: true }));
    world.append(times(1));
    await world.flush();
    for (let i = 0; i < 3; i++) await world.pass(HOUR);
    await world.pass(60_000);
    await world.stopLogging(trail);
    await world.flush();
    expect(spans(world)).toEqual([
      '12-31T23:00:00 01-01T00:00:00 0',
      '01-01T00:00:00 01-01T01:00:00 1',
      '01-01T01:00:00 01-01T02:00:00 0',
      '01-01T02:00:00 01-01T03:00:00 0',
      expect.stringMatching(/^01-01T03:00:00 01-01T03:01:\d\d 1$/), // time goes on while a slow machine compresses
    ]);
    expect(spans(world, 'eu-west-1')).toHaveLength(5);
    expect(world.verifyChains()).toHaveLength(2);
    for (let i = 0; i < 3; i++) await world.pass(HOUR);
    expect(spans(world)).toHaveLength(5);
  });

  it('cover a pause or a jump ahead in one, and never go back', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail());
    await world.flush();
    await world.delivery.stop();
    world.clock.jump(100 * HOUR + 30_000);
    world.start();
    await world.flush();
    expect(spans(world)).toHaveLength(2);
    expect(spans(world)[1]).toBe('01-01T00:00:00 01-05T04:00:00 0');
    world.clock.jump(-200 * HOUR);
    for (let i = 0; i < 6; i++) await world.pass(HOUR / 2);
    const afterwards = spans(world).slice(2);
    expect(afterwards).toEqual(['01-05T04:00:00 01-05T04:00:01 0', '01-05T04:00:01 01-05T04:00:02 0']);
    await world.stopLogging(trail);
    await world.flush();
    world.verifyChains();
  });

  it('list what a bucket had refused as soon as it takes something again, all of it', async () => {
    const world = new World({ regions: [HOME] });
    world.start();
    await world.startLogging(newTrail());
    await world.startLogging(newTrail('other'));
    await world.flush();
    world.refusing.set('logs', 'NoSuchBucket');
    const goOn = async (ms: number) => {
      await world.clock.advance(ms);
      await new Promise((resolve) => setTimeout(resolve, 0));
    };
    for (let minutes = 0; minutes < 20 * 60; minutes += 10) {
      if (minutes % 120 === 0) world.append(times(1));
      await goOn(600_000);
    }
    const waiting = world.spool.size;
    expect(waiting).toBe(22); // ten log files and a digest of each
    world.refusing.clear();
    world.putMs = 2_000;
    for (let halves = 0; halves < 120 && world.spool.size === waiting; halves++) await goOn(30_000);
    for (let seconds = 0; seconds < 60; seconds++) await goOn(1_000); // of pauses of half an hour to an hour
    expect(world.spool.size).toBe(0);
    expect(world.delivered().sort()).toEqual([...ids(0, 10), ...ids(0, 10)].sort());
    const listed = new Set(world.verifyChains());
    expect(world.logFiles().filter(({ key }) => !listed.has(key))).toEqual([]);
  });

  it('of trails of one name come one after another, however soon a trail is deleted and made again', async () => {
    const world = new World();
    world.start();
    for (let i = 0; i < 4; i++) {
      const trail = await world.startLogging(newTrail('main', { id: `main-${i}`, createdMs: i }));
      world.append(times(2));
      if (i % 2 === 0) await world.flush();
      else await world.clock.advance(1_000);
      world.append(times(3));
      await world.deleteTrail(trail);
    }
    await world.startLogging(newTrail('main', { id: 'main-4', createdMs: 4 }));
    await world.flush();
    world.append(times(1));
    await world.flush();
    await world.pass(2 * HOUR);
    expect(world.verifyChains()).toHaveLength(world.logFiles().length);
    expect(spansThatOverlap(world)).toEqual([]);
    expect(new Set(world.delivered()).size).toBe(world.events.length);
  });

  it('of a deleted trail whose bucket refuses do not hold up those of another one of its name', async () => {
    const world = new World();
    world.start();
    const old = await world.startLogging(newTrail('main', { bucket: 'gone' }));
    await world.flush();
    world.refusing.set('gone', 'NoSuchBucket');
    world.append(times(2));
    await world.deleteTrail(old);
    await world.startLogging(newTrail('main', { id: 'other', createdMs: 1 }));
    world.append(times(1));
    await world.flush();
    await world.pass(2 * HOUR);
    expect(world.delivered()).toEqual([`e${world.events.length - 1}`]);
    expect(world.verifyChains()).toHaveLength(1);
  });

  it('stop when validation is switched off, and begin anew when it is switched on', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail());
    world.append(times(1));
    await world.flush();
    await world.save({ ...trail, logFileValidation: false });
    await world.flush();
    world.append(times(1));
    await world.flush();
    await world.pass(2 * HOUR);
    const files = world.verifyChains();
    expect(files).toHaveLength(1);
    await world.changePeriod(trail, { bucket: 'other' }); // and validation back
    world.append(times(1));
    await world.flush();
    await world.pass(2 * HOUR);
    expect(world.verifyChains('other')).toHaveLength(2); // one of them holds the change and stands in the old bucket
    expect(world.verifyChains()).toEqual(files);
    expect(world.digests('other')[0]?.digest.previousDigestS3Object).toBeNull();
  });

  it('follow the trail to another bucket', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail());
    await world.flush();
    world.append(times(2));
    await world.changePeriod(trail, { bucket: 'other', prefix: 'p' });
    world.append(times(2));
    await world.flush();
    expect(world.delivered('logs').sort()).toEqual(ids(0, 3)); // the change itself too
    expect(world.delivered('other').sort()).toEqual(ids(3, 5));
    await world.pass(HOUR);
    expect(world.verifyChains('logs', 'other')).toHaveLength(2);
    const [first] = world.digests('logs');
    expect(world.digests('other')[0]?.digest).toMatchObject({
      previousDigestS3Bucket: 'logs',
      previousDigestS3Object: first!.put.key,
    });
  });
});

/** Pairs of digests of one Region that cover the same time. */
function spansThatOverlap(world: World): string[] {
  const sorted = world
    .digests()
    .filter(({ put }) => put.key.includes(`/${HOME}/`))
    .map(({ digest }) => digest)
    .sort((a, b) => (a.digestEndTime < b.digestEndTime ? -1 : 1));
  return sorted.flatMap(({ digestStartTime: start }, i) => {
    const before = sorted[i - 1]?.digestEndTime ?? '';
    return before > start ? [`${before} ${start}`] : [];
  });
}

/** Lets time go by, a little at a time, until the world's own I/O has brought about `condition`. */
async function _until(world: World, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2_000 && !condition(); i++) {
    await world.clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  expect(condition()).toBe(true);
}

const _status = async (world: World, id: string) =>
  (await world.state.get<DeliveryStatus>(deliveryStatusKey(id, { region: HOME })))!.value;
