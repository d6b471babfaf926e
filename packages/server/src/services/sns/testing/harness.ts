import { createAuthorizer, denialOf } from '../../../access/authorizer.ts';
import type { PrincipalPolicySource } from '../../../access/principal-policies.ts';
import { createSealer } from '../../../access/sealed-secrets.ts';
import { unlimitedPolicies } from '../../../access/testing/unlimited.ts';
import { FakeClock } from '../../../base/clock.ts';
import { AwsError } from '../../../base/errors.ts';
import { silentLogger } from '../../../base/logger.ts';
import { seededRandom } from '../../../base/random.ts';
import type { EndpointAnswer, OutgoingRequest } from '../../../ports/http-sender.ts';
import type { MailToSend } from '../../../ports/mail-sender.ts';
import { createMemoryMailboxes } from '../../../ports/mailboxes/memory.ts';
import type { Mailboxes } from '../../../ports/mailboxes.ts';
import type { ServiceCaller } from '../../../ports/objects.ts';
import { memoryState } from '../../../ports/state/memory.ts';
import type { State } from '../../../ports/state.ts';
import { loadCatalogue } from '../../../schema/catalogue.ts';
import { type CallContext, factsOf } from '../../../wire/service.ts';
import type { Queues } from '../../doors.ts';
import type { KmsForServices } from '../../kms/for-services.ts';
import { openSns } from '../open.ts';

export const ACCOUNT = '123456789012';
export const OTHER = '210987654321';
export const HOME = 'us-east-1';
const SCHEMA = loadCatalogue().schema('sns')!;

/** A caller of an account: an IAM user, or root. */
export const user = (userName: string, accountId = ACCOUNT): CallContext['caller'] => {
  const arn = userName === 'root' ? `arn:aws:iam::${accountId}:root` : `arn:aws:iam::${accountId}:user/${userName}`;
  const identity =
    userName === 'root'
      ? { type: 'Root', principalId: accountId, arn, accountId }
      : { type: 'IAMUser', principalId: `AIDA${userName.toUpperCase().padEnd(17, 'X')}`, arn, accountId, userName };
  const principal = userName === 'root' ? { kind: 'root' as const } : { kind: 'user' as const, name: userName };
  return { anonymous: false, accountId, arn, identity, principal };
};
export const alice = user('alice');
export const nobody: CallContext['caller'] = {
  anonymous: true,
  accountId: 'anonymous',
  arn: '*',
  identity: { type: 'AWSAccount', accountId: 'ANONYMOUS_PRINCIPAL' },
  principal: { kind: 'anonymous' },
};

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
type Output = any;
type Sent = Parameters<Queues['send']>[1] & { readonly queueArn: string; readonly actor: ServiceCaller };

export interface HarnessOptions {
  readonly policies?: PrincipalPolicySource;
  /** What an earlier run left. */
  readonly state?: State;
  readonly mailboxes?: Mailboxes;
  readonly clock?: FakeClock;
  readonly kms?: Pick<KmsForServices, 'generateDataKey' | 'decrypt'>;
}

async function refusedByKms(): Promise<never> {
  throw new AwsError('AccessDeniedException', 'no');
}

/** Made once: it takes a while. */
const SIGNING_KEY = 'sns-signing-key';
let signingKey: unknown;

/** SNS with an endpoint for everything, whose answers tests decide. */
export async function harness(options: HarnessOptions = {}) {
  const { policies = unlimitedPolicies, state = memoryState(), mailboxes = createMemoryMailboxes() } = options;
  const clock = options.clock ?? new FakeClock();
  const random = seededRandom('sns');
  const posts: OutgoingRequest[] = [];
  const mails: MailToSend[] = [];
  const queued: Sent[] = [];
  const counted: string[] = [];
  const answers = {
    http: async (_request: OutgoingRequest): Promise<EndpointAnswer> => ({
      status: 200,
      headers: {},
      body: Buffer.alloc(0),
    }),
    queue: async (_sent: Sent): Promise<void> => {},
    mail: async (_mail: MailToSend): Promise<void> => {},
  };
  if (signingKey && !(await state.get(SIGNING_KEY))) await state.write([{ put: SIGNING_KEY, value: signingKey }]);
  const sns = await openSns({
    schema: SCHEMA,
    state,
    mailboxes,
    clock,
    random,
    logger: silentLogger,
    sealer: createSealer(Buffer.alloc(32, 1), random),
    rootKey: Buffer.alloc(32, 2),
    kms: options.kms ?? { generateDataKey: refusedByKms, decrypt: refusedByKms },
    endpoint: () => 'http://sns.test:4570',
    counted: (protocol, outcome) => counted.push(`${protocol} ${outcome}`),
    http: {
      async send(request) {
        posts.push(request);
        return answers.http(request);
      },
      close() {},
    },
    mail: {
      async send(mail) {
        mails.push(mail);
        await answers.mail(mail);
      },
      close() {},
    },
    queues: {
      check: async () => undefined,
      async send(queueArn, message, actor) {
        const sent = { queueArn, actor, ...message };
        await answers.queue(sent);
        queued.push(sent);
        return { messageId: `m${queued.length}` };
      },
    },
  });
  signingKey ??= (await state.get(SIGNING_KEY))!.value;
  sns.start();
  const { service } = sns;
  const authorizer = createAuthorizer({ policies });

  const context = (operation: string, caller = alice, region = HOME): CallContext => ({
    operation,
    caller,
    region,
    requestId: 'request',
    timeMs: clock.now(),
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    http: { method: 'POST', host: 'sns', rawPath: '/', query: [], headers: {} },
    notes: {},
    signal: new AbortController().signal,
  });

  /** As the pipeline calls it: authorize, permissions, then the handler. */
  async function call(operation: string, input: object = {}, caller = alice, region = HOME): Promise<Output> {
    const asked = context(operation, caller, region);
    await service.authorize?.(asked, input as Record<string, unknown>);
    const permission = service.permissions![operation];
    const requests = typeof permission === 'function' ? await permission(asked, input) : [];
    for (const one of requests) await authorizer.require(caller, factsOf(asked), one, denialOf(SCHEMA));
    const handler = service.operations[operation];
    if (!handler) throw service.notImplemented?.(operation);
    return handler(asked, input);
  }

  /** Code and message of the error that the call ends with; `ok` when it does not. */
  async function refused(operation: string, input: object = {}, caller = alice, region = HOME): Promise<string> {
    try {
      await call(operation, input, caller, region);
      return 'ok';
    } catch (error) {
      if (error instanceof AwsError) return `${error.code}: ${error.message}`;
      throw error;
    }
  }

  /** Lets what is due now be delivered. */
  const settle = async () => {
    await new Promise((fulfil) => setImmediate(fulfil));
    await sns.idle();
  };

  const newTopic = async (Name: string, Attributes: object = {}, caller = alice): Promise<string> =>
    (await call('CreateTopic', { Name, Attributes }, caller)).TopicArn;

  /** A confirmed subscription's ARN. */
  async function subscribed(TopicArn: string, Endpoint: string, Attributes: object = {}): Promise<string> {
    const Protocol = Endpoint.startsWith('arn:') ? 'sqs' : Endpoint.includes('://') ? Endpoint.split(':')[0] : 'email';
    const made = await call('Subscribe', { TopicArn, Protocol, Endpoint, Attributes, ReturnSubscriptionArn: true });
    if (Protocol === 'sqs') return made.SubscriptionArn;
    await settle();
    const text = Protocol === 'email' ? mails.pop()!.text : String(posts.pop()!.body);
    const Token = /Token=([0-9a-f-]+)/.exec(text)![1];
    await call('ConfirmSubscription', { TopicArn, Token }, nobody);
    return made.SubscriptionArn;
  }

  return {
    ...{ sns, service, state, mailboxes, clock, posts, mails, queued, counted, answers },
    ...{ context, call, refused, settle, newTopic, subscribed },
  };
}

export type Harness = Awaited<ReturnType<typeof harness>>;
export const queueArn = (name: string, accountId = ACCOUNT) => `arn:aws:sqs:${HOME}:${accountId}:${name}`;
