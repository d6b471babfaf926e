import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createAuthorizer } from '../../../access/authorizer.ts';
import type { PrincipalPolicySource } from '../../../access/principal-policies.ts';
import { unlimitedPolicies } from '../../../access/testing/unlimited.ts';
import { FakeClock } from '../../../base/clock.ts';
import { AwsError, assert } from '../../../base/errors.ts';
import { silentLogger } from '../../../base/logger.ts';
import { seededRandom } from '../../../base/random.ts';
import type { ObjectStore } from '../../../ports/object-store.ts';
import { openObjectStore } from '../../../ports/objects/store.ts';
import type { ServiceSchema } from '../../../schema/types.ts';
import type { CallContext, Caller } from '../../../wire/service.ts';
import type { ServiceDataKeyRequest, ServiceDecryptRequest } from '../../kms/for-services.ts';
import { createObjectKeys, type Notifications, s3Service } from '../index.ts';

export type Input = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: answers of many operations
export type Output = any;

export const OWNER = '111111111111';
export const OTHER = '222222222222';
export const ANONYMOUS: Caller = {
  anonymous: true,
  accountId: 'anonymous',
  arn: '*',
  identity: { type: 'AWSAccount' },
  principal: { kind: 'anonymous' },
};

export const caller = (accountId: string, type = 'IAMUser'): Caller => ({
  anonymous: false,
  accountId,
  arn: type === 'Root' ? `arn:aws:iam::${accountId}:root` : `arn:aws:iam::${accountId}:user/alice`,
  identity: { type, principalId: 'AIDAEXAMPLE', accountId },
  principal: type === 'Root' ? { kind: 'root' } : { kind: 'user', name: 'alice' },
});

/** Input about the bucket `logs`, which the harness makes. */
export const b = (input: Input = {}): Input => ({ Bucket: 'logs', ...input });

export const headers = (h: Record<string, string>): Partial<CallContext> => ({
  http: { method: 'POST', host: 'h', rawPath: '/', query: [], headers: h },
});

export const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });

export async function textOf(output: Output): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of Buffer.isBuffer(output.Body) ? [output.Body] : output.Body) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** The error of a call that must fail. */
export async function refused(outcome: Promise<unknown>): Promise<AwsError> {
  const error = await outcome.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof AwsError)) throw error ?? new Error('the call should have failed');
  return error;
}

export const code = async (outcome: Promise<unknown>) => (await refused(outcome)).code;

/** One key that wraps by remembering; `refusal` is what it says instead, by KMS's names. */
function fakeKms() {
  const known = new Map<string, { readonly plaintext: Buffer; readonly context: string }>();
  const random = seededRandom('kms');
  const keyArn = `arn:aws:kms:us-east-1:${OWNER}:key/1`;
  const contextOf = (context: object) => JSON.stringify(Object.entries(context).sort());
  const kms = {
    refusal: undefined as string | undefined,
    async generateDataKey({ encryptionContext }: ServiceDataKeyRequest) {
      if (kms.refusal) throw new AwsError(kms.refusal, 'refused');
      const [plaintext, ciphertext] = [random.bytes(32), random.bytes(32)];
      known.set(ciphertext.toString('hex'), { plaintext, context: contextOf(encryptionContext) });
      return { keyArn, plaintext, ciphertext };
    },
    async decrypt({ ciphertext, encryptionContext }: ServiceDecryptRequest) {
      if (kms.refusal) throw new AwsError(kms.refusal, 'refused');
      const found = known.get(ciphertext.toString('hex'));
      if (found?.context !== contextOf(encryptionContext)) throw new AwsError('InvalidCiphertextException', 'null');
      return { keyArn, plaintext: found.plaintext };
    },
  };
  return kms;
}

export type Harness = Awaited<ReturnType<typeof openHarness>>;

/** The service over a store in a new directory, called as the pipeline calls it; with a bucket `logs` of OWNER's. */
export async function openHarness(
  policies: PrincipalPolicySource = unlimitedPolicies,
  notify?: (store: ObjectStore, clock: FakeClock) => Notifications,
) {
  const directory = await mkdtemp(join(tmpdir(), 'opentrail-s3-'));
  const clock = new FakeClock();
  const store = await openObjectStore({ directory, clock, random: seededRandom('s3'), logger: silentLogger });
  const authorizer = createAuthorizer({ policies });
  const schema = { id: 's3' } as ServiceSchema;
  const kms = fakeKms();
  const keys = createObjectKeys({ rootKey: Buffer.alloc(32, 7), kms, random: seededRandom('keys'), encryptsAll: true });
  const notifications = notify?.(store, clock);
  const service = s3Service({
    schema,
    store,
    clock,
    random: seededRandom('x'),
    keys,
    authorizer,
    ...(notifications && { notifications }),
  });
  const { authorize } = service;
  assert(authorize, 'S3 decides who may do what');
  const notes: { last: CallContext['notes'] } = { last: {} };

  async function call(operation: string, input: Input = {}, as = caller(OWNER), more: Partial<CallContext> = {}) {
    const context: CallContext = {
      operation,
      caller: as,
      region: 'us-east-1',
      requestId: 'R',
      timeMs: clock.now(),
      sourceIp: '10.0.0.1',
      userAgent: 'test',
      http: { method: 'GET', host: 'localhost:8080', rawPath: '/', query: [], headers: {} },
      notes: {},
      signal: new AbortController().signal,
      ...more,
    };
    notes.last = context.notes;
    await authorize!(context, input);
    const handler = service.operations[operation];
    if (!handler) throw service.notImplemented!(operation);
    return handler(context, input) as Promise<Output>;
  }
  await call('CreateBucket', b());
  return {
    store,
    keys,
    kms,
    directory,
    clock,
    call,
    notes,
    put: (Key: string, text: string, more: Input = {}, as?: Caller) =>
      call('PutObject', b({ Key, Body: Readable.from([Buffer.from(text)], { objectMode: false }), ...more }), as),
    get: async (Key: string, more: Input = {}, as?: Caller) => textOf(await call('GetObject', b({ Key, ...more }), as)),
    async close() {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
