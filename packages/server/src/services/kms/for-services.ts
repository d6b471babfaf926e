import { AwsError, assert } from '../../base/errors.ts';
import type { CallContext } from '../../wire/service.ts';
import type { EncryptionContext } from './api.ts';
import { type KmsAccess, requireForService, requireVia } from './authorize.ts';
import { parseBlob } from './ciphertext.ts';
import { decryptWith, makeDataKey } from './data.ts';
import type { KmsDeps } from './deps.ts';
import { kmsError } from './errors.ts';
import { type Key, type KeyState, keyArn, stateOf } from './key.ts';
import { createKeyStore, requireEnabled } from './key-store.ts';
import { keyAccess, NO_BLOB, ofData } from './permissions.ts';

/** Who uses a key, and where. */
export interface ServiceAsking {
  /** `s3.amazonaws.com` */
  readonly service: string;
  /** The Region of the key. */
  readonly region: string;
  /** The resource for which the service acts: `aws:SourceArn`. */
  readonly sourceArn?: string;
  /** Whose resource it is: `aws:SourceAccount`, and whose key a bare id or alias means. Default: the ARN's, or the caller's. */
  readonly sourceAccount?: string;
  /** The caller for whom the service asks, by that caller's rights and under `kms:ViaService`. */
  readonly onBehalfOf?: CallContext;
}

export interface ServiceDataKeyRequest extends ServiceAsking {
  /** Id, ARN, `alias/…`, alias ARN. */
  readonly keyId: string;
  readonly encryptionContext: EncryptionContext;
}

export interface ServiceDecryptRequest extends ServiceAsking {
  readonly ciphertext: Buffer;
  readonly encryptionContext: EncryptionContext;
}

export interface KeyDescription {
  readonly keyArn: string;
  readonly keyId: string;
  readonly accountId: string;
  readonly region: string;
  readonly state: KeyState;
  readonly manager: Key['manager'];
}

/** One use of a key by a service, in the shapes of KMS's own operations, without secrets: what its record is made of. */
export interface KmsUse {
  readonly operation: 'GenerateDataKey' | 'Decrypt' | 'DescribeKey';
  readonly asking: ServiceAsking;
  readonly timeMs: number;
  readonly input: Readonly<Record<string, unknown>>;
  readonly output?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string };
  /** The key, when it was found. */
  readonly key?: KeyDescription;
}

/**
 * KMS for the other parts of this server. The key's policy and grants decide as they do over HTTP; errors are AwsErrors
 * with KMS's names.
 */
export interface KmsForServices {
  /** An AES-256 key: in clear, for now, and as ciphertext, to keep. */
  generateDataKey(
    request: ServiceDataKeyRequest,
  ): Promise<{ readonly keyArn: string; readonly plaintext: Buffer; readonly ciphertext: Buffer }>;
  decrypt(request: ServiceDecryptRequest): Promise<{ readonly keyArn: string; readonly plaintext: Buffer }>;
  /** Under `kms:DescribeKey`. */
  describe(request: ServiceAsking & { readonly keyId: string }): Promise<KeyDescription>;
}

export interface KmsForServicesDeps extends KmsDeps {
  /** Told of each use, good or refused, before the answer. What it throws, the use throws. */
  readonly onUse?: (use: KmsUse) => Promise<void>;
}

const DATA_KEY_BYTES = 32;

export function createKmsForServices(deps: KmsForServicesDeps): KmsForServices {
  const keys = createKeyStore(deps);
  return {
    generateDataKey: (request) => {
      const { keyId, encryptionContext } = request;
      const input = { EncryptionContext: encryptionContext, KeyId: keyId, KeySpec: 'AES_256' };
      return told('GenerateDataKey', request, input, async (found) => {
        const { entry, alias } = await keys.find(placeOf('GenerateDataKey', request), keyId);
        const key = found(entry.value);
        await require(request, keyAccess('kms:GenerateDataKey', key, ofData(encryptionContext), alias));
        const made = makeDataKey(deps, requireEnabled(key), encryptionContext, DATA_KEY_BYTES);
        return { keyArn: made.KeyId, plaintext: made.Plaintext, ciphertext: made.CiphertextBlob };
      });
    },
    decrypt: (request) => {
      const { ciphertext, encryptionContext } = request;
      const input = { EncryptionContext: encryptionContext };
      return told('Decrypt', request, input, async (found) => {
        const blob = parseBlob(ciphertext);
        if (!blob) throw kmsError('InvalidCiphertextException', NO_BLOB);
        const key = found(await keys.keyOfBlob(request, blob));
        await require(request, keyAccess('kms:Decrypt', key, ofData(encryptionContext, true)));
        const plaintext = decryptWith(deps, requireEnabled(key), encryptionContext, blob);
        return { keyArn: keyArn(key), plaintext };
      });
    },
    describe: (request) =>
      told('DescribeKey', request, { KeyId: request.keyId }, async (found) => {
        const { entry, alias } = await keys.find(placeOf('DescribeKey', request), request.keyId);
        const key = found(entry.value);
        await require(request, keyAccess('kms:DescribeKey', key, { grant: {} }, alias));
        return describe(key);
      }),
  };

  async function require(asking: ServiceAsking, access: KmsAccess & { readonly key: Key }): Promise<void> {
    const { service, onBehalfOf, sourceArn = '', region } = asking;
    if (onBehalfOf) return requireVia(deps, { ...onBehalfOf, region }, service, access);
    const sourceAccount = sourceAccountOf(asking) ?? access.key.accountId;
    return requireForService(deps, { service, sourceArn, sourceAccount }, access);
  }

  /** Runs it and tells the hook how it ended. */
  async function told<T extends { readonly keyArn: string }>(
    operation: KmsUse['operation'],
    asking: ServiceAsking,
    input: KmsUse['input'],
    work: (found: (key: Key) => Key) => Promise<T>,
  ): Promise<T> {
    let key: KeyDescription | undefined;
    const use = () => ({ operation, asking: plain(asking), timeMs: deps.clock.now(), input, ...(key && { key }) });
    const found = (one: Key) => {
      key = describe(one);
      return one;
    };
    let outcome: T;
    try {
      outcome = await work(found);
    } catch (error) {
      if (error instanceof AwsError)
        await deps.onUse?.({ ...use(), error: { code: error.code, message: error.message } });
      throw error;
    }
    await deps.onUse?.({ ...use(), output: { KeyId: outcome.keyArn } });
    return outcome;
  }
}

/** Only what tells who asks: the request holds ciphertext besides. */
const plain = ({ service, region, sourceArn, sourceAccount, onBehalfOf }: ServiceAsking): ServiceAsking => ({
  service,
  region,
  ...(sourceArn !== undefined && { sourceArn }),
  ...(sourceAccount !== undefined && { sourceAccount }),
  ...(onBehalfOf && { onBehalfOf }),
});

const sourceAccountOf = ({ sourceAccount, sourceArn }: ServiceAsking): string | undefined =>
  sourceAccount ?? accountOf(sourceArn);

/** Whose key a bare id or alias means: the caller's, or that of the resource's account. */
function placeOf(operation: string, asking: ServiceAsking & { readonly keyId: string }) {
  const accountId = asking.onBehalfOf?.caller.accountId ?? sourceAccountOf(asking) ?? accountOf(asking.keyId);
  assert(accountId, `it is known whose key ${asking.keyId} is, as ${asking.service} uses it`);
  return { operation, region: asking.region, caller: { accountId } };
}

const accountOf = (arn: string | undefined): string | undefined => arn?.split(':')[4] || undefined;

const describe = (key: Key): KeyDescription => ({
  keyArn: keyArn(key),
  keyId: key.keyId,
  accountId: key.accountId,
  region: key.region,
  state: stateOf(key),
  manager: key.manager,
});
