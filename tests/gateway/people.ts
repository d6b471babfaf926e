import type { Expected, Scenario } from './harness.ts';
import { failed, lowered, read, write } from './shapes.ts';

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

export const cognito: Scenario = async (t) => {
  const source = 'cognito-idp';
  const { UserPool } = await t.call(source, 'CreateUserPool', { PoolName: 'readers' }, (r) =>
    write(source, { poolName: 'readers' }, lowered(r)),
  );
  const UserPoolId = UserPool.Id;
  const userPoolId = UserPoolId;
  await t.call(
    source,
    'AdminCreateUser',
    {
      UserPoolId,
      Username: 'ann',
      TemporaryPassword: 'Hush-hush-1',
      UserAttributes: [{ Name: 'email', Value: 'ann@example.com' }],
      MessageAction: 'SUPPRESS',
    },
    (r) =>
      write(
        source,
        {
          userPoolId,
          username: HIDDEN,
          temporaryPassword: HIDDEN,
          userAttributes: [{ name: 'email', value: HIDDEN }],
          messageAction: 'SUPPRESS',
        },
        {
          user: {
            ...lowered(r.User),
            username: HIDDEN,
            attributes: [
              { name: 'email', value: HIDDEN },
              { name: 'sub', value: HIDDEN },
            ],
          },
        },
      ),
  );
  await t.call(
    source,
    'AdminSetUserPassword',
    { UserPoolId, Username: 'ann', Password: 'Hush-hush-2', Permanent: true },
    write(source, { userPoolId, username: HIDDEN, password: HIDDEN, permanent: true }),
  );
  await t.cli(
    'ListUserPools',
    ['cognito-idp', 'list-user-pools', '--max-results', '10'],
    read(source, { maxResults: 10 }),
  );
  await t.call(
    source,
    'AdminGetUser',
    { UserPoolId, Username: 'nobody' },
    failed(read(source, { userPoolId, username: HIDDEN }), 'UserNotFoundException'),
  );
  await t.call(source, 'DeleteUserPool', { UserPoolId }, write(source, { userPoolId }));
};

export const ses: Scenario = async (t) => {
  const source = 'ses';
  const signed = (expected: Expected): Expected => ({ ...expected, additional: { SignatureVersion: '4' } });
  await t.call(
    source,
    'VerifyEmailIdentity',
    { EmailAddress: 'ann@example.com' },
    signed(write(source, { emailAddress: 'ann@example.com' })),
  );
  await t.call(
    source,
    'GetIdentityVerificationAttributes',
    { Identities: ['ann@example.com'] },
    signed(read(source, { identities: ['ann@example.com'] })),
  );
  await t.cli('GetSendQuota', ['ses', 'get-send-quota'], signed(read(source)));
  await t.call(
    source,
    'GetTemplate',
    { TemplateName: 'nobody' },
    signed(failed(read(source, { templateName: 'nobody' }), 'TemplateDoesNotExistException')),
  );
  await t.call(
    source,
    'DeleteIdentity',
    { Identity: 'ann@example.com' },
    signed(write(source, { identity: 'ann@example.com' })),
  );
};
