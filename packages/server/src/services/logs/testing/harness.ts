import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthorizer, denialOf } from '../../../access/authorizer.ts';
import { unlimitedPolicies } from '../../../access/testing/unlimited.ts';
import { FakeClock } from '../../../base/clock.ts';
import { AwsError } from '../../../base/errors.ts';
import { silentLogger } from '../../../base/logger.ts';
import { seededRandom } from '../../../base/random.ts';
import type { EndpointAnswer, OutgoingRequest } from '../../../ports/http-sender.ts';
import { openLogGroups } from '../../../ports/log-groups/embedded-log-groups.ts';
import { createMemoryMailboxes } from '../../../ports/mailboxes/memory.ts';
import { memoryState } from '../../../ports/state/memory.ts';
import { loadCatalogue } from '../../../schema/catalogue.ts';
import { type CallContext, factsOf } from '../../../wire/service.ts';
import type { MetricDatum, PutOnce } from '../../doors.ts';
import { openLogs } from '../open.ts';

export const ACCOUNT = '123456789012';
export const HOME = 'us-east-1';
const SCHEMA = loadCatalogue().schema('cloudwatch-logs')!;

export const caller = (accountId = ACCOUNT): CallContext['caller'] => {
  const arn = `arn:aws:iam::${accountId}:user/alice`;
  const identity = { type: 'IAMUser', principalId: 'AIDAALICE', arn, accountId, userName: 'alice' };
  return { anonymous: false, accountId, arn, identity, principal: { kind: 'user', name: 'alice' } };
};

export interface PutMetrics {
  readonly namespace: string;
  readonly data: readonly MetricDatum[];
  readonly once?: PutOnce;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
type Output = any;

/** CloudWatch Logs over files in a folder of its own, with doors that note what goes through them. */
export async function harness() {
  const directory = await mkdtemp(join(tmpdir(), 'logs-'));
  const clock = new FakeClock();
  const random = seededRandom('logs');
  const state = memoryState();
  const mailboxes = createMemoryMailboxes();
  const authorizer = createAuthorizer({ policies: unlimitedPolicies });
  const metrics: PutMetrics[] = [];
  const sent: { readonly queue: string; readonly body: string }[] = [];
  const posted: OutgoingRequest[] = [];
  /** What doors do next: tests replace them to fail. */
  const doors = {
    metrics: async (_put: PutMetrics): Promise<void> => {},
    queue: async (_queue: string): Promise<void> => {},
    http: async (_request: OutgoingRequest): Promise<Pick<EndpointAnswer, 'status'>> => ({ status: 200 }),
  };
  const open = async () => {
    const store = await openLogGroups({ directory, logger: silentLogger, random });
    const logs = await openLogs({
      ...{ schema: SCHEMA, state, store, mailboxes, clock, random, authorizer, logger: silentLogger },
      http: {
        async send(request) {
          posted.push(request);
          return { headers: {}, body: Buffer.alloc(0), ...(await doors.http(request)) };
        },
        close() {},
      },
      queues: {
        check: async () => undefined,
        async send(queue, { body }) {
          await doors.queue(queue);
          sent.push({ queue, body });
          return { messageId: 'm' };
        },
      },
      metrics: {
        async put(_account, _region, namespace, data, once) {
          const put = { namespace, data, ...(once && { once }) };
          await doors.metrics(put);
          metrics.push(put);
        },
      },
    });
    return { store, logs };
  };
  let { store, logs } = await open();

  const context = (operation: string, accountId = ACCOUNT, region = HOME, signal?: AbortSignal): CallContext => ({
    operation,
    caller: caller(accountId),
    region,
    requestId: 'request',
    timeMs: clock.now(),
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    http: { method: 'POST', host: 'logs', rawPath: '/', query: [], headers: {} },
    notes: {},
    signal: signal ?? new AbortController().signal,
  });

  /** As the pipeline calls it. */
  async function call(operation: string, input: object = {}, accountId = ACCOUNT, region = HOME): Promise<Output> {
    const asked = context(operation, accountId, region);
    const { service } = logs;
    await service.authorize?.(asked, input as Record<string, unknown>);
    const permission = service.permissions![operation];
    const requests = typeof permission === 'function' ? await permission(asked, input) : [];
    for (const one of requests) await authorizer.require(asked.caller, factsOf(asked), one, denialOf(SCHEMA));
    const handler = service.operations[operation];
    if (!handler) throw service.notImplemented?.(operation);
    return handler(asked, input);
  }

  /** The code of the error that the call ends with; `ok` when it does not. */
  async function codeOf(operation: string, input: object = {}, accountId = ACCOUNT): Promise<string> {
    try {
      await call(operation, input, accountId);
      return 'ok';
    } catch (error) {
      if (error instanceof AwsError) return error.code;
      throw error;
    }
  }

  return {
    ...{ clock, state, mailboxes, metrics, sent, posted, doors, context, call, codeOf },
    get logs() {
      return logs;
    },
    get store() {
      return store;
    },
    /** A group `g` with a stream `s`. */
    async group(name = 'g', stream = 's') {
      await call('CreateLogGroup', { logGroupName: name });
      await call('CreateLogStream', { logGroupName: name, logStreamName: stream });
    },
    /** Events now, in stream `s` of group `g`. */
    put: (...messages: readonly string[]): Promise<Output> =>
      call('PutLogEvents', {
        ...{ logGroupName: 'g', logStreamName: 's' },
        logEvents: messages.map((message) => ({ timestamp: clock.now(), message })),
      }),
    async restart() {
      await logs.close();
      await store.close();
      ({ store, logs } = await open());
    },
    async end() {
      await logs.close();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export type Harness = Awaited<ReturnType<typeof harness>>;

/** Until it holds: for what followers do behind the calls. A minute at least: what they write is slow on a busy machine. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 30_000; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`never: ${what}`);
}
