import type { GetCallerIdentityResponse } from '@aws-sdk/client-sts';
import { AwsError } from '../../base/errors.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Service } from '../../wire/service.ts';

/**
 * STS, as far as clients need it to learn who they are: Terraform and the SDKs ask before all else. Left out: everything
 * that gives out credentials.
 */
export function stsService(deps: { readonly schema: ServiceSchema }): Service {
  return {
    schema: deps.schema,
    permissions: { GetCallerIdentity: 'AWS asks for none: whoever can sign may know who they are' },
    operations: {
      /** A root user's UserId is its account. */
      GetCallerIdentity: async ({ caller }): Promise<GetCallerIdentityResponse> => ({
        UserId: caller.identity.principalId ?? caller.accountId,
        Account: caller.accountId,
        Arn: caller.arn,
      }),
    },
    notImplemented: (operation) =>
      new AwsError(
        'InvalidAction',
        `The action ${operation} is not valid for this endpoint. OpenTrail's STS has GetCallerIdentity only.`,
      ),
  };
}
