import { AwsError } from '../../base/errors.ts';
import type { Handler } from '../../wire/service.ts';
import type { OpenTrailDeps } from './deps.ts';

/** CreateAccount and ListAccounts: accounts of this OpenTrail, until Organizations brings AWS's own way. */
export function createAccountHandlers({
  accounts,
  instanceId,
  operatorAccountId,
}: OpenTrailDeps): Record<string, Handler> {
  return {
    CreateAccount: async (_context, input: { AccountId?: string }) => {
      if (!/^\d{12}$/.test(input.AccountId ?? ''))
        throw new AwsError('ValidationException', 'AccountId must be 12 digits.');
      const made = await accounts.create(input.AccountId!);
      if (!made)
        throw new AwsError('AccountAlreadyExistsException', `Account ${input.AccountId} exists already.`, {
          status: 409,
        });
      return {
        AccountId: input.AccountId,
        UserName: made.userName,
        AccessKeyId: made.accessKeyId,
        SecretAccessKey: made.secretAccessKey,
      };
    },
    ListAccounts: async (context) => {
      const own = context.caller.accountId;
      const seen = own === operatorAccountId ? await accounts.list() : [own];
      return { Accounts: seen.map((AccountId) => ({ AccountId })), InstanceId: instanceId };
    },
  };
}
