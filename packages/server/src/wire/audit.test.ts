import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Pushback } from '../base/errors.ts';
import { silentLogger } from '../base/logger.ts';
import { createMetrics } from '../base/metrics.ts';
import type { Call } from '../event/call.ts';
import { MemoryLog } from '../ports/log/memory.ts';
import { withPressure } from '../ports/with-pressure.ts';
import { loadSchema } from '../schema/load.ts';
import { createAuditor } from './audit.ts';

function world() {
  const clock = new FakeClock();
  const memory = new MemoryLog(clock);
  const pressure: { short?: string; scarce?: string } = {};
  const auditor = createAuditor({
    log: withPressure(memory, () => pressure.short),
    lastingLog: withPressure(memory, () => pressure.scarce),
    settings: { management: 'before-answer', data: 'before-answer' },
    metrics: createMetrics(),
    logger: silentLogger,
    after: (delayMs, fn) => clock.after(delayMs, fn),
  });
  const call: Call = {
    schema: loadSchema('cloudtrail'),
    operation: 'DescribeTrails',
    timeMs: clock.now(),
    region: 'us-east-1',
    userIdentity: { type: 'Root' },
    accountId: '123456789012',
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    requestId: 'r',
    eventId: 'e',
    http: {
      host: 'localhost',
      method: 'POST',
      query: [],
      headers: {},
      responseHeaders: {},
      bytesIn: 0,
      bytesOut: 0,
      authentication: 'AuthHeader',
    },
    notes: {},
  };
  return { memory, pressure, auditor, call };
}

test('while space is short, what changes something is refused; what reads or makes room goes on, and is recorded', async () => {
  const { memory, pressure, auditor, call } = world();
  auditor.check('cloudtrail', 'CreateTrail');
  pressure.short = 'disk full';
  expect(() => auditor.check('cloudtrail', 'CreateTrail')).toThrow(Pushback);
  auditor.check('cloudtrail', 'DescribeTrails');
  auditor.check('s3', 'DeleteObject');
  auditor.check('s3', 'AbortMultipartUpload');
  await auditor.record(call, false);
  expect(memory.end).toBe(1);
});

test('what was refused as overload leaves no record while space is short: it would use up the reserve', async () => {
  const { memory, pressure, auditor, call } = world();
  pressure.short = 'disk full';
  await expect(auditor.record(call, true)).rejects.toThrow(Pushback);
  expect(memory.end).toBe(0);
});

test('nothing is done that could not be recorded', async () => {
  const { pressure, auditor, call } = world();
  pressure.short = pressure.scarce = 'disk full';
  expect(() => auditor.check('cloudtrail', 'DescribeTrails')).toThrow(Pushback);
  await expect(auditor.record(call, false)).rejects.toThrow(Pushback);
});
