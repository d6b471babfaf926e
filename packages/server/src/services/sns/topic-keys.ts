import { openBytes, sealBytes } from '../../access/sealed-secrets.ts';
import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { ServiceCaller } from '../../ports/objects.ts';
import type { CallContext } from '../../wire/service.ts';
import type { KmsForServices, ServiceAsking } from '../kms/for-services.ts';
import type { Topic } from './model.ts';

/** Who publishes, and so whose rights to the topic's key count. */
export type Publisher = { readonly call: CallContext } | { readonly actor: ServiceCaller };

/**
 * Messages of encrypted topics, while they wait in mailboxes. As in AWS's, the publisher needs `kms:GenerateDataKey` and
 * `kms:Decrypt`, and an answer is used for five minutes. The data key waits with the message, wrapped by the server's own
 * key: what was accepted is delivered whatever becomes of the topic's key.
 */
export interface TopicKeys {
  /** How to seal messages of this topic; undefined for a topic without a key. @throws AwsError KMSAccessDenied … */
  sealerFor(topic: Topic, publisher: Publisher): Promise<((box: string, body: Buffer) => Buffer) | undefined>;
  /** A body as it was before it was sealed, if it was. */
  open(box: string, body: Buffer): Buffer;
}

export interface TopicKeysDeps {
  readonly kms: Pick<KmsForServices, 'generateDataKey' | 'decrypt'>;
  /** Wraps the data keys; for nothing else. */
  readonly rootKey: Buffer;
  readonly clock: Clock;
  readonly random: Random;
}

/** AWS's, for a data key that is used again. */
const REUSED_MS = 5 * 60_000;
/** Publishers whose answers are kept: each has some hundred bytes. */
const REUSED_MAX = 1_000;
/** First byte of a sealed body; JSON begins with another. */
const SEALED = 1;
const LENGTH_BYTES = 2;

interface Reused {
  readonly atMs: number;
  readonly dataKey: Buffer;
  readonly wrapped: Buffer;
}

/** KMS's refusals in SNS's names. */
const CODES: Readonly<Record<string, string>> = {
  AccessDeniedException: 'KMSAccessDenied',
  DisabledException: 'KMSDisabled',
  KMSInvalidStateException: 'KMSInvalidState',
  NotFoundException: 'KMSNotFound',
  ThrottlingException: 'KMSThrottling',
};

export function createTopicKeys({ kms, rootKey, clock, random }: TopicKeysDeps): TopicKeys {
  const known = new Map<string, Reused>();

  async function newKey(topic: Topic, keyId: string, publisher: Publisher): Promise<Reused> {
    const encryptionContext = { 'aws:sns:topicArn': topic.arn };
    const asking = askingOf(topic, publisher);
    try {
      const made = await kms.generateDataKey({ ...asking, keyId: keyArn(topic, keyId), encryptionContext });
      await kms.decrypt({ ...asking, ciphertext: made.ciphertext, encryptionContext });
      const wrapped = sealBytes(rootKey, topic.arn, made.plaintext, random);
      return { atMs: clock.monotonicMs(), dataKey: made.plaintext, wrapped };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      throw new AwsError(CODES[error.code] ?? 'KMSInvalidState', error.message, { cause: error });
    }
  }

  return {
    async sealerFor(topic, publisher) {
      const keyId = topic.attributes.KmsMasterKeyId;
      if (keyId === undefined) return undefined;
      const name = `${topic.arn} ${keyId} ${nameOf(publisher)}`;
      let found = known.get(name);
      if (!found || found.atMs < clock.monotonicMs() - REUSED_MS) {
        known.delete(name);
        found = await newKey(topic, keyId, publisher);
        if (known.size >= REUSED_MAX) known.delete(known.keys().next().value!);
        known.set(name, found);
      }
      const { dataKey, wrapped } = found;
      return (box, body) => {
        const head = Buffer.alloc(1 + LENGTH_BYTES);
        head[0] = SEALED;
        head.writeUInt16BE(wrapped.length, 1);
        return Buffer.concat([head, wrapped, sealBytes(dataKey, box, body, random)]);
      };
    },
    open(box, body) {
      if (body[0] !== SEALED) return body;
      const end = 1 + LENGTH_BYTES + body.readUInt16BE(1);
      const dataKey = openBytes(rootKey, topicOfBox(box), body.subarray(1 + LENGTH_BYTES, end));
      const opened = dataKey && openBytes(dataKey, box, body.subarray(end));
      if (!opened) throw new Error(`a message in ${box} does not open with this server's key`);
      return opened;
    },
  };
}

function askingOf(topic: Topic, publisher: Publisher): ServiceAsking {
  const { region } = topic;
  if ('call' in publisher) return { service: 'sns.amazonaws.com', region, onBehalfOf: publisher.call };
  return { region, ...publisher.actor };
}

const nameOf = (publisher: Publisher): string =>
  'call' in publisher
    ? `${publisher.call.caller.identity.accessKeyId ?? ''} ${publisher.call.caller.arn} ${publisher.call.sourceIp}`
    : `${publisher.actor.service} ${publisher.actor.sourceArn}`;

/** A bare id or alias is of the topic's account, whoever publishes. */
function keyArn({ region, accountId }: Topic, keyId: string): string {
  if (keyId.startsWith('arn:')) return keyId;
  return `arn:aws:kms:${region}:${accountId}:${keyId.startsWith('alias/') ? keyId : `key/${keyId}`}`;
}

/** `sns/<Region>/<account>/<topic>/<id>` → the topic's ARN. */
const topicOfBox = (box: string): string => `arn:aws:sns:${box.split('/').slice(1, -1).join(':')}`;
