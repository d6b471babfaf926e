import type { KnownIdentity } from '../access/directory.ts';
import type { UserIdentity } from '../event/record.ts';
import { type Members, roleOfArn, samlUser, text, webIdentityOf, webIdentityUser } from './federation.ts';

/** What tells who made a call. */
export interface Asked {
  /** undefined: nobody knows the service. */
  readonly schemaId: string | undefined;
  readonly operation: string | undefined;
  /** Of the signature, verified or not: what the upstream accepts has happened. undefined: the call was not signed. */
  readonly accessKeyId: string | undefined;
  /** As the directory knew the key when the call came: the call itself may have deleted it. */
  readonly known: KnownIdentity | undefined;
  readonly input?: Members | undefined;
  readonly output?: Members | undefined;
  /** Where calls belong whose caller is not known: `directory.unknownAccountId`. */
  readonly unknownAccountId: string;
}

export interface Identified {
  readonly identity: UserIdentity;
  /** The account whose record it is. */
  readonly accountId: string;
  readonly known: KnownIdentity | undefined;
}

/** STS's calls that bring another proof of who one is than a signature. */
const FEDERATED: Readonly<Record<string, (asked: Asked) => UserIdentity>> = {
  AssumeRoleWithWebIdentity: ({ input, output }) => webIdentityUser(webIdentityOf(input, output)),
  AssumeRoleWithSAML: ({ input, output }) => samlUser(input, output),
};

/**
 * Who made a call (spec: records §3, record-conventions §4), members in CloudTrail's order.
 *
 * A key that nobody knows is `Unknown`, in the account that unknown calls belong to; its id stands as principalId too,
 * so that what groups calls by their principal keeps one stranger apart from another.
 */
export function identify(asked: Asked): Identified {
  const { schemaId, operation = '', accessKeyId, known, unknownAccountId: accountId } = asked;
  const federated = schemaId === 'sts' && Object.hasOwn(FEDERATED, operation) ? FEDERATED[operation] : undefined;
  if (federated) {
    const role = roleOfArn(text(asked.input, 'RoleArn'));
    return { identity: federated(asked), accountId: role?.accountId ?? accountId, known: undefined };
  }
  if (known) return { identity: known.identity, accountId: known.accountId, known };
  if (accessKeyId !== undefined) {
    const identity = { type: 'Unknown', principalId: accessKeyId, accountId, accessKeyId };
    return { identity, accountId, known };
  }
  return { identity: schemaId === 's3' ? ANONYMOUS_S3 : ANONYMOUS, accountId, known };
}

const ANONYMOUS_S3: UserIdentity = { type: 'AWSAccount', principalId: '', accountId: 'ANONYMOUS_PRINCIPAL' };
/** As Cognito's public calls are recorded. */
const ANONYMOUS: UserIdentity = { type: 'Unknown', principalId: 'Anonymous' };
