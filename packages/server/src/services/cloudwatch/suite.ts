import { FakeClock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { seededRandom } from '../../base/random.ts';
import { createMemoryMetrics } from '../../ports/metrics/memory.ts';
import { memoryState } from '../../ports/state/memory.ts';
import { loadCatalogue } from '../../schema/catalogue.ts';
import type { CallContext } from '../../wire/service.ts';
import type { EventToPut, MetricCause } from '../doors.ts';
import { openCloudWatch } from './open.ts';

export const ACCOUNT = '123456789012';
export const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:alerts`;

export interface Published {
  readonly topic: string;
  readonly subject: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: messages of alarms
  readonly message: any;
  readonly sourceArn: string;
}

/** CloudWatch over memory and a clock of its own, with a topic that takes what it is given or fails as it is told. */
export async function startCloudWatch() {
  const clock = new FakeClock(Date.UTC(2026, 10, 21, 14, 0));
  const state = memoryState();
  const store = createMemoryMetrics();
  const published: Published[] = [];
  const told: EventToPut[] = [];
  const topic: { fails?: Error } = {};
  const open = () =>
    openCloudWatch({
      schema: loadCatalogue().schema('cloudwatch')!,
      state,
      store,
      clock,
      random: seededRandom('cloudwatch'),
      logger: silentLogger,
      topics: {
        check: async () => undefined,
        async publish(arn, { message, subject }, actor) {
          if (topic.fails) throw topic.fails;
          published.push({ topic: arn, subject, message: JSON.parse(message), sourceArn: actor.sourceArn });
          return { messageId: 'm' };
        },
      },
      events: {
        async put(_account, _region, events) {
          told.push(...events);
        },
      },
    });
  let cloudWatch = open();
  cloudWatch.start();
  return {
    clock,
    state,
    store,
    topic,
    published,
    told,
    /** As after a restart: what is in State and in the store stays. */
    async restart() {
      await cloudWatch.close();
      cloudWatch = open();
      cloudWatch.start();
    },
    // biome-ignore lint/suspicious/noExplicitAny: any operation's output
    call: (operation: string, input: object): Promise<any> =>
      cloudWatch.service.operations[operation]!(
        {
          operation,
          region: 'us-east-1',
          caller: { accountId: ACCOUNT },
          timeMs: clock.now(),
        } as unknown as CallContext,
        input,
      ),
    /** As a metric filter does. */
    count: (name: string, atMs = clock.now(), causes: readonly MetricCause[] = []) =>
      cloudWatch.metrics.put(ACCOUNT, 'us-east-1', 'CIS', [
        {
          name,
          dimensions: [],
          timestampMs: atMs,
          unit: 'None',
          value: { sum: 1, count: 1, min: 1, max: 1 },
          causes,
        },
      ]),
    async minutes(count: number) {
      for (let i = 0; i < count; i++) {
        await clock.advance(60_000);
        await cloudWatch.tick();
        for (let turn = 0; turn < 20; turn++) await new Promise((resume) => setImmediate(resume));
      }
    },
    close: () => cloudWatch.close(),
  };
}

export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
  return 'none';
}
