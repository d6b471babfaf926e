import type { NewEvent } from '../../event/event.ts';

/** An event for tests and benches: made of its number alone, and `jsonBytes` long (or a little more). */
export function sampleEvent(n: number, jsonBytes = 200): NewEvent {
  const eventId = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const timeMs = 1_767_225_600_000 + n;
  const head = `{"eventID":"${eventId}","padding":"`;
  return {
    header: {
      timeMs,
      accountId: '123456789012',
      region: 'us-east-1',
      category: 'Management',
      readOnly: n % 2 === 0,
      eventId,
      eventName: 'DescribeInstances',
      eventSource: 'ec2.amazonaws.com',
      username: `user-${n % 100}`,
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      resources: n % 3 === 0 ? [['AWS::EC2::Instance', `i-${n}`]] : [],
    },
    json: Buffer.from(`${head}${'x'.repeat(Math.max(0, jsonBytes - head.length - 2))}"}`),
  };
}
