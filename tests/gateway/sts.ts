import { expect } from 'vitest';
import { ALICE, type Answer, type CallOptions, type Scenario } from './harness.ts';

const source = 'sts';
const read = { source, readOnly: true } as const;
const write = { source, readOnly: false } as const;
const ACCOUNT = '123456789012';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/path/auditor`;
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/tuesday`;
const TRUST = JSON.stringify({ Version: '2012-10-17', Statement: [] });
const ISO_SECONDS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
/** Java's newer spelling, with a comma behind the year. */
const JAVA_TIME = expect.stringMatching(/^[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M$/);
const attributes = { creationDate: ISO_SECONDS, mfaAuthenticated: 'false' };

/** The session's token is recorded, its secret never. */
const shownCredentials = ({ Credentials: c }: Answer) => ({
  accessKeyId: c.AccessKeyId,
  sessionToken: c.SessionToken,
  expiration: JAVA_TIME,
});
const keyOf = ({ Credentials: c }: Answer): CallOptions => ({
  key: [c.AccessKeyId, c.SecretAccessKey, c.SessionToken],
});
const resources = [{ accountId: ACCOUNT, type: 'AWS::IAM::Role', ARN: ROLE }];
/** A call of GetCallerIdentity; moto's answer does not know the sessions of users. */
const whoAmI = ({ UserId, Account, Arn }: Answer) => ({
  ...read,
  request: null,
  response: { userId: UserId, account: Account, arn: Arn },
});

export const sts: Scenario = async (t) => {
  await t.call('sts', 'GetCallerIdentity', {}, whoAmI);
  await t.cli('GetCallerIdentity', ['sts', 'get-caller-identity'], whoAmI);
  const { Role } = await t.call(
    'iam',
    'CreateRole',
    { RoleName: 'auditor', Path: '/path/', AssumeRolePolicyDocument: TRUST },
    {
      source: 'iam',
      readOnly: false,
      request: { roleName: 'auditor', path: '/path/', assumeRolePolicyDocument: TRUST },
      response: expect.anything(),
    },
  );
  const assumed = await t.call(
    'sts',
    'AssumeRole',
    { RoleArn: ROLE, RoleSessionName: 'tuesday', DurationSeconds: 900, ExternalId: 'ext-1' },
    (answer) => ({
      ...read,
      request: { roleArn: ROLE, roleSessionName: 'tuesday', durationSeconds: 900, externalId: 'ext-1' },
      response: expect.objectContaining({
        credentials: shownCredentials(answer),
        assumedRoleUser: { assumedRoleId: answer.AssumedRoleUser.AssumedRoleId, arn: SESSION },
      }),
      resources,
    }),
  );
  const sessionIssuer = {
    type: 'Role',
    principalId: Role.RoleId,
    arn: ROLE,
    accountId: ACCOUNT,
    userName: 'auditor',
  };
  const session = {
    type: 'AssumedRole',
    principalId: assumed.AssumedRoleUser.AssumedRoleId,
    arn: SESSION,
    accountId: ACCOUNT,
    accessKeyId: assumed.Credentials.AccessKeyId,
    sessionContext: { sessionIssuer, attributes },
  };
  await t.call('sts', 'GetCallerIdentity', {}, (a) => ({ ...whoAmI(a), identity: session }), keyOf(assumed));
  await t.call(
    'iam',
    'GetUser',
    { UserName: 'nobody' },
    {
      source: 'iam',
      readOnly: true,
      request: { userName: 'nobody' },
      error: 'NoSuchEntityException',
      identity: session,
    },
    keyOf(assumed),
  );
  // A session that a session made: of the second role, and known as that.
  const chained = await t.call(
    'sts',
    'AssumeRole',
    { RoleArn: ROLE, RoleSessionName: 'wednesday' },
    (answer) => ({
      ...read,
      request: { roleArn: ROLE, roleSessionName: 'wednesday' },
      response: expect.objectContaining({ credentials: shownCredentials(answer) }),
      resources,
      identity: session,
    }),
    keyOf(assumed),
  );
  await t.call(
    'sts',
    'GetCallerIdentity',
    {},
    (a) => ({
      ...whoAmI(a),
      identity: {
        ...session,
        principalId: chained.AssumedRoleUser.AssumedRoleId,
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/wednesday`,
        accessKeyId: chained.Credentials.AccessKeyId,
      },
    }),
    keyOf(chained),
  );

  const own = await t.call('sts', 'GetSessionToken', { DurationSeconds: 900 }, (answer) => ({
    ...write,
    request: { durationSeconds: 900 },
    response: { credentials: shownCredentials(answer) },
  }));
  await t.call(
    'sts',
    'GetCallerIdentity',
    {},
    (a) => ({
      ...whoAmI(a),
      identity: { ...ALICE, accessKeyId: own.Credentials.AccessKeyId, sessionContext: { attributes } },
    }),
    keyOf(own),
  );
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
  const federated = await t.call('sts', 'GetFederationToken', { Name: 'guest', Policy: policy }, (answer) => ({
    ...write,
    request: { name: 'guest', policy },
    response: expect.objectContaining({
      credentials: shownCredentials(answer),
      federatedUser: { federatedUserId: `${ACCOUNT}:guest`, arn: `arn:aws:sts::${ACCOUNT}:federated-user/guest` },
    }),
  }));
  const { accessKeyId: _key, ...issuer } = ALICE;
  await t.call(
    'sts',
    'GetCallerIdentity',
    {},
    (a) => ({
      ...whoAmI(a),
      identity: {
        type: 'FederatedUser',
        principalId: `${ACCOUNT}:guest`,
        arn: `arn:aws:sts::${ACCOUNT}:federated-user/guest`,
        accountId: ACCOUNT,
        accessKeyId: federated.Credentials.AccessKeyId,
        sessionContext: { sessionIssuer: issuer, attributes },
      },
    }),
    keyOf(federated),
  );
  await federations(t);
};

/** Sessions of those who bring another proof than a key. */
async function federations(t: Parameters<Scenario>[0]): Promise<void> {
  const claims = { iss: 'https://oidc.example.com', aud: 'sts.amazonaws.com', sub: 'repo:x/y' };
  const token = ['{"alg":"none"}', JSON.stringify(claims), 'x']
    .map((p) => Buffer.from(p).toString('base64url'))
    .join('.');
  const provider = `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.example.com`;
  await t.call(
    'sts',
    'AssumeRoleWithWebIdentity',
    { RoleArn: ROLE, RoleSessionName: 'ci', WebIdentityToken: token },
    (answer) => ({
      ...read,
      request: { roleArn: ROLE, roleSessionName: 'ci' },
      response: expect.objectContaining({
        credentials: shownCredentials(answer),
        assumedRoleUser: {
          assumedRoleId: answer.AssumedRoleUser.AssumedRoleId,
          arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/ci`,
        },
      }),
      resources,
      identity: {
        type: 'WebIdentityUser',
        principalId: `${provider}:sts.amazonaws.com:repo:x/y`,
        userName: 'repo:x/y',
        identityProvider: provider,
      },
    }),
  );
  const principalArn = `arn:aws:iam::${ACCOUNT}:saml-provider/corp`;
  const assertion = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r"><saml:Assertion
    xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1b2"><saml:Issuer>http://idp.example</saml:Issuer>
    <saml:Subject><saml:NameID>carol</saml:NameID></saml:Subject><saml:AttributeStatement>
    <saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><saml:AttributeValue>carol</saml:AttributeValue></saml:Attribute>
    <saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><saml:AttributeValue>${ROLE},${principalArn}</saml:AttributeValue></saml:Attribute>
    </saml:AttributeStatement></saml:Assertion></samlp:Response>`;
  await t.call(
    'sts',
    'AssumeRoleWithSAML',
    { RoleArn: ROLE, PrincipalArn: principalArn, SAMLAssertion: Buffer.from(assertion).toString('base64') },
    (answer) => ({
      ...read,
      request: { sAMLAssertionID: '_a1b2', roleSessionName: 'carol', roleArn: ROLE, principalArn },
      response: expect.objectContaining({
        credentials: shownCredentials(answer),
        subject: answer.Subject,
        subjectType: answer.SubjectType,
        issuer: answer.Issuer,
        audience: answer.Audience,
        nameQualifier: answer.NameQualifier,
      }),
      resources,
      // moto makes a subject up.
      identity: {
        type: 'SAMLUser',
        principalId: `${answer.NameQualifier}:${answer.Subject}`,
        userName: answer.Subject,
        identityProvider: answer.NameQualifier,
      },
    }),
  );
}
