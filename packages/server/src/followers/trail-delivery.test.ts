import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SELECTORS } from '../event/selectors.ts';
import { type DeliveryStatus, deliveryStatusKey, listRetiredTrails } from '../trails/trail.ts';
import { chainKey, type DigestChain } from './delivery-state.ts';
import { HOME, INTERVAL_MS, newTrail, World } from './testing/world.ts';

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `e${from + i}`);
const times = (n: number) => Array.from({ length: n }, () => ({}));
const HOUR = 3_600_000;

describe('log files', () => {
  it('hold the exact bytes of what was logged, and stand where CloudTrail puts them', async () => {
    const world = new World();
    world.start();
    world.append(times(3));
    await world.startLogging(newTrail('main', { prefix: 'p', kmsKeyId: 'key' }));
    world.append(times(20));
    expect(await world.flush()).toBe(true);
    const [file, ...others] = world.logFiles();
    expect(others).toEqual([]);
    expect(gunzipSync(file!.body).toString()).toBe(
      `{"Records":[${world.events
        .slice(3)
        .map((e) => e.json.toString('utf8'))
        .join(',')}]}`,
    );
    expect(file!.key).toMatch(
      /^p\/AWSLogs\/123456789012\/CloudTrail\/us-east-1\/2026\/01\/01\/123456789012_CloudTrail_us-east-1_20260101T0000Z_\w{16}\.json\.gz$/,
    );
    expect(file).toMatchObject({
      contentType: 'application/json',
      contentEncoding: 'gzip',
      acl: 'bucket-owner-full-control',
      kmsKeyId: 'key',
      caller: { service: 'cloudtrail.amazonaws.com', sourceArn: newTrail().arn, sourceAccount: '123456789012' },
    });
    expect(world.spool.size).toBe(0);
  });

  it('come when the interval is over, or when one is full', async () => {
    const world = new World({ logFileBytesMax: 1_000 });
    world.start();
    await world.startLogging(newTrail());
    world.append(times(2));
    await world.clock.advance(INTERVAL_MS - 10_000);
    expect(world.logFiles()).toEqual([]);
    await until(world, () => world.logFiles().length === 1);
    world.append(times(40));
    await until(world, () => world.delivered().length > 30);
    for (const file of world.logFiles()) expect(gunzipSync(file.body).length).toBeLessThanOrEqual(1_000);
    const waiting = 42 - world.delivered().length;
    expect(waiting).toBeGreaterThan(0);
    await until(world, () => world.delivered().length === 42);
    expect(world.delivered().sort()).toEqual(ids(0, 42).sort());
  });

  it('keep Regions and kinds apart; a single-Region trail takes only its own', async () => {
    const world = new World();
    world.start();
    const advanced = ['Management', 'NetworkActivity'].map((category) => ({
      FieldSelectors: [{ Field: 'eventCategory', Equals: [category] }],
    }));
    await world.startLogging(newTrail('all', { isMultiRegion: true, bucket: 'all', selectors: { advanced } }));
    await world.startLogging(newTrail('one', { bucket: 'one' }));
    world.append([
      {},
      { region: 'eu-west-1' },
      { region: 'ap-south-1', category: 'NetworkActivity' },
      { accountId: '210987654321' },
      { category: 'Data' },
    ]);
    await world.flush();
    expect(world.delivered('one')).toEqual(['e0']);
    const folders = world.logFiles('all').map((f) => f.key.split('/').slice(2, 4).join('/'));
    expect(folders.sort()).toEqual([
      'CloudTrail-NetworkActivity/ap-south-1',
      'CloudTrail/eu-west-1',
      'CloudTrail/us-east-1',
    ]);
    expect(world.delivered('all').sort()).toEqual(['e0', 'e1', 'e2']);
    world.verifyChains('all');
  });

  it('of Insights stand in a folder of their own, for the trails that have these on, whatever their event selectors', async () => {
    const world = new World();
    world.start();
    const insight = (insightDetails: object, header: object = {}) => ({
      category: 'Insight' as const,
      eventName: 'RunInstances',
      insightDetails,
      ...header,
    });
    const [rate, errors] = [{ insightType: 'ApiCallRateInsight' }, { insightType: 'ApiErrorRateInsight' }];
    const advanced = [{ FieldSelectors: [{ Field: 'eventCategory', Equals: ['Data'] }] }];
    await world.startLogging(newTrail('none', { bucket: 'none', isMultiRegion: true }));
    await world.startLogging(
      newTrail('one', {
        bucket: 'one',
        selectors: { advanced },
        insightSelectors: [{ insightType: 'ApiCallRateInsight', eventCategories: ['Management'] }],
      }),
    );
    const data = newTrail('all', {
      bucket: 'all',
      isMultiRegion: true,
      insightSelectors: [
        { insightType: 'ApiCallRateInsight', eventCategories: ['Management', 'Data'] },
        { insightType: 'ApiErrorRateInsight', eventCategories: ['Data'] },
      ],
    });
    const trail = await world.startLogging(data);
    world.append([
      insight(rate),
      insight(errors),
      insight(rate, { region: 'eu-west-1' }),
      insight(rate, { accountId: '210987654321' }),
      insight({ ...rate, sourceEventCategory: 'Data' }),
      insight({ ...errors, sourceEventCategory: 'Data', insightSource: data.arn }),
      insight({ ...errors, sourceEventCategory: 'Data', insightSource: newTrail('one').arn }),
      {},
    ]);
    await world.flush();
    expect(world.delivered('none')).toEqual(['e7']);
    expect(world.delivered('one')).toEqual(['e0']);
    expect(world.delivered('all').sort()).toEqual(['e0', 'e2', 'e4', 'e5', 'e7']);
    const keys = world.logFiles('all').map((f) => f.key.replace(/_[^_]{16}\.json\.gz$/, ''));
    const key = (kind: string, region: string) =>
      `AWSLogs/123456789012/${kind}/${region}/2026/01/01/123456789012_${kind}_${region}_20260101T0000Z`;
    expect(keys.sort()).toEqual(
      [key('CloudTrail', HOME), key('CloudTrail-Insight', 'eu-west-1'), key('CloudTrail-Insight', HOME)].sort(),
    );

    // What was accepted while they were on is delivered, however late; the call that turns them off makes the difference.
    world.refusing.set('all', 'AccessDenied');
    world.append([insight(rate)]);
    await world.changePeriod(trail, { insightSelectors: [] });
    world.append([insight(rate)]);
    await world.flush();
    world.refusing.clear();
    await world.flush();
    expect(world.delivered('all').sort()).toEqual(['e0', 'e2', 'e4', 'e5', 'e7', 'e8', 'e9']);
    await world.pass(HOUR);
    expect(new Set(world.verifyChains('all'))).toEqual(new Set(world.logFiles('all').map((f) => f.key)));
  });

  it('of a busy Region do not pull small files of the others with them', async () => {
    const world = new World({ logFileBytesMax: 1_000 });
    world.start();
    const trail = await world.startLogging(newTrail('main', { isMultiRegion: true }));
    world.append([{ region: 'eu-west-1' }, ...times(60)]);
    await until(world, () => world.delivered().length > 40);
    expect(world.logFiles().every((f) => f.key.includes('us-east-1'))).toBe(true);
    expect(world.delivery.lowestCursor()).toBe(0);
    await world.delivery.stop();
    world.start();
    await world.flush();
    expect(world.delivered().sort()).toEqual(ids(0, 61).sort());
    expect(world.delivery.lowestCursor()).toBe(world.events.length);
    await world.stopLogging(trail);
    await world.flush();
    expect(new Set(world.verifyChains())).toEqual(new Set(world.logFiles().map((f) => f.key)));
  });
});

describe('logging', () => {
  it('ends just behind the record of the stop, and begins where it was started', async () => {
    const world = new World();
    world.start();
    let trail = await world.startLogging(newTrail());
    world.append(times(3));
    trail = await world.stopLogging(trail, false);
    world.append(times(2)); // others' calls while the stop's own is on its way
    world.appendCall('StopLogging', trail, trail.endingCall);
    world.append(times(2));
    await world.flush();
    expect(world.delivered().sort()).toEqual(ids(0, 6));
    trail = await world.startLogging(trail);
    world.append(times(1));
    await world.flush();
    expect(world.delivered().sort()).toEqual([...ids(0, 6), 'e8']);
    await world.stopLogging(trail);
    await world.flush();
    expect(world.verifyChains()).toHaveLength(world.logFiles().length);
    expect(world.digests().filter((d) => d.digest.previousDigestS3Object === null)).toHaveLength(2);
  });

  it('ends a minute after a stop that left no record, even when nothing else happens', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail());
    world.append(times(3));
    await world.stopLogging(trail, false);
    world.clock.jump(-HOUR);
    await world.flush();
    await world.pass(1_000);
    await world.pass(58_000);
    world.append(times(1));
    await world.pass(3_000);
    await world.pass(1_000);
    world.append(times(1));
    await world.pass(1_000);
    expect(world.delivered().sort()).toEqual(ids(0, 4));
    expect(world.delivery.lowestCursor()).toBe(world.events.length);
    expect(world.verifyChains()).toHaveLength(world.logFiles().length);
  });

  it('is judged by the selectors that held at the time, however late it is read', async () => {
    const world = new World();
    world.start();
    let trail = await world.startLogging(newTrail());
    await world.flush();
    await world.delivery.stop();
    world.append(times(2));
    trail = await world.changePeriod(trail, {
      selectors: {
        advanced: [
          {
            FieldSelectors: [
              { Field: 'eventCategory', Equals: ['Data'] },
              { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
            ],
          },
        ],
      },
    });
    world.append(times(2));
    await world.changePeriod(trail, { selectors: DEFAULT_SELECTORS });
    world.append(times(2));
    world.start();
    await world.flush();
    // e2 and e5 are the changes themselves
    expect(world.delivered().sort()).toEqual(['e0', 'e1', 'e2', 'e5', 'e6', 'e7']);
    expect(world.digests()).toHaveLength(1);
  });

  it('goes by the new selectors a minute after a change that left no record', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail());
    const changed = await world.changePeriod(trail, { selectors: { advanced: [] } }, false);
    world.append(times(2)); // the change's own record may still come, so that these may stand before it
    await world.clock.advance(61_000);
    world.append(times(2));
    await world.flush();
    expect(world.delivered().sort()).toEqual(['e0', 'e1']);
    await world.stopLogging(changed, false);
    await world.clock.advance(61_000);
    await world.pass(1_000);
    expect(world.delivery.lowestCursor()).toBe(world.events.length);
    expect(world.verifyChains()).toHaveLength(1);
  });

  it('goes by the new selectors from the next start on after a change that died with its process', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail());
    const changed = await world.changePeriod(trail, { selectors: { advanced: [] } }, false);
    world.append(times(1)); // the change's own record might have stood behind it
    await world.delivery.stop();
    world.start();
    world.append(times(2));
    await world.stopLogging(changed);
    world.append(times(2));
    await world.flush();
    expect(world.delivered()).toEqual(['e0']);
    expect(world.verifyChains()).toHaveLength(1);
  });

  it('ends with a stop that died with its process, also when nothing comes after it', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail());
    await world.stopLogging(trail, false);
    world.append(times(1));
    await world.delivery.stop();
    world.start();
    await world.flush();
    await world.pass(1_000);
    expect(world.delivered()).toEqual(['e0']);
    expect(world.delivery.lowestCursor()).toBe(world.events.length);
  });

  it('holds the record of a change also when that of the stop after it came sooner', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail());
    const changed = await world.changePeriod(trail, { selectors: { advanced: [] } }, false);
    const stopped = await world.stopLogging(changed, false);
    world.appendCall('StopLogging', stopped, stopped.endingCall);
    await world.flush();
    world.appendCall('PutEventSelectors', changed, changed.earlier?.at(-1)?.endingCall);
    world.append(times(1));
    await world.flush();
    expect(world.delivered().sort()).toEqual(['e0', 'e1']);
    expect(world.verifyChains()).toHaveLength(world.logFiles().length);
    expect(world.digests().filter((d) => d.digest.previousDigestS3Object === null)).toHaveLength(1);
  });

  it('of a deleted trail is delivered with a last digest, and then forgotten', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail());
    world.append(times(3));
    await world.flush();
    world.append(times(2));
    await world.deleteTrail(trail);
    await world.flush();
    expect(world.delivered().sort()).toEqual(ids(0, 6));
    expect(world.verifyChains()).toHaveLength(world.logFiles().length);
    expect(await listRetiredTrails(world.state)).toEqual([]);
    expect(await world.leftInState()).toEqual([]);
    // A new trail of that name, within the same second, uses no key again.
    await world.startLogging(newTrail('main', { createdMs: 1 }));
    world.append(times(1));
    await world.flush();
    world.verifyChains();
    expect(world.delivered().sort()).toEqual(ids(0, 7));
  });
});

describe('a bucket that refuses', () => {
  it('is tried again with the same key and bytes, shows in the status, and holds up nobody else', async () => {
    const world = new World();
    world.start();
    const bad = await world.startLogging(newTrail('bad', { bucket: 'bad' }));
    await world.startLogging(newTrail('good'));
    world.refusing.set('bad', 'NoSuchBucket');
    world.append(times(3));
    await world.pass(1);
    world.append(times(3));
    await world.flush();
    expect(world.delivered().sort()).toEqual(ids(0, 6));
    expect(await status(world, bad.id)).toMatchObject({
      latestDeliveryError: 'NoSuchBucket',
      latestDeliveryAttemptSucceeded: false,
      latestDigestDeliveryError: 'NoSuchBucket',
    });
    expect(world.delivery.lowestCursor()).toBe(6); // all is in the spool
    await world.delivery.stop();
    world.start();
    await world.flush();
    world.refusing.clear();
    await world.clock.advance(HOUR);
    await world.flush();
    expect(world.delivered('bad').sort()).toEqual(ids(0, 6));
    const after = await status(world, bad.id);
    expect(after).toMatchObject({ latestDeliveryAttemptSucceeded: true });
    expect(after).not.toHaveProperty('latestDeliveryError');
    expect(after).not.toHaveProperty('latestDigestDeliveryError');
    world.verifyChains('bad');
  });

  it('shows no error for a timeout, and is tried at once when the trail is changed', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail('t', { logFileValidation: false }));
    world.refusing.set('logs', 'timeout');
    world.append(times(1));
    for (let i = 0; i < 8; i++) await world.pass(200_000);
    expect(await status(world, trail.id)).toEqual({
      latestDeliveryAttemptMs: expect.any(Number),
      latestDeliveryAttemptSucceeded: false,
    });
    world.refusing.clear();
    await world.save({ ...trail, kmsKeyId: 'k' });
    await until(world, () => world.delivered().length === 1);
    expect(world.logFiles()[0]?.kmsKeyId).toBe('k');
  });

  it('does not hold up a stop by never answering, and is tried again', async () => {
    const world = new World();
    world.start();
    await world.startLogging(newTrail());
    await world.flush();
    world.refusing.set('logs', 'silence');
    world.append(times(2));
    await until(world, () => world.spool.size === 1);
    const stopped = world.delivery.stop();
    await world.clock.advance(1);
    await world.clock.advance(5_000);
    await stopped;
    world.start();
    world.refusing.clear();
    await world.flush();
    world.refusing.set('logs', 'silence');
    world.append(times(2));
    await until(world, () => world.spool.size === 1);
    world.refusing.clear();
    await until(world, () => world.delivered().length === 4);
    expect(world.delivered().sort()).toEqual(ids(0, 4));
  });

  it('and is mended between two sessions has its files in a digest of the second', async () => {
    const world = new World();
    world.start();
    let trail = await world.startLogging(newTrail());
    await world.flush();
    world.refusing.set('logs', 'AccessDenied');
    world.append(times(2));
    trail = await world.stopLogging(trail);
    await world.flush();
    trail = await world.startLogging(trail);
    const chain = () => world.state.get<DigestChain>(chainKey(trail.id, { region: HOME }));
    while ((await chain())?.value.isOpen) await world.clock.advance(100);
    world.refusing.clear();
    await world.save({ ...trail, tags: [{ Key: 'tried', Value: 'at once' }] });
    await world.flush();
    await world.stopLogging(trail);
    await world.flush();
    expect(new Set(world.verifyChains())).toEqual(new Set(world.logFiles().map((f) => f.key)));
  });

  it('that a stopped session left does not keep the next from beginning in another bucket', async () => {
    const world = new World();
    world.start();
    let trail = await world.startLogging(newTrail('t', { bucket: 'bad' }));
    world.append(times(2));
    await world.flush();
    world.refusing.set('bad', 'AccessDenied');
    world.append(times(2));
    trail = await world.stopLogging(trail);
    await world.flush();
    trail = await world.startLogging(await world.changePeriod(trail, { bucket: 'logs' }));
    world.append(times(2));
    await world.flush();
    expect(world.delivered().sort()).toEqual(['e6', 'e7']);
    world.refusing.clear();
    await world.flush();
    expect(world.delivered('bad').sort()).toEqual(ids(0, 5));
    await world.stopLogging(trail);
    await world.flush();
    const files = world.digests('logs').flatMap((d) => d.digest.logFiles.map((f) => f.s3Bucket));
    expect(files).toContain('bad'); // late files are in the digest of the time when they came
  });

  it('fills no more than its part of the spool; the Log keeps the rest until it takes files again', async () => {
    const world = new World({ spoolBytesMax: 400, logFileBytesMax: 600 });
    world.start();
    await world.startLogging(newTrail('bad', { bucket: 'bad', logFileValidation: false }));
    await world.startLogging(newTrail('good', { logFileValidation: false }));
    world.refusing.set('bad', 'SlowDown');
    for (let i = 0; i < 30; i++) {
      world.append(times(10));
      await world.pass(300_000);
    }
    expect(world.delivered('logs')).toHaveLength(300);
    expect(world.delivery.lagEvents()).toBeGreaterThan(200);
    expect(world.delivery.lowestCursor()).toBe(300 - world.delivery.lagEvents());
    expect(world.spool.size).toBeLessThan(10);
    await world.delivery.stop();
    world.start();
    world.refusing.clear();
    for (let i = 0; i < 5; i++) await world.pass(1_000);
    expect(world.delivered('bad').sort()).toEqual(ids(0, 300).sort());
    expect(world.delivered('logs')).toHaveLength(300);
    expect(world.delivery.lowestCursor()).toBe(300);
  });

  it('of a deleted trail is given up after a day', async () => {
    const world = new World();
    world.start();
    const trail = await world.startLogging(newTrail());
    world.refusing.set('logs', 'NoSuchBucket');
    world.append(times(1));
    await world.flush();
    await world.deleteTrail(trail);
    for (let i = 0; i < 26; i++) await world.pass(HOUR);
    expect(await world.leftInState()).toEqual([]);
    expect(world.spool.size).toBe(0);
    expect(world.delivery.lowestCursor()).toBe(world.events.length);
  });
});

async function until(world: World, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2_000 && !condition(); i++) {
    await world.clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  expect(condition()).toBe(true);
}

const status = async (world: World, id: string) =>
  (await world.state.get<DeliveryStatus>(deliveryStatusKey(id, { region: HOME })))!.value;
