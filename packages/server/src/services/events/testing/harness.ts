import { createAuthorizer, denialOf } from '../../../access/authorizer.ts';
import { createSealer } from '../../../access/sealed-secrets.ts';
import { unlimitedPolicies } from '../../../access/testing/unlimited.ts';
import { FakeClock } from '../../../base/clock.ts';
import { AwsError } from '../../../base/errors.ts';
import { silentLogger } from '../../../base/logger.ts';
import { seededRandom } from '../../../base/random.ts';
import type { EndpointAnswer, OutgoingRequest } from '../../../ports/http-sender.ts';
import { createMemoryMailboxes } from '../../../ports/mailboxes/memory.ts';
import { memoryState } from '../../../ports/state/memory.ts';
import { loadCatalogue } from '../../../schema/catalogue.ts';
import { type CallContext, factsOf } from '../../../wire/service.ts';
import type { LogLine } from '../../doors.ts';
import { openEvents } from '../open.ts';

export const ACCOUNT = '123456789012';
export const OTHER = '210987654321';
export const HOME = 'us-east-1';
export const QUEUE = `arn:aws:sqs:${HOME}:${ACCOUNT}:q`;
const SCHEMA = loadCatalogue().schema('eventbridge')!;

const root = (accountId: string): CallContext['caller'] => {
  const arn = `arn:aws:iam::${accountId}:root`;
  const identity = { type: 'Root', principalId: accountId, arn, accountId };
  return { anonymous: false, accountId, arn, identity, principal: { kind: 'root' } };
};

export interface Sent {
  readonly to: string;
  readonly body: string;
  readonly parts: Readonly<Record<string, unknown>>;
  readonly actor: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
type Output = any;

/** EventBridge with doors that keep what they get. What is durable outlives `restart`. */
export async function harness() {
  const clock = new FakeClock();
  const random = seededRandom('events');
  const state = memoryState();
  const mailboxes = createMemoryMailboxes();
  const sent: Sent[] = [];
  const requests: OutgoingRequest[] = [];
  /** By ARN, the code of the error that a door answers with. */
  const log = { end: 0 };
  const refusing = new Map<string, string>();
  const endpoint = { answer: (_: OutgoingRequest): Partial<EndpointAnswer> => ({ status: 200 }) };
  const take = async (to: string, body: string, parts: object, actor?: unknown) => {
    const code = refusing.get(to);
    if (code !== undefined) throw new AwsError(code, `${to} refuses`);
    sent.push({ to, body, parts: { ...parts }, actor });
    return { messageId: 'id' };
  };
  const open = () =>
    openEvents({
      schema: SCHEMA,
      state,
      mailboxes,
      clock,
      random,
      logger: silentLogger,
      logEnd: () => log.end,
      sealer: createSealer(Buffer.alloc(32, 7), random),
      topics: {
        check: async () => undefined,
        publish: (arn: string, { message, ...parts }: { message: string }, actor: unknown) =>
          take(arn, message, parts, actor),
      },
      queues: {
        check: async () => undefined,
        send: (arn: string, { body, ...parts }: { body: string }, actor: unknown) => take(arn, body, parts, actor),
      },
      logGroups: {
        put: async (arn: string, stream: string, lines: readonly LogLine[]) => {
          for (const { message, timestampMs } of lines) await take(arn, message, { stream, timestampMs });
        },
      } as never,
      http: {
        async send(request) {
          requests.push(request);
          return { headers: {}, body: Buffer.alloc(0), status: 200, ...endpoint.answer(request) };
        },
        close() {},
      },
    });
  let bridge = await open();
  const authorizer = createAuthorizer({ policies: unlimitedPolicies });

  async function call(operation: string, input: object = {}, accountId = ACCOUNT, region = HOME): Promise<Output> {
    const context: CallContext = {
      operation,
      caller: root(accountId),
      region,
      requestId: 'request',
      timeMs: clock.now(),
      sourceIp: '192.0.2.1',
      userAgent: 'test',
      http: { method: 'POST', host: 'events', rawPath: '/', query: [], headers: {} },
      notes: {},
      signal: new AbortController().signal,
    };
    const { service } = bridge;
    await service.authorize?.(context, input as Record<string, unknown>);
    const permission = service.permissions![operation];
    const asked = typeof permission === 'function' ? await permission(context, input) : [];
    for (const one of asked) await authorizer.require(context.caller, factsOf(context), one, denialOf(SCHEMA));
    const handler = service.operations[operation];
    if (!handler) throw service.notImplemented?.(operation);
    return handler(context, input);
  }

  return {
    clock,
    state,
    mailboxes,
    sent,
    requests,
    refusing,
    endpoint,
    call,
    set logEnd(end: number) {
      log.end = end;
    },
    get bridge() {
      return bridge;
    },
    /** The code of the error that the call ends with; `ok` when it does not. */
    async codeOf(operation: string, input: object = {}, accountId = ACCOUNT, region = HOME): Promise<string> {
      try {
        await call(operation, input, accountId, region);
        return 'ok';
      } catch (error) {
        if (error instanceof AwsError) return error.code;
        throw error;
      }
    },
    /** A rule with one target. */
    async rule(name: string, pattern: object, target: object, bus?: string): Promise<void> {
      const at = bus === undefined ? {} : { EventBusName: bus };
      await call('PutRule', { Name: name, EventPattern: JSON.stringify(pattern), ...at });
      await call('PutTargets', { Rule: name, Targets: [{ Id: 't', ...target }], ...at });
    },
    async put(detail: object, more: object = {}): Promise<Output> {
      const entry = { Source: 'app', DetailType: 'thing', Detail: JSON.stringify(detail), ...more };
      return call('PutEvents', { Entries: [entry] });
    },
    /** Lets what is under way settle. */
    async settle(): Promise<void> {
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    },
    async restart(): Promise<void> {
      await bridge.close();
      bridge = await open();
    },
  };
}
