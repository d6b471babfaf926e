import { afterEach, expect, test } from 'vitest';
import type { FakeClock } from '../../base/clock.ts';
import { AwsError, Pushback } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { seededRandom } from '../../base/random.ts';
import { createMemoryMailboxes } from '../../ports/mailboxes/memory.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Events } from '../doors.ts';
import { type Notifications, objectsPort, objectsWithNotifications, storeWithNotifications } from './index.ts';
import { openNotifications } from './notifications.ts';
import { b, caller, code, type Harness, OWNER, openHarness, policy } from './testing/harness.ts';

const QUEUE = `arn:aws:sqs:us-east-1:${OWNER}:q`;
const TOPIC = `arn:aws:sns:us-east-1:${OWNER}:t`;

let opened: Harness | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function world() {
  const mailboxes = createMemoryMailboxes();
  const told: { to: string; text: string; actor: unknown }[] = [];
  const bridged: Parameters<Events['put']>[] = [];
  const refusing = new Set<string>();
  let notifications!: Notifications;
  const take = (to: string, text: string, actor: unknown) => {
    if (refusing.has(to)) throw new AwsError('AccessDenied', 'not allowed by its policy');
    told.push({ to, text, actor });
    return { messageId: 'm' };
  };
  const open = (store: ObjectStore, clock: FakeClock) => {
    notifications = openNotifications({
      store,
      mailboxes,
      clock,
      random: seededRandom('n'),
      logger: silentLogger,
      topics: { check: async () => undefined, publish: async (arn, { message }, actor) => take(arn, message, actor) },
      queues: { check: async () => undefined, send: async (arn, { body }, actor) => take(arn, body, actor) },
      events: { put: async (...put) => void bridged.push(put) },
    });
    return notifications;
  };
  const h = await openHarness(undefined, open);
  opened = h;
  const settle = async () => {
    for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    h,
    mailboxes,
    told,
    bridged,
    refusing,
    settle,
    get notifications() {
      return notifications;
    },
    /** Another process over the same store and mailboxes. */
    reopen: () => open(h.store, h.clock),
    configure: (NotificationConfiguration: object, more: object = {}) =>
      h.call('PutBucketNotificationConfiguration', b({ NotificationConfiguration, ...more })),
    /** The records told since the last time. */
    async records() {
      await settle();
      return told.splice(0).flatMap(({ text }) => JSON.parse(text).Records ?? []);
    },
  };
}

const queue = (Events: string[], more: object = {}) => ({
  QueueConfigurations: [{ Id: 'q', QueueArn: QUEUE, Events, ...more }],
});

test("a queue is told in S3's words of what its configuration names, and of nothing else", async () => {
  const w = await world();
  const FilterRules = [
    { Name: 'prefix', Value: 'AWSLogs/' },
    { Name: 'suffix', Value: '.gz' },
  ];
  await w.configure(queue(['s3:ObjectCreated:*'], { Filter: { Key: { FilterRules } } }));
  expect(JSON.parse(w.told[0]!.text)).toEqual({
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: '2026-01-01T00:00:00.000Z',
    Bucket: 'logs',
    RequestId: 'R',
  });
  expect(w.told[0]!.actor).toEqual({
    service: 's3.amazonaws.com',
    sourceArn: 'arn:aws:s3:::logs',
    sourceAccount: OWNER,
  });
  await w.h.put('AWSLogs/a b+ü.gz', 'text');
  await w.h.put('AWSLogs/a.txt', 'text');
  await w.h.put('other.gz', 'text');
  await w.h.call('DeleteObject', b({ Key: 'AWSLogs/a b+ü.gz' }));
  expect(await w.records()).toEqual([
    {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: 'us-east-1',
      eventTime: '2026-01-01T00:00:00.000Z',
      eventName: 'ObjectCreated:Put',
      userIdentity: { principalId: 'AWS:AIDAEXAMPLE' },
      requestParameters: { sourceIPAddress: '10.0.0.1' },
      responseElements: { 'x-amz-request-id': 'R' },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'q',
        bucket: { name: 'logs', ownerIdentity: { principalId: OWNER }, arn: 'arn:aws:s3:::logs' },
        object: {
          key: 'AWSLogs/a+b%2B%C3%BC.gz',
          size: 4,
          eTag: '1cb251ec0d568de6a929b520c4aed8d1',
          sequencer: expect.stringMatching(/^[0-9A-F]{16}$/),
        },
      },
    },
  ]);
  const shown = await w.h.call('GetBucketNotificationConfiguration', b());
  expect(shown).toMatchObject(queue(['s3:ObjectCreated:*']));
  expect(shown.QueueConfigurations[0].Filter.Key.FilterRules).toEqual([
    { Name: 'Prefix', Value: 'AWSLogs/' },
    { Name: 'Suffix', Value: '.gz' },
  ]);
  expect(w.mailboxes.boxes('')).toEqual([]);
});

test('events of copies, deletions, markers, tags and lists of deletions', async () => {
  const w = await world();
  await w.configure(
    queue(['s3:ObjectCreated:*', 's3:ObjectRemoved:*', 's3:ObjectTagging:*', 's3:LifecycleExpiration:*']),
  );
  w.told.length = 0;
  await w.h.put('a', '1');
  await w.h.put('a', '2');
  await w.h.call('CopyObject', b({ Key: 'b', CopySource: 'logs/a' }));
  await w.h.call('PutObjectTagging', b({ Key: 'b', Tagging: { TagSet: [{ Key: 'k', Value: 'v' }] } }));
  await w.h.call('DeleteObject', b({ Key: 'b' }));
  await w.h.call('DeleteObject', b({ Key: 'none' }));
  await w.h.call('PutBucketVersioning', b({ VersioningConfiguration: { Status: 'Enabled' } }));
  const { VersionId } = await w.h.put('c', '1');
  await w.h.call(
    'DeleteObjects',
    b({ Delete: { Objects: [{ Key: 'c' }, { Key: 'a' }], Quiet: true } }),
    caller(OWNER),
    {
      http: { method: 'POST', host: 'h', rawPath: '/', query: [], headers: { 'content-md5': 'x' } },
    },
  );
  await w.h.call('DeleteObject', b({ Key: 'c', VersionId }));
  await storeWithNotifications(w.h.store, w.notifications).delete('logs', 'a', { versionId: 'null' });
  const records = await w.records();
  const byTime = records.sort((x, y) => (x.s3.object.sequencer < y.s3.object.sequencer ? -1 : 1));
  expect(byTime.map(({ eventName, s3 }) => `${eventName} ${s3.object.key}`)).toEqual([
    'ObjectCreated:Put a',
    'ObjectCreated:Put a',
    'ObjectCreated:Copy b',
    'ObjectTagging:Put b',
    'ObjectRemoved:Delete b',
    'ObjectCreated:Put c',
    'ObjectRemoved:DeleteMarkerCreated c',
    'ObjectRemoved:DeleteMarkerCreated a',
    'ObjectRemoved:Delete c',
    'LifecycleExpiration:Delete a',
  ]);
  expect(byTime[8].s3.object.versionId).toBe(VersionId);
});

test('what trails deliver is told of; EventBridge gets its own form', async () => {
  const w = await world();
  await w.configure({ EventBridgeConfiguration: {}, ...queue(['s3:ObjectCreated:Put']) });
  w.told.length = 0;
  const trail = { service: 'cloudtrail.amazonaws.com', sourceArn: 'arn:trail', sourceAccount: OWNER };
  await w.h.call(
    'PutBucketPolicy',
    b({
      Policy: policy({
        Effect: 'Allow',
        Principal: { Service: 'cloudtrail.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: 'arn:aws:s3:::logs/*',
      }),
    }),
  );
  const objects = objectsWithNotifications(objectsPort(w.h.store, w.h.clock, w.h.keys), w.notifications);
  await objects.put(trail, {
    bucket: 'logs',
    key: 'AWSLogs/x.json.gz',
    body: Buffer.from('gz'),
    contentType: 'application/json',
  });
  await w.settle();
  expect((await w.records()).map(({ s3 }) => s3.object.key)).toEqual(['AWSLogs/x.json.gz']);
  expect(w.bridged).toMatchObject([
    [
      OWNER,
      'us-east-1',
      [
        {
          source: 'aws.s3',
          detailType: 'Object Created',
          resources: ['arn:aws:s3:::logs'],
          detail: { bucket: { name: 'logs' }, object: { key: 'AWSLogs/x.json.gz', size: 2 }, reason: 'PutObject' },
        },
      ],
    ],
  ]);
});

test('a destination that refuses is not taken; one that refuses later is tried for a day', async () => {
  const w = await world();
  w.refusing.add(QUEUE);
  const refusal = await w.configure(queue(['s3:ObjectCreated:*'])).catch((error) => error);
  expect([refusal.code, refusal.message]).toEqual([
    'InvalidArgument',
    'Unable to validate the following destination configurations',
  ]);
  expect(await w.h.call('GetBucketNotificationConfiguration', b())).toEqual({});
  await w.configure(queue(['s3:ObjectCreated:*']), { SkipDestinationValidation: true });
  await w.h.put('a', '1');
  await w.settle();
  expect(w.told).toEqual([]);
  w.refusing.clear();
  await w.h.clock.advance(10_000);
  expect(await w.records()).toHaveLength(1);
});

test('mailboxes without room stop no change; what could be noted is told once there is room', async () => {
  const w = await world();
  await w.configure(queue(['s3:ObjectCreated:*', 's3:ObjectRemoved:*']));
  w.told.length = 0;
  const { put } = w.mailboxes;
  let room = 0;
  w.mailboxes.put = async (...given) => {
    if (room-- <= 0) throw new Pushback('full');
    return put(...given);
  };
  await w.h.put('untold', '1');
  room = 1; // for the intent alone
  await w.h.call('DeleteObject', b({ Key: 'untold' }));
  expect(await w.records()).toEqual([]);
  room = 10;
  await w.h.clock.advance(5_000);
  expect((await w.records()).map(({ eventName }) => eventName)).toEqual(['ObjectRemoved:Delete']);
});

test('wherever the process ends, what is in the store is told of', async () => {
  const w = await world();
  await w.configure(queue(['s3:ObjectCreated:*', 's3:ObjectRemoved:*']));
  w.told.length = 0;
  await w.h.put('kept', '1');
  await w.records();
  await w.notifications.close();
  const teller = { principalId: 'p', accountId: OWNER, sourceIp: '', requestId: '' };
  const never = new Promise<never>(() => {});
  const crashAfter = async (event: string, key: string, write: () => Promise<unknown>) => {
    const change = { bucket: 'logs', key, event, reason: '' };
    await new Promise<void>((written) => {
      void w.notifications.telling(teller, [change], async () => {
        await write();
        written();
        return never;
      });
    });
  };
  const put = (key: string, text: string) =>
    w.h.store.put({ bucket: 'logs', key, body: Buffer.from(text), describe: () => ({ attributes: {} }) });
  await crashAfter('ObjectCreated:Put', 'new', () => put('new', '1'));
  await crashAfter('ObjectCreated:Put', 'never', async () => {});
  await w.h.clock.advance(1000);
  await crashAfter('ObjectCreated:Put', 'kept', () => put('kept', '2'));
  await crashAfter('ObjectRemoved', 'new', () => w.h.store.delete('logs', 'new'));
  expect(w.told).toEqual([]);
  w.reopen();
  const names = (await w.records()).map(({ eventName, s3 }) => `${eventName} ${s3.object.key}`);
  expect(names.sort()).toEqual(['ObjectCreated:Put kept', 'ObjectRemoved:Delete new']);
  expect(w.mailboxes.boxes('')).toEqual([]);
});

test.each([
  [{ LambdaFunctionConfigurations: [{}] }, 'NotImplemented'],
  [queue(['s3:ObjectEaten']), 'InvalidArgument'],
  [queue([]), 'MalformedXML'],
  [queue(['s3:ObjectCreated:*'], { QueueArn: 'q' }), 'InvalidArgument'],
  [queue(['s3:ObjectCreated:*'], { QueueArn: `${QUEUE}.fifo` }), 'InvalidArgument'],
  [queue(['s3:ObjectCreated:*'], { QueueArn: QUEUE.replace('us-east-1', 'eu-west-1') }), 'InvalidArgument'],
  [
    queue(['s3:ObjectCreated:*'], { Filter: { Key: { FilterRules: [{ Name: 'regex', Value: 'x' }] } } }),
    'InvalidArgument',
  ],
  [
    { ...queue(['s3:ObjectCreated:*']), TopicConfigurations: [{ TopicArn: TOPIC, Events: ['s3:ObjectCreated:Put'] }] },
    'InvalidArgument',
  ],
])('refuses %j', async (configuration, expected) => {
  const w = await world();
  expect(await code(w.configure(configuration))).toBe(expected);
  expect(w.told).toEqual([]);
});
