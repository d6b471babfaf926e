import { expect } from 'vitest';
import type { Expected, Scenario } from './harness.ts';
import { failed, lowered, read, time, write } from './shapes.ts';

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

export const ssm: Scenario = async (t) => {
  const source = 'ssm';
  const ofParameter = (expected: Expected): Expected => ({
    ...expected,
    resources: [{ accountId: '123456789012', ARN: 'arn:aws:ssm:us-east-1:123456789012:parameter/db/password' }],
  });
  const name = '/db/password';
  await t.call(
    source,
    'PutParameter',
    { Name: name, Value: 'hush', Type: 'SecureString', Overwrite: false, Tier: 'Standard' },
    ofParameter(
      write(
        source,
        { name, value: HIDDEN, type: 'SecureString', overwrite: false, tier: 'Standard' },
        { version: 1, tier: 'Standard' },
      ),
    ),
  );
  await t.call(
    source,
    'GetParameter',
    { Name: name, WithDecryption: true },
    ofParameter(read(source, { name, withDecryption: true })),
  );
  await t.call(
    source,
    'GetParameters',
    { Names: [name], WithDecryption: true },
    ofParameter(read(source, { names: [name], withDecryption: true })),
  );
  await t.call(
    source,
    'AddTagsToResource',
    { ResourceType: 'Parameter', ResourceId: name, Tags: [{ Key: 'Team', Value: 'mail' }] },
    write(source, { resourceType: 'Parameter', resourceId: name, tags: [{ key: 'Team', value: 'mail' }] }),
  );
  await t.cli('DescribeParameters', ['ssm', 'describe-parameters', '--max-items', '10'], read(source));
  await t.call(
    source,
    'SendCommand',
    {
      InstanceIds: ['i-0dbc91f429e48eeed'],
      DocumentName: 'AWS-RunShellScript',
      Parameters: { commands: ['echo hush'] },
    },
    ({ Command }) =>
      write(
        source,
        {
          instanceIds: ['i-0dbc91f429e48eeed'],
          documentName: 'AWS-RunShellScript',
          parameters: HIDDEN,
          interactive: false,
        },
        { command: { ...lowered(Command), parameters: HIDDEN } },
      ),
  );
  await t.call(
    source,
    'GetParameter',
    { Name: '/nobody' },
    failed(read(source, { name: '/nobody' }), 'ParameterNotFound'),
  );
  await t.call(source, 'DeleteParameter', { Name: name }, ofParameter(write(source, { name })));
};

export const secretsManager: Scenario = async (t) => {
  const source = 'secretsmanager';
  const { ARN } = await t.call(
    source,
    'CreateSecret',
    { Name: 'db', Description: 'of the database', SecretString: 'hush', Tags: [{ Key: 'Team', Value: 'mail' }] },
    (r) =>
      write(
        source,
        {
          name: 'db',
          clientRequestToken: expect.any(String),
          description: 'of the database',
          tags: [{ key: 'Team', value: 'mail' }],
        },
        { arn: r.ARN },
      ),
  );
  await t.call(
    source,
    'PutSecretValue',
    { SecretId: ARN, SecretBinary: { $bytes: 'aHVzaA==' } },
    write(source, { secretId: ARN, clientRequestToken: expect.any(String) }, { arn: ARN }),
  );
  await t.call(
    source,
    'GetSecretValue',
    { SecretId: ARN, VersionStage: 'AWSCURRENT' },
    read(source, { secretId: ARN, versionStage: 'AWSCURRENT' }),
  );
  await t.call(
    source,
    'BatchGetSecretValue',
    { Filters: [{ Key: 'name', Values: ['db'] }] },
    read(source, { filters: [{ key: 'name', values: ['db'] }] }),
  );
  await t.cli(
    'ListSecrets',
    ['secretsmanager', 'list-secrets', '--filters', 'Key=tag-key,Values=Team'],
    read(source, { filters: [{ key: 'tag-key', values: ['Team'] }] }),
  );
  await t.call(
    source,
    'TagResource',
    { SecretId: ARN, Tags: [{ Key: 'Owner', Value: 'Ann' }] },
    write(source, { secretId: ARN, tags: [{ key: 'Owner', value: 'Ann' }] }),
  );
  await t.call(
    source,
    'DescribeSecret',
    { SecretId: 'nobody' },
    failed(read(source, { secretId: 'nobody' }), 'ResourceNotFoundException'),
  );
  await t.call(source, 'DeleteSecret', { SecretId: ARN, ForceDeleteWithoutRecovery: true }, (r) =>
    write(
      source,
      { secretId: ARN, forceDeleteWithoutRecovery: true },
      { aRN: ARN, name: 'db', deletionDate: time(r.DeletionDate) },
    ),
  );
};
