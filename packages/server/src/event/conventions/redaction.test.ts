import { describe, expect, it } from 'vitest';
import { loadCatalogue } from '../../schema/catalogue.ts';
import { answerOf, requestOf } from '../parameters.ts';
import { HIDDEN } from './redaction.ts';

const catalogue = loadCatalogue();
const request = (id: string, operation: string, input: object) =>
  requestOf(catalogue.schema(id)!, operation, input as Record<string, unknown>);

describe('secrets that no model marks', () => {
  it.each([
    ['elasticache', 'CreateUser', { UserId: 'a', Passwords: ['hush'] }, { userId: 'a', passwords: HIDDEN }],
    ['elasticache', 'CreateReplicationGroup', { AuthToken: 'hush' }, { authToken: HIDDEN }],
    ['mq', 'CreateUser', { Username: 'a', Password: 'hush' }, { username: 'a', password: HIDDEN }],
    [
      'emr',
      'RunJobFlow',
      { KerberosAttributes: { Realm: 'r', KdcAdminPassword: 'hush' } },
      { kerberosAttributes: { realm: 'r', kdcAdminPassword: HIDDEN } },
    ],
    [
      'codepipeline',
      'PutWebhook',
      { webhook: { authenticationConfiguration: { SecretToken: 'hush' } } },
      { webhook: { authenticationConfiguration: { secretToken: HIDDEN } } },
    ],
  ])('are hidden by their names: %s %s', (id, operation, input, shown) => {
    expect(request(id, operation, input)).toMatchObject(shown);
    expect(JSON.stringify(request(id, operation, input))).not.toContain('hush');
  });

  it('are hidden in answers too', () => {
    const output = { accessKey: { accessKeyId: 'AKIA', secretAccessKey: 'hush' } };
    const shown = answerOf(catalogue.schema('lightsail')!, 'CreateBucketAccessKey', output);
    expect(shown).toEqual({ accessKey: { accessKeyId: HIDDEN, secretAccessKey: HIDDEN } });
  });

  it.each([
    ['cognito-identity-provider', 'CreateUserPoolClient', { TokenValidityUnits: { AccessToken: 'hours' } }],
    ['secrets-manager', 'GetSecretValue', { SecretId: 'db', VersionId: 'v' }],
    ['iam', 'UpdateSAMLProvider', { RemovePrivateKey: 'k' }],
    ['iam', 'CreateLoginProfile', { UserName: 'a', PasswordResetRequired: true }],
    ['dynamodb', 'TagResource', { Tags: [{ Key: 'Team', Value: 'mail' }] }],
  ])('are not what only resembles them: %s %s', (id, operation, input) => {
    const texts = (value: unknown): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [value];
    expect(texts(request(id, operation, input)).sort()).toEqual(texts(input).sort());
  });
});
