import { createAuthorizer, denialOf } from '../../../access/authorizer.ts';
import type { PrincipalPolicySource } from '../../../access/principal-policies.ts';
import { unlimitedPolicies } from '../../../access/testing/unlimited.ts';
import { FakeClock } from '../../../base/clock.ts';
import { AwsError } from '../../../base/errors.ts';
import { silentLogger } from '../../../base/logger.ts';
import { seededRandom } from '../../../base/random.ts';
import { createMemoryMailboxes } from '../../../ports/mailboxes/memory.ts';
import { memoryState } from '../../../ports/state/memory.ts';
import { loadCatalogue } from '../../../schema/catalogue.ts';
import { type CallContext, factsOf } from '../../../wire/service.ts';
import { openSqs } from '../open.ts';

export const ACCOUNT = '123456789012';
export const OTHER = '210987654321';
export const HOME = 'us-east-1';
const SCHEMA = loadCatalogue().schema('sqs')!;

export const user = (userName: string, accountId = ACCOUNT): CallContext['caller'] => {
  const arn = `arn:aws:iam::${accountId}:user/${userName}`;
  const principalId = `AIDA${userName.toUpperCase().padEnd(17, 'X')}`;
  return {
    anonymous: false,
    accountId,
    arn,
    identity: { type: 'IAMUser', principalId, arn, accountId, userName },
    principal: { kind: 'user', name: userName },
  };
};
export const alice = user('alice');

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
type Output = any;

/** A KMS of one key, that whoever is named in `refused` may not use. Data keys are wrapped by turning them around. */
export function fakeKms() {
  const kms = {
    refused: new Set<string>(),
    asked: [] as { readonly operation: string; readonly who: string; readonly request: Output }[],
    async generateDataKey(request: Output) {
      ask('GenerateDataKey', request);
      const plaintext = Buffer.alloc(32, kms.asked.length);
      return { keyArn: 'key', plaintext, ciphertext: wrap(plaintext, request.encryptionContext) };
    },
    async decrypt(request: Output) {
      ask('Decrypt', request);
      const plaintext = Buffer.from(request.ciphertext.subarray(0, 32)).reverse();
      if (!wrap(plaintext, request.encryptionContext).equals(request.ciphertext))
        throw new AwsError('InvalidCiphertextException', 'not mine');
      return { keyArn: 'key', plaintext };
    },
  };
  const wrap = (key: Buffer, context: object) =>
    Buffer.concat([Buffer.from(key).reverse(), Buffer.from(JSON.stringify(context))]);
  const ask = (operation: string, request: Output) => {
    const who = request.onBehalfOf?.caller.identity.userName ?? request.service;
    kms.asked.push({ operation, who, request });
    if (kms.refused.has(who)) throw new AwsError('AccessDeniedException', `${who} may not`);
  };
  return kms;
}

/** SQS over memory; `restart` opens it again on what is durable, as after a crash. */
export async function harness(policies: PrincipalPolicySource = unlimitedPolicies) {
  const clock = new FakeClock();
  const state = memoryState();
  const mailboxes = createMemoryMailboxes();
  const authorizer = createAuthorizer({ policies });
  const deps = {
    schema: SCHEMA,
    state,
    mailboxes,
    clock,
    random: seededRandom('sqs'),
    logger: silentLogger,
    organizations: { placeOf: async () => undefined },
    key: Buffer.alloc(32, 7),
    kms: fakeKms(),
  };
  let sqs = await openSqs(deps);

  const context = (operation: string, caller = alice, signal = new AbortController().signal): CallContext => ({
    operation,
    caller,
    region: HOME,
    requestId: 'request',
    timeMs: clock.now(),
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    http: { method: 'POST', host: 'localhost:4570', rawPath: '/', query: [], headers: {} },
    notes: {},
    signal,
  });

  /** As the pipeline calls it: permissions, then the handler. */
  async function call(operation: string, input: object = {}, caller = alice, signal?: AbortSignal): Promise<Output> {
    const asked = context(operation, caller, signal);
    const permission = sqs.service.permissions![operation];
    const requests = typeof permission === 'function' ? await permission(asked, input) : [];
    for (const one of requests) await authorizer.require(asked.caller, factsOf(asked), one, denialOf(SCHEMA));
    return sqs.service.operations[operation]!(asked, input);
  }

  async function codeOf(operation: string, input: object = {}, caller = alice): Promise<string> {
    try {
      await call(operation, input, caller);
      return 'ok';
    } catch (error) {
      if (error instanceof AwsError) return error.code;
      throw error;
    }
  }

  return {
    ...deps,
    call,
    codeOf,
    get queues() {
      return sqs.queues;
    },
    get service() {
      return sqs.service;
    },
    async restart() {
      await sqs.close();
      sqs = await openSqs(deps);
    },
    /** A new queue's URL. */
    create: async (QueueName: string, Attributes: object = {}): Promise<string> =>
      (await call('CreateQueue', { QueueName, Attributes })).QueueUrl,
    send: (QueueUrl: string, MessageBody: string, more: object = {}) =>
      call('SendMessage', { QueueUrl, MessageBody, ...more }),
    /** Bodies of what is received. */
    receive: async (QueueUrl: string, more: object = {}): Promise<string[]> =>
      ((await call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, ...more })).Messages ?? []).map(
        ({ Body }: { Body: string }) => Body,
      ),
    /** Messages, as they are received. */
    take: async (QueueUrl: string, more: object = {}): Promise<Output[]> =>
      (await call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, ...more })).Messages ?? [],
    /** Ready, in flight, delayed. */
    counts: async (QueueUrl: string): Promise<number[]> => {
      const { Attributes } = await call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
      return ['', 'NotVisible', 'Delayed'].map((kind) => Number(Attributes[`ApproximateNumberOfMessages${kind}`]));
    },
  };
}
