import type { CallContext, Handler } from '../../wire/service.ts';
import type { DataKeyRequest, DecryptRequest, EncryptionContext, EncryptRequest, ReEncryptRequest } from './api.ts';
import { decryptBlob, encryptBlob, type ParsedBlob, parseBlob } from './ciphertext.ts';
import type { KmsDeps } from './deps.ts';
import { kmsError, unsupported } from './errors.ts';
import { currentMaterial, KEY_TRAITS, type Key, keyArn, NO_CONTEXT } from './key.ts';
import { type KeyStore, requireEnabled } from './key-store.ts';
import { NO_BLOB } from './permissions.ts';

const ALGORITHM = KEY_TRAITS.KeySpec;
const SPEC_BYTES = { AES_256: 32, AES_128: 16 } as const;

/** What keys are for: encrypting, decrypting, data keys, random bytes. */
export function createDataHandlers(deps: KmsDeps, keys: KeyStore): Record<string, Handler> {
  return {
    Encrypt: async (context, input: EncryptRequest) => {
      const key = await usable(context, input.KeyId);
      checkAlgorithms(key, input.EncryptionAlgorithm);
      refuseDryRun(input);
      const CiphertextBlob = encryptWith(deps, key, input.EncryptionContext, input.Plaintext);
      return { CiphertextBlob, KeyId: keyArn(key), EncryptionAlgorithm: ALGORITHM };
    },

    Decrypt: async (context, input: DecryptRequest) => {
      const { key, blob } = await opening(context, input.CiphertextBlob, input.KeyId);
      checkAlgorithms(key, input.EncryptionAlgorithm);
      const Plaintext = decryptWith(deps, key, input.EncryptionContext, blob);
      refuseDryRun(input);
      return { KeyId: keyArn(key), Plaintext, EncryptionAlgorithm: ALGORITHM, KeyMaterialId: blob.materialId };
    },

    ReEncrypt: async (context, input: ReEncryptRequest) => {
      const source = await opening(context, input.CiphertextBlob, input.SourceKeyId);
      const destination = await usable(context, input.DestinationKeyId);
      checkAlgorithms(source.key, input.SourceEncryptionAlgorithm);
      checkAlgorithms(destination, input.DestinationEncryptionAlgorithm);
      const plaintext = decryptWith(deps, source.key, input.SourceEncryptionContext, source.blob);
      refuseDryRun(input);
      const CiphertextBlob = encryptWith(deps, destination, input.DestinationEncryptionContext, plaintext);
      plaintext.fill(0);
      return {
        CiphertextBlob,
        SourceKeyId: keyArn(source.key),
        KeyId: keyArn(destination),
        SourceEncryptionAlgorithm: ALGORITHM,
        DestinationEncryptionAlgorithm: ALGORITHM,
        SourceKeyMaterialId: source.blob.materialId,
        DestinationKeyMaterialId: currentMaterial(destination).id,
      };
    },

    GenerateDataKey: dataKey,
    GenerateDataKeyWithoutPlaintext: async (context, input: DataKeyRequest) => {
      const { Plaintext, ...output } = await dataKey(context, input);
      Plaintext.fill(0);
      return output;
    },

    GenerateRandom: async (
      _context,
      input: { readonly NumberOfBytes?: number; readonly CustomKeyStoreId?: string },
    ) => {
      if (input.CustomKeyStoreId !== undefined) throw unsupported('custom key stores');
      if (input.NumberOfBytes === undefined) throw kmsError('ValidationException', 'Please specify number of bytes.');
      return { Plaintext: Buffer.from(deps.random.bytes(input.NumberOfBytes)) };
    },
  };

  async function dataKey(context: CallContext, input: DataKeyRequest) {
    const length = dataKeyBytes(input);
    const key = await usable(context, input.KeyId);
    refuseDryRun(input);
    return { ...makeDataKey(deps, key, input.EncryptionContext, length), KeyMaterialId: currentMaterial(key).id };
  }

  async function usable(context: CallContext, keyId: string): Promise<Key> {
    return requireEnabled((await keys.find(context, keyId)).entry.value);
  }

  /** The key of a ciphertext, which must be the one that the request names, if it names one. */
  async function opening(context: CallContext, ciphertext: Buffer, keyId: string | undefined) {
    const blob = parseBlob(ciphertext);
    if (!blob) throw kmsError('InvalidCiphertextException', NO_BLOB);
    const key = await keys.keyOfBlob(context, blob);
    const named = keyId === undefined ? key : (await keys.find(context, keyId)).entry.value;
    if (keyArn(named) !== keyArn(key)) {
      throw kmsError(
        'IncorrectKeyException',
        'The key ID in the request does not identify the key that made this ciphertext.',
      );
    }
    return { key: requireEnabled(key), blob };
  }
}

/** @throws AwsError InvalidCiphertextException, in the same words whatever does not fit */
export function decryptWith(deps: KmsDeps, key: Key, context: EncryptionContext | undefined, blob: ParsedBlob): Buffer {
  const material = key.materials.find(({ id }) => id === blob.materialId);
  const plaintext =
    material && deps.vault.open(key, material, (secret) => decryptBlob(secret, blob, context ?? NO_CONTEXT));
  if (plaintext) return plaintext;
  throw kmsError(
    'InvalidCiphertextException',
    'The ciphertext was changed, or encrypted under another encryption context.',
  );
}

export function makeDataKey(deps: KmsDeps, key: Key, context: EncryptionContext | undefined, lengthBytes: number) {
  const Plaintext = Buffer.from(deps.random.bytes(lengthBytes)); // a copy: the source's pool is not ours to keep
  return { CiphertextBlob: encryptWith(deps, key, context, Plaintext), Plaintext, KeyId: keyArn(key) };
}

function encryptWith(deps: KmsDeps, key: Key, context: EncryptionContext | undefined, plaintext: Buffer): Buffer {
  const material = currentMaterial(key);
  return deps.vault.open(key, material, (secret) =>
    encryptBlob(secret, { ...key, materialId: material.id }, context ?? NO_CONTEXT, plaintext, deps.random),
  );
}

function dataKeyBytes({ KeySpec, NumberOfBytes }: DataKeyRequest): number {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    throw kmsError('ValidationException', 'Please specify either number of bytes or key spec.');
  }
  return KeySpec === undefined ? NumberOfBytes! : SPEC_BYTES[KeySpec];
}

function checkAlgorithms(key: Key, algorithm: string = ALGORITHM): void {
  if (algorithm === ALGORITHM) return;
  throw kmsError(
    'InvalidKeyUsageException',
    `${keyArn(key)} has key spec ${KEY_TRAITS.KeySpec}, which is not valid for encryption algorithm ${algorithm}.`,
  );
}

/** @throws AwsError DryRunOperationException once all else has been found good */
export function refuseDryRun({ DryRun }: { readonly DryRun?: boolean }): void {
  if (DryRun) {
    throw kmsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.');
  }
}
