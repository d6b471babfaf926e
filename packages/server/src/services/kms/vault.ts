import { createSealer, type Sealer } from '../../access/sealed-secrets.ts';
import type { Random } from '../../base/random.ts';
import { kmsError } from './errors.ts';
import { type Key, type KeyMaterial, type KeyPlace, keyKey } from './key.ts';

/** Where key material is made and opened: outside of it there is only what the master key has sealed. */
export interface Vault {
  /** New material for a key, sealed for that key alone. */
  make(key: KeyPlace & { readonly keyId: string }, createdMs: number): KeyMaterial;
  /** Lends the material to `use`, and wipes it afterwards. @throws AwsError KeyUnavailableException */
  open<T>(key: Key, material: KeyMaterial, use: (secret: Buffer) => T): T;
  /** A grant token: says which grant it stands for, to us alone. */
  sealToken(grant: GrantReference): string;
  openToken(token: string): GrantReference | undefined;
}

/** A grant by its key in State. */
export interface GrantReference {
  readonly grantKey: string;
}

const MATERIAL_BYTES = 32;
const MATERIAL_ID_BYTES = 32;
const TOKEN_PLACE = 'kms/grant-token';

/** @param masterKey 32 bytes (master-key.ts) */
export function createVault(masterKey: Buffer, random: Random): Vault {
  const sealer: Sealer = createSealer(masterKey, random);
  return {
    make(key, createdMs) {
      const id = Buffer.from(random.bytes(MATERIAL_ID_BYTES)).toString('hex');
      const secret = random.bytes(MATERIAL_BYTES);
      const sealed = sealer.seal(placeOf(key, id), secret.toString('base64'));
      secret.fill(0);
      return { id, sealed, createdMs };
    },
    open(key, material, use) {
      const opened = sealer.open(placeOf(key, material.id), material.sealed);
      if (typeof opened !== 'string') {
        throw kmsError('KeyUnavailableException', `The material of key ${key.keyId} cannot be opened.`);
      }
      const secret = Buffer.from(opened, 'base64');
      try {
        return use(secret);
      } finally {
        secret.fill(0);
      }
    },
    sealToken: (grant) => Buffer.from(sealer.seal(TOKEN_PLACE, grant)).toString('base64url'),
    openToken(token) {
      const opened = sealer.open(TOKEN_PLACE, Buffer.from(token, 'base64url').toString('latin1'));
      return opened as GrantReference | undefined;
    },
  };
}

const placeOf = (key: KeyPlace & { readonly keyId: string }, id: string) => `${keyKey(key, key.keyId)}/${id}`;
