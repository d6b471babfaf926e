import { createHmac } from 'node:crypto';
import { openBytes, purposeKey, sealBytes } from '../../access/sealed-secrets.ts';
import { AwsError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { Bucket, OpenObject, Sealing } from '../../ports/object-store.ts';
import type { ServiceCaller } from '../../ports/objects.ts';
import type { CallContext } from '../../wire/service.ts';
import type { KmsForServices, ServiceAsking } from '../kms/for-services.ts';
import { objectArn } from './bucket-policy.ts';
import { type ChosenEncryption, chooseEncryption, type EncryptionInput, type StoredEncryption } from './encryption.ts';
import { invalidArgument, s3Error } from './errors.ts';
import { bucketOf, type ObjectAttributes, type S3Deps } from './model.ts';

/** Who reads or writes: somebody by a call, or a service of this server's own. */
export type Asking = { readonly call: CallContext } | { readonly service: ServiceCaller };

/** Where an object stands: its data key is good for nothing else. */
export interface Place {
  readonly bucket: Bucket;
  readonly key: string;
}

/** Both absent where an object is not to be encrypted on the disk. */
export interface NewKey {
  readonly encryption?: StoredEncryption;
  readonly sealing?: Sealing;
}

/** Data keys of objects: made when an object is written, opened when it is read. */
export interface ObjectKeys {
  /** @throws AwsError AccessDenied, `KMS.DisabledException` and KMS's other refusals */
  make(asking: Asking, place: Place, chosen: ChosenEncryption): Promise<NewKey>;
  /** For what is written later under the same data key: parts of an upload. @throws AwsError as `make` does */
  again(asking: Asking, place: Place, encryption: StoredEncryption): Promise<Sealing>;
  /** undefined for an object that is not encrypted. @throws AwsError as `make` does */
  open(asking: Asking, place: Place, encryption: StoredEncryption | undefined): Promise<Buffer | undefined>;
}

export interface ObjectKeysDeps {
  /** 32 bytes, of which the keys of SSE-S3 are made. */
  readonly rootKey: Buffer;
  readonly kms: Pick<KmsForServices, 'generateDataKey' | 'decrypt'>;
  readonly random: Random;
  /** Whether objects under SSE-S3 are encrypted here, or it is left to the disk. Those under keys of KMS always are. */
  readonly encryptsAll: boolean;
}

const KEY_BYTES = 32;
const ETAG_BYTES = 16;

export function createObjectKeys({ rootKey, kms, random, encryptsAll }: ObjectKeysDeps): ObjectKeys {
  const wrappingKey = purposeKey(rootKey, 's3 data keys');
  const etagKey = purposeKey(rootKey, 's3 etags');

  /** An MD5 would tell what is in an object to those who may only list it; this one tells them whether it is the same. */
  function sealingOf(dataKey: Buffer, { bucket, key }: Place, kind: StoredEncryption['kind']): Sealing {
    if (kind === 'AES256') return { dataKey };
    const etagOf = (md5: string) =>
      createHmac('sha256', etagKey)
        .update(JSON.stringify([bucket.name, key, md5]))
        .digest('hex')
        .slice(0, 2 * ETAG_BYTES);
    return { dataKey, etagOf };
  }

  const self: ObjectKeys = {
    async make(asking, place, chosen) {
      if (chosen.kind === 'AES256') {
        if (!encryptsAll) return {};
        // A copy: random bytes come out of a pool.
        const dataKey = Buffer.from(random.bytes(KEY_BYTES));
        const wrapped = sealBytes(wrappingKey, placeOf(place), dataKey, random).toString('base64');
        return { encryption: { kind: 'AES256', wrapped }, sealing: { dataKey } };
      }
      const { keyId, context, bucketKey } = chosen;
      const made = await asked(() =>
        kms.generateDataKey({ ...asAsking(asking, place.bucket), keyId, encryptionContext: context }),
      );
      const wrapped = made.ciphertext.toString('base64');
      return {
        encryption: { kind: 'aws:kms', wrapped, keyArn: made.keyArn, bucketKey, context },
        sealing: sealingOf(made.plaintext, place, 'aws:kms'),
      };
    },
    async again(asking, place, encryption) {
      return sealingOf((await self.open(asking, place, encryption))!, place, encryption.kind);
    },
    async open(asking, place, encryption) {
      if (!encryption) return undefined;
      const ciphertext = Buffer.from(encryption.wrapped, 'base64');
      if (encryption.kind === 'AES256') {
        const dataKey = openBytes(wrappingKey, placeOf(place), ciphertext);
        if (dataKey) return dataKey;
        throw new Error(`the data key of ${placeOf(place)} cannot be opened: it is another object's, or damaged`);
      }
      const { context: encryptionContext } = encryption;
      const opened = await asked(() =>
        kms.decrypt({ ...asAsking(asking, place.bucket), ciphertext, encryptionContext }),
      );
      return opened.plaintext;
    },
  };
  return self;
}

const placeOf = ({ bucket, key }: Place): string => objectArn(bucket.name, key);

/** As whom KMS is asked: the caller by way of S3, or the service itself. The key is where the bucket is. */
function asAsking(asking: Asking, { region }: Bucket): ServiceAsking {
  if ('call' in asking) return { service: 's3.amazonaws.com', region, onBehalfOf: asking.call };
  const { service, sourceArn, sourceAccount } = asking.service;
  return { service: service as ServiceAsking['service'], region, sourceArn, sourceAccount };
}

/** Callers of S3 see KMS's refusals by S3's names for them. */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'AccessDeniedException') {
      throw s3Error('AccessDenied', { message: error.message, cause: error });
    }
    throw new AwsError(`KMS.${error.code}`, error.message, { status: error.status, cause: error });
  }
}

/** The key for an object that a caller is about to write. @throws AwsError as `chooseEncryption` and `make` do */
export async function newKey(
  deps: S3Deps,
  context: CallContext,
  bucketName: string,
  key: string,
  input: EncryptionInput,
): Promise<NewKey> {
  const bucket = bucketOf(deps, bucketName);
  const chosen = chooseEncryption(bucket, key, input);
  checkKnown(context, chosen.kind);
  return deps.keys.make({ call: context }, { bucket, key }, chosen);
}

/** The key of an upload, for one of its parts; undefined for one that was begun before there was encryption. */
export async function sameKey(
  deps: S3Deps,
  context: CallContext,
  bucketName: string,
  key: string,
  encryption: StoredEncryption | undefined,
): Promise<Sealing | undefined> {
  if (!encryption) return undefined;
  checkKnown(context, encryption.kind);
  return deps.keys.again({ call: context }, { bucket: bucketOf(deps, bucketName), key }, encryption);
}

/** The key with which an object is read: who may not have it may not read. @throws AwsError as `open` does */
export async function dataKeyOf(
  deps: S3Deps,
  context: CallContext,
  { attributes, version }: OpenObject,
  bucketName: string,
): Promise<Buffer | undefined> {
  const { encryption } = attributes as ObjectAttributes;
  checkKnown(context, encryption?.kind);
  return deps.keys.open({ call: context }, { bucket: bucketOf(deps, bucketName), key: version.key }, encryption);
}

/** @throws AwsError InvalidArgument: KMS asks who somebody is, and anonymous callers are nobody */
function checkKnown(context: CallContext, kind: ChosenEncryption['kind'] | undefined): void {
  if (kind !== 'aws:kms' || !context.caller.anonymous) return;
  const message =
    'Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.';
  throw invalidArgument('Authorization', 'null', message);
}
