import type * as iam from '@aws-sdk/client-iam';
import { keys, type Login, type PasswordHash, type User } from '../../access/iam/entities.ts';
import { hashedPassword, isPassword } from '../../access/iam/passwords.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, noSuch } from './errors.ts';
import { findUser, impliedUser } from './find.ts';
import { timeOf } from './output.ts';
import { requireGoodPassword, requireNewPassword } from './password-rules.ts';

/** As many former passwords as a password policy can forbid. */
const PASSWORDS_KEPT = 24;

function loginOf(user: User, named: string): Login {
  if (user.login) return user.login;
  throw noSuch(`Login Profile for User ${named} cannot be found.`);
}

const out = (user: User, login: Login): iam.LoginProfile => ({
  UserName: user.userName,
  CreateDate: timeOf(login.createdMs),
  PasswordResetRequired: login.resetRequired,
});

/** Passwords of users. They are kept as scrypt leaves them and never told; the console asks for them. */
export function createLoginProfileHandlers({ store: { data }, clock, random }: IamDeps): Record<string, Handler> {
  const policyOf = async (accountId: string) => (await data.get(keys.settings(accountId)))?.passwordPolicy;

  const withPassword = (login: Login, hash: PasswordHash): Login => ({
    ...login,
    changedMs: clock.now(),
    passwords: [hash, ...login.passwords].slice(0, PASSWORDS_KEPT),
  });

  /** Checks and hashes a new password: slow, and so done before the change. */
  async function prepared(accountId: string, user: User, password: string): Promise<PasswordHash> {
    const policy = await policyOf(accountId);
    requireGoodPassword(password, policy);
    await requireNewPassword(password, user.login?.passwords ?? [], policy);
    return hashedPassword(random, password);
  }

  /** @throws AwsError ValidationError for root, whose password is no matter of IAM's API */
  function userNameOf(context: Parameters<typeof impliedUser>[0], given: string | undefined): string {
    const name = impliedUser(context, given);
    if (name !== undefined) return name;
    throw iamError('ValidationError', 'Must specify userName when calling with root credentials');
  }

  return {
    async CreateLoginProfile(context, input: iam.CreateLoginProfileRequest): Promise<iam.CreateLoginProfileResponse> {
      const { accountId } = context.caller;
      const userName = userNameOf(context, input.UserName);
      if (input.Password === undefined) throw iamError('ValidationError', 'Must specify a password.');
      const hash = await prepared(accountId, await findUser(data, accountId, userName), input.Password);
      return data.change(accountId, async (change) => {
        const user = await findUser(change, accountId, userName);
        if (user.login) throw iamError('EntityAlreadyExists', `Login Profile for user ${userName} already exists.`);
        const now = clock.now();
        const resetRequired = input.PasswordResetRequired ?? false;
        const login: Login = { createdMs: now, changedMs: now, resetRequired, passwords: [hash] };
        change.put(keys.user(accountId, user.userName), { ...user, login });
        return { LoginProfile: out(user, login) };
      });
    },

    async GetLoginProfile(context, input: iam.GetLoginProfileRequest): Promise<iam.GetLoginProfileResponse> {
      const userName = userNameOf(context, input.UserName);
      const user = await findUser(data, context.caller.accountId, userName);
      return { LoginProfile: out(user, loginOf(user, userName)) };
    },

    async UpdateLoginProfile({ caller: { accountId } }, input: iam.UpdateLoginProfileRequest) {
      const { UserName, Password, PasswordResetRequired } = input;
      const before = await findUser(data, accountId, UserName!);
      loginOf(before, UserName!);
      const hash = Password === undefined ? undefined : await prepared(accountId, before, Password);
      await data.change(accountId, async (change) => {
        const user = await findUser(change, accountId, UserName!);
        const login = loginOf(user, UserName!);
        const resetRequired = PasswordResetRequired ?? login.resetRequired;
        const changed = { ...(hash ? withPassword(login, hash) : login), resetRequired };
        change.put(keys.user(accountId, user.userName), { ...user, login: changed });
      });
      return {};
    },

    async DeleteLoginProfile(context, input: iam.DeleteLoginProfileRequest) {
      const { accountId } = context.caller;
      const userName = userNameOf(context, input.UserName);
      await data.change(accountId, async (change) => {
        const { login, ...user } = await findUser(change, accountId, userName);
        if (!login) throw noSuch(`Login Profile for User ${userName} cannot be found.`);
        change.put(keys.user(accountId, user.userName), user);
      });
      return {};
    },

    async ChangePassword({ caller }, input: iam.ChangePasswordRequest) {
      const { accountId, principal } = caller;
      if (principal.kind !== 'user' || principal.name === undefined) {
        throw iamError('InvalidUserType', 'Only IAM Users can change their own password.');
      }
      const name = principal.name;
      const before = await findUser(data, accountId, name);
      const [known] = loginOf(before, name).passwords;
      if (!known || !(await isPassword(input.OldPassword!, known))) throw wrongPassword();
      const hash = await prepared(accountId, before, input.NewPassword!);
      await data.change(accountId, async (change) => {
        const user = await findUser(change, accountId, name);
        const login = loginOf(user, name);
        if (login.passwords[0]?.hash !== known.hash) throw wrongPassword(); // changed meanwhile
        const changed: Login = { ...withPassword(login, hash), resetRequired: false };
        change.put(keys.user(accountId, user.userName), { ...user, login: changed });
      });
      return {};
    },
  };
}

const wrongPassword = () => iamError('AccessDenied', 'The old password was incorrect.');
