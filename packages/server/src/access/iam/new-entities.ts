import { ALNUM, BASE32, type Random, randomString } from '../../base/random.ts';
import type { Sealer } from '../sealed-secrets.ts';
import { type AccessKey, keys, type User } from './entities.ts';

/** The first letters of AWS's unique ids. */
export const ID_PREFIXES = {
  user: 'AIDA',
  group: 'AGPA',
  role: 'AROA',
  policy: 'ANPA',
  instanceProfile: 'AIPA',
  accessKey: 'AKIA',
} as const;

/** A unique id as AWS makes them: four letters that say of what, and 17 of base 32. */
export const newId = (random: Random, kind: Exclude<keyof typeof ID_PREFIXES, 'accessKey'>): string =>
  `${ID_PREFIXES[kind]}${randomString(random, 17, BASE32)}`;

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** An id as AWS makes them (AKIA and 16 of base 32), a secret of 40 base-64 characters (240 bits). */
export const newKeyPair = (random: Random): KeyPair => ({
  accessKeyId: `${ID_PREFIXES.accessKey}${randomString(random, 16, BASE32)}`,
  secretAccessKey: randomString(random, 40, `${ALNUM}+/`),
});

/** A key as State keeps it. */
export const sealedKey = (
  sealer: Sealer,
  { accessKeyId, secretAccessKey }: KeyPair,
  rest: Omit<AccessKey, 'sealedSecret'>,
): AccessKey => ({ ...rest, sealedSecret: sealer.seal(keys.accessKey(accessKeyId), secretAccessKey) });

/** undefined when it was sealed with another key than the data folder's. */
export const secretOfKey = (sealer: Sealer, accessKeyId: string, key: AccessKey): string | undefined =>
  sealer.open(keys.accessKey(accessKeyId), key.sealedSecret) as string | undefined;

export const newUser = (
  random: Random,
  about: Pick<User, 'userName' | 'path' | 'createdMs'> & Partial<User> & { readonly accountId: string },
): User => {
  const { accountId, ...rest } = about;
  return {
    userId: newId(random, 'user'),
    arn: `arn:aws:iam::${accountId}:user${about.path}${about.userName}`,
    inline: {},
    attached: [],
    groups: [],
    tags: {},
    accessKeyIds: [],
    ...rest,
  };
};
