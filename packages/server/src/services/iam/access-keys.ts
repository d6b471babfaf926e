import type * as iam from '@aws-sdk/client-iam';
import { type AccessKey, keys, NO_SETTINGS } from '../../access/iam/entities.ts';
import type { IamChange, IamReader } from '../../access/iam/iam-data.ts';
import { newKeyPair, sealedKey } from '../../access/iam/new-entities.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, noSuch, overQuota } from './errors.ts';
import { findUser, impliedUser } from './find.ts';
import { timeOf } from './output.ts';
import { pageOf } from './pages.ts';

/** IAM's quota. */
const KEYS_MAX = 2;

/** Ids of the keys of a user, or (without a name) of root. */
async function keyIdsOf(
  reader: IamReader,
  accountId: string,
  userName: string | undefined,
): Promise<readonly string[]> {
  if (userName !== undefined) return (await findUser(reader, accountId, userName)).accessKeyIds;
  return ((await reader.get(keys.settings(accountId))) ?? NO_SETTINGS).rootKeyIds;
}

async function putKeyIds(
  change: IamChange,
  accountId: string,
  userName: string | undefined,
  ids: readonly string[],
): Promise<void> {
  if (userName === undefined) {
    const settings = (await change.get(keys.settings(accountId))) ?? NO_SETTINGS;
    change.put(keys.settings(accountId), { ...settings, rootKeyIds: ids });
  } else {
    const user = await findUser(change, accountId, userName);
    change.put(keys.user(accountId, userName), { ...user, accessKeyIds: ids });
  }
}

/** A key of that user, or of root. @throws AwsError NoSuchEntity */
async function findKey(
  reader: IamReader,
  accountId: string,
  userName: string | undefined,
  accessKeyId: string,
): Promise<AccessKey> {
  const ids = await keyIdsOf(reader, accountId, userName);
  const key = ids.includes(accessKeyId) ? await reader.get(keys.accessKey(accessKeyId)) : undefined;
  if (key) return key;
  throw noSuch(`The Access Key with id ${accessKeyId} cannot be found.`);
}

const statusOf = ({ active }: AccessKey): iam.StatusType => (active ? 'Active' : 'Inactive');

export function createAccessKeyHandlers({ store, sealer, clock, random }: IamDeps): Record<string, Handler> {
  const { data, lastUsed } = store;
  return {
    /** The one time that the secret is told. */
    async CreateAccessKey(context, input: iam.CreateAccessKeyRequest): Promise<iam.CreateAccessKeyResponse> {
      const { accountId } = context.caller;
      const named = impliedUser(context, input.UserName);
      const pair = newKeyPair(random);
      const createdMs = clock.now();
      const UserName = await data.change(accountId, async (change) => {
        const userName = named === undefined ? undefined : (await findUser(change, accountId, named)).userName;
        const ids = await keyIdsOf(change, accountId, userName);
        if (ids.length >= KEYS_MAX) throw overQuota('AccessKeysPerUser', KEYS_MAX);
        const about = { accountId, ...(userName !== undefined && { userName }), active: true, createdMs };
        change.claim(keys.accessKey(pair.accessKeyId), sealedKey(sealer, pair, about));
        await putKeyIds(change, accountId, userName, [...ids, pair.accessKeyId]);
        return userName;
      });
      return {
        AccessKey: {
          UserName,
          AccessKeyId: pair.accessKeyId,
          Status: 'Active',
          SecretAccessKey: pair.secretAccessKey,
          CreateDate: timeOf(createdMs),
        },
      };
    },

    async ListAccessKeys(context, input: iam.ListAccessKeysRequest): Promise<iam.ListAccessKeysResponse> {
      const { accountId } = context.caller;
      const UserName = impliedUser(context, input.UserName);
      const ids = await keyIdsOf(data, accountId, UserName);
      const { page, end } = pageOf(ids, (id) => id, input, [context.operation, accountId, UserName]);
      const found = await Promise.all(page.map((id) => data.get(keys.accessKey(id))));
      const AccessKeyMetadata = found.flatMap((key, i) =>
        key
          ? [
              {
                UserName,
                AccessKeyId: page[i],
                Status: statusOf(key),
                CreateDate: timeOf(key.createdMs),
              } as iam.AccessKeyMetadata,
            ]
          : [],
      );
      return { AccessKeyMetadata, ...end };
    },

    async UpdateAccessKey(context, input: iam.UpdateAccessKeyRequest) {
      const { accountId } = context.caller;
      const userName = impliedUser(context, input.UserName);
      if (input.Status === 'Expired') throw iamError('InvalidInput', 'An access key cannot be set to Expired.');
      await data.change(accountId, async (change) => {
        const key = await findKey(change, accountId, userName, input.AccessKeyId!);
        change.put(keys.accessKey(input.AccessKeyId!), { ...key, active: input.Status === 'Active' });
      });
      return {};
    },

    async DeleteAccessKey(context, input: iam.DeleteAccessKeyRequest) {
      const { accountId } = context.caller;
      const userName = impliedUser(context, input.UserName);
      await data.change(accountId, async (change) => {
        await findKey(change, accountId, userName, input.AccessKeyId!);
        const ids = await keyIdsOf(change, accountId, userName);
        change.remove(keys.accessKey(input.AccessKeyId!));
        change.remove(keys.keyUse(input.AccessKeyId!));
        const rest = ids.filter((id) => id !== input.AccessKeyId);
        await putKeyIds(change, accountId, userName, rest);
      });
      return {};
    },

    async GetAccessKeyLastUsed(
      { caller: { accountId } },
      input: iam.GetAccessKeyLastUsedRequest,
    ): Promise<iam.GetAccessKeyLastUsedResponse> {
      const key = await data.get(keys.accessKey(input.AccessKeyId!));
      if (key?.accountId !== accountId) throw noSuch(`The Access Key with id ${input.AccessKeyId} cannot be found.`);
      const use = await lastUsed.useOfKey(input.AccessKeyId!);
      const AccessKeyLastUsed = use
        ? { LastUsedDate: timeOf(use.usedMs), ServiceName: use.service, Region: use.region }
        : { LastUsedDate: undefined, ServiceName: 'N/A', Region: 'N/A' };
      return { ...(key.userName !== undefined && { UserName: key.userName }), AccessKeyLastUsed };
    },
  };
}
