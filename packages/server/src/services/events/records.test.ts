import { describe, expect, test } from 'vitest';
import type { TrailEvent } from './open.ts';
import { ACCOUNT, HOME, harness, QUEUE } from './testing/harness.ts';

const TOPIC = `arn:aws:sns:${HOME}:${ACCOUNT}:t`;
const bus = (name: string) => `arn:aws:events:${HOME}:${ACCOUNT}:event-bus/${name}`;

describe('records of CloudTrail', () => {
  const record = (sequence: number, more: Partial<TrailEvent> = {}): TrailEvent => ({
    accountId: ACCOUNT,
    region: HOME,
    source: 'aws.ec2',
    eventSource: 'ec2.amazonaws.com',
    eventName: 'RunInstances',
    isRead: false,
    timeMs: Date.UTC(2026, 0, 1),
    eventId: `e${sequence}`,
    sequence,
    detail: () => ({
      detailType: 'AWS API Call via CloudTrail',
      json: `{"eventName":"RunInstances","n":${sequence},"eventSource":"ec2.amazonaws.com"}`,
    }),
    ...more,
  });

  test('put again after a crash, they are in the mailbox once, under the same id, in an archive too', async () => {
    const h = await harness();
    await h.rule('one', { source: ['aws.ec2'], detail: { eventName: ['RunInstances'] } }, { Arn: QUEUE });
    await h.call('CreateArchive', { ArchiveName: 'a', EventSourceArn: bus('default') });
    h.refusing.set(QUEUE, 'ServiceUnavailable');
    const { trailEvents } = h.bridge;
    await trailEvents.put([1, 2, 3].map((sequence) => record(sequence)));
    await h.settle();
    await h.restart();
    await h.bridge.trailEvents.put([1, 2, 3, 4].map((sequence) => record(sequence)));
    h.refusing.clear();
    await h.clock.advance(60_000);
    await h.settle();
    expect(h.sent.map(({ body }) => JSON.parse(body).detail.n).sort()).toEqual([1, 2, 3, 4]);
    expect(await h.call('DescribeArchive', { ArchiveName: 'a' })).toMatchObject({ EventCount: 4 });
    const [first] = h.sent;
    expect(JSON.parse(first!.body)).toMatchObject({
      source: 'aws.ec2',
      'detail-type': 'AWS API Call via CloudTrail',
      time: '2026-01-01T00:00:00Z',
      resources: [],
    });
  });

  test('are wanted only where a rule could match, and read ones only by rules for all of them', async () => {
    const h = await harness();
    expect(h.bridge.trailEvents.active()).toBe(false);
    await h.rule('one', { detail: { eventName: ['RunInstances'], eventSource: [{ prefix: 'ec2' }] } }, { Arn: QUEUE });
    const wants = (more: Partial<TrailEvent> = {}) => h.bridge.trailEvents.wants(record(1, more));
    expect(h.bridge.trailEvents.active()).toBe(true);
    expect([
      wants(),
      wants({ eventName: 'StopInstances' }),
      wants({ region: 'eu-west-1' }),
      wants({ isRead: true }),
    ]).toEqual([true, false, false, false]);
    await h.call('PutRule', {
      Name: 'all',
      State: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      EventPattern: '{"source":["aws.ec2"]}',
    });
    await h.call('PutTargets', { Rule: 'all', Targets: [{ Id: 't', Arn: TOPIC }] });
    expect([wants({ isRead: true }), wants({ isRead: true, source: 'aws.kms' })]).toEqual([true, false]);
    await h.bridge.trailEvents.put([record(1, { isRead: true })]);
    await h.settle();
    expect(h.sent.map(({ to }) => to)).toEqual([TOPIC]);
  });

  test('are not told to rules that were made after them', async () => {
    const h = await harness();
    h.logEnd = 10;
    await h.rule('one', { source: ['aws.ec2'] }, { Arn: QUEUE });
    await h.bridge.trailEvents.put([record(9), record(10)]);
    await h.settle();
    expect(h.sent).toHaveLength(1);
    await h.call('DisableRule', { Name: 'one' });
    h.logEnd = 20;
    await h.call('EnableRule', { Name: 'one' });
    await h.bridge.trailEvents.put([record(19), record(20)]);
    await h.settle();
    expect(h.sent).toHaveLength(2);
  });
});
