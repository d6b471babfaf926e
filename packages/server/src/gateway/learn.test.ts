import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Directory, openDirectory } from '../access/directory.ts';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import { memoryState } from '../ports/state/memory.ts';
import { identify } from './identify.ts';
import { factsOf, type Taught } from './learn.ts';

const A = '123456789012';
const B = '210987654321';

async function directoryOf(): Promise<Directory> {
  return openDirectory({
    state: memoryState(),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    sealingKey: Buffer.alloc(32, 3),
    unknownAccountId: A,
  });
}

describe('what answers teach', () => {
  const taught = (
    schemaId: string,
    operation: string,
    input: object,
    output: object,
    more: Partial<Taught> = {},
  ): Taught => ({
    schemaId,
    operation,
    input: input as Taught['input'],
    output: output as Taught['output'],
    caller: undefined,
    accessKeyId: undefined,
    accountId: A,
    timeMs: Date.UTC(2026, 0, 1),
    ...more,
  });
  const Credentials = {
    AccessKeyId: 'ASIAX',
    SecretAccessKey: 'secret',
    SessionToken: 'token',
    Expiration: new Date(Date.now() + 3_600_000),
  };
  const identityAfter = async (call: Taught, id = 'ASIAX') => {
    const directory = await directoryOf();
    await directory.learn(...factsOf(call));
    return directory.find(id)?.identity;
  };

  test('AssumeRoot', async () => {
    const identity = await identityAfter(
      taught('sts', 'AssumeRoot', { TargetPrincipal: B }, { Credentials, SourceIdentity: 'me' }),
    );
    expect(identity).toEqual({
      ...{ type: 'Root', principalId: B, arn: `arn:aws:iam::${B}:root`, accountId: B, accessKeyId: 'ASIAX' },
      sessionContext: {
        attributes: { creationDate: '2026-01-01T00:00:00Z', mfaAuthenticated: 'false' },
        sourceIdentity: 'me',
        assumedRoot: 'true',
      },
    });
  });

  test('a service-linked role’s session is its service’s', async () => {
    const RoleArn = `arn:aws:iam::${A}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS`;
    const AssumedRoleUser = { Arn: `arn:aws:sts::${A}:assumed-role/AWSServiceRoleForRDS/s`, AssumedRoleId: 'AROAX:s' };
    const identity = await identityAfter(taught('sts', 'AssumeRole', { RoleArn }, { Credentials, AssumedRoleUser }));
    expect(identity).toMatchObject({
      invokedBy: 'rds.amazonaws.com',
      sessionContext: { sessionIssuer: { arn: RoleArn } },
    });
  });

  test('a role ARN that the answer does not bear out is not believed', async () => {
    const AssumedRoleUser = { Arn: `arn:aws:sts::${A}:assumed-role/app/s`, AssumedRoleId: 'AROAX:s' };
    const input = { RoleArn: `arn:aws:iam::${B}:role/aws-service-role/rds.amazonaws.com/app` };
    const identity = await identityAfter(taught('sts', 'AssumeRole', input, { Credentials, AssumedRoleUser }));
    expect(identity).toMatchObject({
      accountId: A,
      sessionContext: { sessionIssuer: { arn: `arn:aws:iam::${A}:role/app` } },
    });
    expect(identity).not.toHaveProperty('invokedBy');
  });

  test('MinIO names no role: the session is its caller’s', async () => {
    const directory = await directoryOf();
    await directory.learn({
      fact: 'key',
      accessKeyId: 'minioadmin',
      key: { accountId: A, owner: { kind: 'root' }, source: 'issued', active: true },
    });
    const caller = directory.find('minioadmin');
    const input = { RoleArn: 'arn:xxx:xxx:xxx:xxxx', RoleSessionName: 'x' };
    await directory.learn(...factsOf(taught('sts', 'AssumeRole', input, { Credentials }, { caller })));
    expect(directory.find('ASIAX')?.identity).toMatchObject({ type: 'Root', sessionContext: { attributes: {} } });
  });

  test('a key that names nobody is root’s when root made it, and not when the gateway signed for root', async () => {
    const directory = await directoryOf();
    const root = { accountId: A, owner: { kind: 'root' }, source: 'issued', active: true } as const;
    await directory.learn({ fact: 'key', accessKeyId: 'AKIAROOT', key: root });
    const caller = directory.find('AKIAROOT');
    const AccessKey = { AccessKeyId: 'AKIANEW', SecretAccessKey: 's', UserName: 'gateway', Status: 'Active' };
    const call = taught('iam', 'CreateAccessKey', {}, { AccessKey }, { caller });
    expect(factsOf(call)).toMatchObject([{ key: { owner: { kind: 'root' } } }]);
    expect(factsOf({ ...call, resigned: true })).toMatchObject([{ key: { owner: { userName: 'gateway' } } }]);
  });

  test('Cognito and SSO: the account first, the role when GetCallerIdentity tells it', async () => {
    const directory = await directoryOf();
    const sso = {
      roleCredentials: {
        accessKeyId: 'ASIAX',
        secretAccessKey: 's',
        sessionToken: 't',
        expiration: Date.now() + 3_600_000,
      },
    };
    await directory.learn(...factsOf(taught('sso', 'GetRoleCredentials', { roleName: 'Admin', accountId: B }, sso)));
    expect(directory.find('ASIAX')?.identity).toEqual({
      type: 'AssumedRole',
      accountId: B,
      accessKeyId: 'ASIAX',
      sessionContext: { attributes: { creationDate: '2026-01-01T00:00:00Z', mfaAuthenticated: 'false' } },
    });
    const Arn = `arn:aws:sts::${B}:assumed-role/AWSReservedSSO_Admin_1/carol`;
    const told = taught(
      'sts',
      'GetCallerIdentity',
      {},
      { Arn, Account: B, UserId: 'AROAY:carol' },
      { accessKeyId: 'ASIAX' },
    );
    expect(factsOf({ ...told, resigned: true })).toEqual([]);
    await directory.learn(...factsOf(told));
    expect(directory.find('ASIAX')?.identity).toMatchObject({
      principalId: 'AROAY:carol',
      arn: Arn,
      sessionContext: {
        sessionIssuer: { userName: 'AWSReservedSSO_Admin_1' },
        attributes: { mfaAuthenticated: 'false' },
      },
    });
    const cognito = {
      IdentityId: 'us-east-1:1',
      Credentials: { AccessKeyId: 'ASIAY', SecretKey: 's', SessionToken: 't', Expiration: new Date() },
    };
    await directory.learn(
      ...factsOf(taught('cognito-identity', 'GetCredentialsForIdentity', { IdentityId: 'us-east-1:1' }, cognito)),
    );
    expect(directory.find('ASIAY')?.identity).toMatchObject({
      sessionContext: {
        webIdFederationData: {
          federatedProvider: 'cognito-identity.amazonaws.com',
          attributes: { 'cognito-identity.amazonaws.com:sub': 'us-east-1:1' },
        },
      },
    });
  });

  test('failed federated calls show whom the caller claimed to be, and never the token', () => {
    const claims = Buffer.from(JSON.stringify({ iss: 'accounts.google.com', aud: 'app', sub: '42' })).toString(
      'base64url',
    );
    const web = identify({
      ...BARE,
      operation: 'AssumeRoleWithWebIdentity',
      input: { RoleArn: `arn:aws:iam::${B}:role/x`, WebIdentityToken: `e30.${claims}.sig` },
    });
    expect(web).toEqual({
      accountId: B,
      known: undefined,
      identity: {
        type: 'WebIdentityUser',
        principalId: 'accounts.google.com:app:42',
        userName: '42',
        identityProvider: 'accounts.google.com',
      },
    });
    const xml =
      '<r><saml:Issuer xmlns:saml="x">https://example.com/saml</saml:Issuer><saml:NameID Format="p">carol</saml:NameID></r>';
    const input = {
      SAMLAssertion: Buffer.from(xml).toString('base64'),
      PrincipalArn: `arn:aws:iam::${A}:saml-provider/MySAMLIdP`,
    };
    const saml = identify({ ...BARE, operation: 'AssumeRoleWithSAML', input }).identity;
    expect(saml).toMatchObject({ userName: 'carol', identityProvider: expect.stringMatching(/^[\w+/]{27}=$/) });
    expect(identify({ ...BARE, operation: 'AssumeRoleWithSAML' }).identity).toEqual({ type: 'SAMLUser' });
  });

  test('unsigned calls', () => {
    expect(identify({ ...BARE, schemaId: 's3' }).identity).toEqual({
      type: 'AWSAccount',
      principalId: '',
      accountId: 'ANONYMOUS_PRINCIPAL',
    });
    expect(identify({ ...BARE, schemaId: 'cognito-identity' }).identity).toEqual({
      type: 'Unknown',
      principalId: 'Anonymous',
    });
  });
  const BARE = { schemaId: 'sts', operation: undefined, accessKeyId: undefined, known: undefined, unknownAccountId: A };

  test('whatever an answer holds, facts are facts, and no secret shows in an identity', async () => {
    const names = [
      'GetUser',
      'ListUsers',
      'CreateAccessKey',
      'ListAccessKeys',
      'UpdateAccessKey',
      'CreateRole',
      'ListAccountAliases',
    ];
    const sts = [
      'AssumeRole',
      'AssumeRoleWithWebIdentity',
      'AssumeRoleWithSAML',
      'AssumeRoot',
      'GetCallerIdentity',
      'GetFederationToken',
      'GetSessionToken',
    ];
    const cases = fc.oneof(
      fc.tuple(fc.constant('iam'), fc.constantFrom(...names)),
      fc.tuple(fc.constant('sts'), fc.constantFrom(...sts)),
      fc.tuple(
        fc.constantFrom('sso', 'organizations', 'toString'),
        fc.constantFrom('GetRoleCredentials', 'CreateAccount', 'constructor'),
      ),
    );
    const leaf = fc.oneof(
      fc.string(),
      fc.constant(`arn:aws:sts::${A}:assumed-role/a/b`),
      fc.constant(`arn:aws:iam::${A}:user/x`),
      fc.jsonValue(),
    );
    const SECRET = 'TheSecretAccessKey';
    const member = fc.constantFrom(
      'User',
      'Users',
      'AccessKey',
      'Arn',
      'UserName',
      'UserId',
      'RoleArn',
      'AssumedRoleUser',
      'AccessKeyId',
      'TargetPrincipal',
      'Role',
      'RoleName',
    );
    const tree = fc.dictionary(
      member,
      fc.oneof(leaf, fc.dictionary(member, leaf), fc.array(fc.dictionary(member, leaf))),
    );
    const directory = await directoryOf();
    await fc.assert(
      fc.asyncProperty(cases, tree, tree, async ([schemaId, operation], input, output) => {
        const withSecrets = {
          AccessKey: { AccessKeyId: 'AKIAP', UserName: 'u', SecretAccessKey: SECRET },
          Credentials: { ...Credentials, SecretAccessKey: SECRET, SessionToken: SECRET },
          ...output,
        };
        const facts = factsOf(taught(schemaId, operation, input, withSecrets, { accessKeyId: 'AKIAP' }));
        await directory.learn(...facts);
        for (const id of ['AKIAP', 'ASIAX'])
          expect(JSON.stringify(directory.find(id)?.identity) ?? '').not.toContain(SECRET);
      }),
      { numRuns: 500 },
    );
  });
});
