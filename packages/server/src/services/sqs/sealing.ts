import { createHash } from 'node:crypto';
import { openBytes, sealBytes } from '../../access/sealed-secrets.ts';
import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { ServiceCaller } from '../../ports/objects.ts';
import type { CallContext } from '../../wire/service.ts';
import type { KmsForServices, ServiceAsking } from '../kms/for-services.ts';
import { settingsOf } from './attributes.ts';
import { type Queue, queueArn } from './model.ts';

/** Who sends or receives, and so whose rights to the queue's key count. */
export type Asking = { readonly call: CallContext } | { readonly actor: ServiceCaller };

/** What of a message's meta tells how its body is sealed. It goes along wherever the message is moved. */
export interface SealMark {
  /** `s`: with the server's key. `k`: with a data key of KMS, which stands before it, wrapped. Absent: in clear. */
  readonly e?: 's' | 'k';
  /** What the seal is bound to: the id under which the message was sent first. */
  readonly i?: string;
  /** ARN of the queue for which KMS wrapped the data key: its encryption context. */
  readonly q?: string;
}

/** Encryption of bodies at rest, as the queue asks for it. */
export interface Sealing {
  /** How to seal messages of this queue. @throws AwsError KmsAccessDenied, KmsDisabled … */
  sealerFor(
    queue: Queue,
    asking: Asking,
  ): Promise<(body: Buffer, messageId: string) => { readonly body: Buffer; readonly mark: SealMark }>;
  /** @throws AwsError KmsAccessDenied …; Error when it is not what was sealed */
  open(queue: Queue, asking: Asking, mark: SealMark, body: Buffer): Promise<Buffer>;
}

export interface SealingDeps {
  /** 32 bytes, for this use alone. */
  readonly key: Buffer;
  readonly kms: Pick<KmsForServices, 'generateDataKey' | 'decrypt'>;
  readonly clock: Clock;
  readonly random: Random;
}

interface DataKey {
  readonly plaintext: Buffer;
  readonly ciphertext: Buffer;
}

/** Data keys in use at a time, of senders and of receivers; each has some hundred bytes. */
const KEYS_MAX = 1_000;
const LENGTH_BYTES = 2;

/** KMS's refusals in SQS's names. */
const CODES: Readonly<Record<string, string>> = {
  AccessDeniedException: 'KmsAccessDenied',
  DisabledException: 'KmsDisabled',
  InvalidKeyUsageException: 'KmsInvalidKeyUsage',
  KMSInvalidStateException: 'KmsInvalidState',
  NotFoundException: 'KmsNotFound',
  ThrottlingException: 'KmsThrottled',
};

/**
 * A data key of KMS is used again, by who got it, for as long as the queue says (`KmsDataKeyReusePeriodSeconds`); then
 * KMS, and so the key's policy, is asked anew.
 */
export function createSealing({ key, kms, clock, random }: SealingDeps): Sealing {
  const known = new Map<string, { readonly dataKey: Promise<DataKey>; readonly untilMs: number }>();

  /** Those who ask at once ask KMS once. */
  async function reused(name: string, forMs: number, get: () => Promise<DataKey>): Promise<DataKey> {
    let found = known.get(name);
    if (!found || found.untilMs <= clock.monotonicMs()) {
      known.delete(name);
      if (known.size >= KEYS_MAX) known.delete(known.keys().next().value!);
      found = { dataKey: get(), untilMs: clock.monotonicMs() + forMs };
      known.set(name, found);
    }
    try {
      return await found.dataKey;
    } catch (error) {
      if (known.get(name) === found) known.delete(name);
      if (!(error instanceof AwsError)) throw error;
      throw new AwsError(CODES[error.code] ?? 'KmsInvalidState', error.message, { cause: error });
    }
  }

  return {
    async sealerFor(queue, asking) {
      const { kmsKeyId, encrypted, keyReuseMs } = settingsOf(queue);
      if (kmsKeyId === undefined) {
        if (!encrypted) return (body) => ({ body, mark: {} });
        return (body, id) => ({ body: sealBytes(key, id, body, random), mark: { e: 's', i: id } });
      }
      const arn = queueArn(queue);
      const { plaintext, ciphertext } = await reused(`${arn} ${kmsKeyId} ${nameOf(asking)}`, keyReuseMs, () =>
        kms.generateDataKey({
          ...askingOf(queue, asking),
          keyId: keyArn(queue, kmsKeyId),
          encryptionContext: { 'aws:sqs:arn': arn },
        }),
      );
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt16LE(ciphertext.length);
      return (body, id) => ({
        body: Buffer.concat([length, ciphertext, sealBytes(plaintext, id, body, random)]),
        mark: { e: 'k', i: id, q: arn },
      });
    },

    async open(queue, asking, { e, i = '', q = '' }, body) {
      if (e === undefined) return body;
      if (e === 's') return opened(key, i, body);
      const end = LENGTH_BYTES + body.readUInt16LE(0);
      const ciphertext = body.subarray(LENGTH_BYTES, end);
      const digest = createHash('sha256').update(ciphertext).digest('base64');
      const { plaintext } = await reused(`${digest} ${nameOf(asking)}`, settingsOf(queue).keyReuseMs, async () => {
        const context = { 'aws:sqs:arn': q };
        const made = await kms.decrypt({ ...askingOf(queue, asking), ciphertext, encryptionContext: context });
        return { plaintext: made.plaintext, ciphertext };
      });
      return opened(plaintext, i, body.subarray(end));
    },
  };
}

function opened(key: Buffer, messageId: string, sealed: Buffer): Buffer {
  const body = openBytes(key, messageId, sealed);
  if (!body) throw new Error('a message does not open with its key');
  return body;
}

function askingOf({ region }: Queue, asking: Asking): ServiceAsking {
  if ('call' in asking) return { service: 'sqs.amazonaws.com', region, onBehalfOf: asking.call };
  return { region, ...asking.actor };
}

const nameOf = (asking: Asking): string =>
  'call' in asking
    ? `${asking.call.caller.identity.accessKeyId ?? ''} ${asking.call.caller.arn} ${asking.call.sourceIp}`
    : `${asking.actor.service} ${asking.actor.sourceArn}`;

/** A bare id or alias is of the queue's account, whoever sends. */
function keyArn(queue: Queue, keyId: string): string {
  if (keyId.startsWith('arn:')) return keyId;
  const [, partition] = queueArn(queue).split(':');
  return `arn:${partition}:kms:${queue.region}:${queue.accountId}:${keyId.startsWith('alias/') ? keyId : `key/${keyId}`}`;
}
