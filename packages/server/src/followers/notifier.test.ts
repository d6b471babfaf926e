import { expect, it } from 'vitest';
import { type NotificationStatus, notificationStatusKey } from '../trails/tellings.ts';
import { HOME, newTrail, World } from './testing/world.ts';

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:told';
const HOUR_MS = 3_600_000;

const keysOf = (world: World) => world.logFiles().map(({ key }) => key);

async function statusOf(world: World, trailId: string): Promise<NotificationStatus | undefined> {
  return (await world.state.get<NotificationStatus>(notificationStatusKey(trailId, { region: HOME })))?.value;
}

it('a topic that refuses holds back no delivery, is tried again, and hears all once it takes them', async () => {
  const world = new World();
  world.start();
  world.topicsRefuse = 'AuthorizationError';
  const trail = await world.startLogging(newTrail('main', { snsTopicArn: TOPIC }));
  world.append([{}, {}]);
  await world.flush();
  expect(world.delivered().length).toBeGreaterThan(0);
  expect(await statusOf(world, trail.id)).toMatchObject({ topicArn: TOPIC, error: 'AuthorizationError' });
  world.topicsRefuse = undefined;
  world.append([{}]);
  await world.flush();
  expect(world.told.sort()).toEqual(keysOf(world).sort());
  const status = await statusOf(world, trail.id);
  expect(status?.latestMs).toBe(status?.latestAttemptMs);
  expect(status).not.toHaveProperty('error');
  await world.delivery.stop();
});

it('what is refused for an hour is given up', async () => {
  const world = new World();
  world.start();
  world.topicsRefuse = 'NotFound';
  await world.startLogging(newTrail('main', { snsTopicArn: TOPIC }));
  world.append([{}]);
  await world.flush();
  await world.clock.advance(HOUR_MS);
  await world.flush();
  expect(await world.state.list('delivery-notice/')).toEqual([]);
  world.topicsRefuse = undefined;
  await world.flush();
  expect(world.told).toEqual([]);
  await world.delivery.stop();
});

it('notices of a topic that was taken away are dropped, and those of a deleted trail still told', async () => {
  const world = new World();
  world.start();
  world.topicsRefuse = 'NotFound';
  const trail = await world.startLogging(newTrail('main', { snsTopicArn: TOPIC }));
  world.append([{}]);
  await world.flush();
  const { snsTopicArn, ...without } = trail;
  await world.save(without);
  await world.flush();
  expect(await world.state.list('delivery-notice/')).toEqual([]);
  world.topicsRefuse = undefined;
  await world.save(trail);
  world.append([{}]);
  await world.deleteTrail(trail);
  await world.flush();
  expect(world.told).toEqual(keysOf(world).slice(-world.told.length));
  expect(world.told.length).toBeGreaterThan(0);
  await world.delivery.stop();
});
