import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { findUser, impliedUser } from './find.ts';

/**
 * Lists of what cannot be made here, and so is never there: certificates, SSH keys, credentials of single services. They
 * are asked by whoever deletes a user with all that is his.
 */
const OF_USER = {
  ListSSHPublicKeys: 'SSHPublicKeys',
  ListServiceSpecificCredentials: 'ServiceSpecificCredentials',
  ListSigningCertificates: 'Certificates',
} as const;

export function createNothingThereHandlers({ store: { data } }: IamDeps): Record<string, Handler> {
  const ofUser = Object.entries(OF_USER).map(([operation, member]): [string, Handler] => [
    operation,
    async (context, input) => {
      const userName = input.AllUsers ? undefined : impliedUser(context, input.UserName);
      if (userName !== undefined) await findUser(data, context.caller.accountId, userName);
      return { [member]: [], IsTruncated: false };
    },
  ]);
  return {
    ...Object.fromEntries(ofUser),
    ListServerCertificates: async () => ({ ServerCertificateMetadataList: [], IsTruncated: false }),
  };
}
