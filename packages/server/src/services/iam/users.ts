import type * as iam from '@aws-sdk/client-iam';
import { keys, type User } from '../../access/iam/entities.ts';
import type { IamChange, IamReader } from '../../access/iam/iam-data.ts';
import { newUser } from '../../access/iam/new-entities.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, overQuota } from './errors.ts';
import { findUser, impliedUser } from './find.ts';
import { requireBoundary } from './managed.ts';
import { timeOf, userOut, wholeUser } from './output.ts';
import { pageOf } from './pages.ts';
import { withTags } from './tag-rules.ts';
import { retargetTrust } from './trusting.ts';

/** IAM's quota. */
const USERS_MAX = 5000;

export function createUserHandlers({ store: { data, lastUsed }, clock, random }: IamDeps): Record<string, Handler> {
  return {
    async CreateUser({ caller: { accountId } }, input: iam.CreateUserRequest): Promise<iam.CreateUserResponse> {
      const boundary = input.PermissionsBoundary;
      const user = newUser(random, {
        accountId,
        userName: input.UserName!,
        path: input.Path ?? '/',
        createdMs: clock.now(),
        tags: withTags({}, input.Tags),
        ...(boundary !== undefined && { boundary }),
      });
      await data.change(accountId, async (change) => {
        await requireFree(change, accountId, user.userName);
        if ((await change.list(keys.users(accountId))).length >= USERS_MAX)
          throw overQuota('UsersPerAccount', USERS_MAX);
        await requireBoundary(change, accountId, boundary);
        change.put(keys.user(accountId, user.userName), user);
      });
      return { User: wholeUser(user) };
    },

    /** Root has no name, only its account. */
    async GetUser(context, input: iam.GetUserRequest): Promise<iam.GetUserResponse> {
      const { accountId, arn } = context.caller;
      const name = impliedUser(context, input.UserName);
      if (name !== undefined) {
        const user = await findUser(data, accountId, name);
        return { User: wholeUser(user, await lastUsed.useOfPassword(user.userId)) };
      }
      const account = await data.get(keys.account(accountId));
      const root = { UserId: accountId, Arn: arn, CreateDate: timeOf(account?.createdMs ?? 0) };
      return { User: root as iam.User };
    },

    async UpdateUser({ caller: { accountId } }, input: iam.UpdateUserRequest) {
      const { arn: before, userId } = await findUser(data, accountId, input.UserName!);
      await retargetTrust(data, before, userId);
      let after = before;
      try {
        after = await data.change(accountId, async (change) => {
          const user = await findUser(change, accountId, input.UserName!);
          const userName = input.NewUserName ?? user.userName;
          const path = input.NewPath ?? user.path;
          const renamed: User = { ...user, userName, path, arn: `arn:aws:iam::${accountId}:user${path}${userName}` };
          const [from, to] = [keys.user(accountId, user.userName), keys.user(accountId, userName)];
          if (to !== from) {
            await requireFree(change, accountId, userName);
            change.remove(from);
          }
          change.put(to, renamed);
          if (userName !== user.userName) await renameOwner(change, accountId, user, userName);
          return renamed.arn;
        });
      } finally {
        await retargetTrust(data, userId, after);
      }
      return {};
    },

    async DeleteUser({ caller: { accountId } }, input: iam.DeleteUserRequest) {
      const { arn, userId } = await requireDeletable(data, accountId, input.UserName!);
      await retargetTrust(data, arn, userId);
      await data.change(accountId, async (change) => {
        const { userName } = await requireDeletable(change, accountId, input.UserName!);
        change.remove(keys.user(accountId, userName));
        change.remove(keys.passwordUse(userId));
      });
      return {};
    },

    async ListUsers({ caller: { accountId }, operation }, input: iam.ListUsersRequest): Promise<iam.ListUsersResponse> {
      const prefix = input.PathPrefix ?? '/';
      const users = (await data.list(keys.users(accountId))).filter(({ path }) => path.startsWith(prefix));
      const { page, end } = pageOf(users, ({ userName }) => userName, input, [operation, accountId, prefix]);
      return { Users: page.map(userOut), ...end };
    },
  };
}

/** @throws AwsError DeleteConflict naming what stands in the way */
async function requireDeletable(reader: IamReader, accountId: string, name: string): Promise<User> {
  const user = await findUser(reader, accountId, name);
  const devices = await reader.list(keys.mfaDevices(accountId));
  const first = [
    [user.login !== undefined, 'must delete login profile first.'],
    [user.accessKeyIds.length > 0, 'must delete access keys first.'],
    [devices.some((device) => device.userName === user.userName), 'must delete MFA device first.'],
    [Object.keys(user.inline).length > 0, 'must delete policies first.'],
    [user.attached.length > 0, 'must detach all policies first.'],
    [user.groups.length > 0, 'must remove users from group first.'],
  ].find(([stands]) => stands);
  if (first) throw iamError('DeleteConflict', `Cannot delete entity, ${first[1]}`);
  return user;
}

async function requireFree(change: IamChange, accountId: string, userName: string): Promise<void> {
  if (!(await change.get(keys.user(accountId, userName)))) return;
  throw iamError('EntityAlreadyExists', `User with name ${userName} already exists.`);
}

/** Access keys and MFA devices name their user. */
async function renameOwner(change: IamChange, accountId: string, user: User, userName: string): Promise<void> {
  for (const accessKeyId of user.accessKeyIds) {
    const key = await change.get(keys.accessKey(accessKeyId));
    if (key) change.put(keys.accessKey(accessKeyId), { ...key, userName });
  }
  const prefix = `arn:aws:iam::${accountId}:mfa/`;
  for (const device of await change.list(keys.mfaDevices(accountId))) {
    if (device.userName !== user.userName) continue;
    change.put(keys.mfaDevice(accountId, device.serialNumber.slice(prefix.length)), { ...device, userName });
  }
}
