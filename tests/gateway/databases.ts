import type { Expected, Scenario } from './harness.ts';
import { failed, lowered, oldTime, read, write } from './shapes.ts';

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

export const efs: Scenario = async (t) => {
  const source = 'elasticfilesystem';
  const versioned = (expected: Expected): Expected => ({ ...expected, apiVersion: '2015-02-01' });
  const { FileSystemId } = await t.call(
    'efs',
    'CreateFileSystem',
    { CreationToken: 'once', PerformanceMode: 'generalPurpose', Tags: [{ Key: 'Team', Value: 'mail' }] },
    (r) =>
      versioned(
        write(
          source,
          { creationToken: 'once', performanceMode: 'generalPurpose', tags: [{ key: 'Team', value: 'mail' }] },
          lowered(r),
        ),
      ),
  );
  await t.call(
    'efs',
    'PutLifecycleConfiguration',
    { FileSystemId, LifecyclePolicies: [{ TransitionToIA: 'AFTER_30_DAYS' }] },
    (r) =>
      versioned(
        write(
          source,
          { fileSystemId: FileSystemId, lifecyclePolicies: [{ transitionToIA: 'AFTER_30_DAYS' }] },
          lowered(r),
        ),
      ),
  );
  await t.cli(
    'DescribeFileSystems',
    ['efs', 'describe-file-systems', '--file-system-id', FileSystemId],
    versioned(read(source, { fileSystemId: FileSystemId })),
  );
  await t.call(
    'efs',
    'DescribeMountTargets',
    { MountTargetId: 'fsmt-12345678' },
    versioned(failed(read(source, { mountTargetId: 'fsmt-12345678' }), 'MountTargetNotFound')),
  );
  await t.call('efs', 'DeleteFileSystem', { FileSystemId }, versioned(write(source, { fileSystemId: FileSystemId })));
};

export const rds: Scenario = async (t) => {
  const source = 'rds';
  const shown = (r: object) => lowered(Object.values(lowered(r, oldTime))[0], oldTime);
  await t.call(
    source,
    'CreateDBInstance',
    {
      DBInstanceIdentifier: 'mail',
      DBInstanceClass: 'db.t3.micro',
      Engine: 'mysql',
      AllocatedStorage: 10,
      MasterUsername: 'admin',
      MasterUserPassword: 'hush-hush',
      PubliclyAccessible: false,
      Tags: [{ Key: 'Team', Value: 'mail' }],
    },
    (r) =>
      write(
        source,
        {
          dBInstanceIdentifier: 'mail',
          dBInstanceClass: 'db.t3.micro',
          engine: 'mysql',
          allocatedStorage: 10,
          masterUsername: 'admin',
          masterUserPassword: HIDDEN,
          publiclyAccessible: false,
          tags: [{ key: 'Team', value: 'mail' }],
        },
        shown(r),
      ),
  );
  await t.call(
    source,
    'ModifyDBInstance',
    { DBInstanceIdentifier: 'mail', MasterUserPassword: 'hush-again', ApplyImmediately: true },
    (r) =>
      write(source, { dBInstanceIdentifier: 'mail', masterUserPassword: HIDDEN, applyImmediately: true }, shown(r)),
  );
  await t.call(
    source,
    'CreateDBSnapshot',
    { DBSnapshotIdentifier: 'exfiltration', DBInstanceIdentifier: 'mail' },
    (r) => write(source, { dBSnapshotIdentifier: 'exfiltration', dBInstanceIdentifier: 'mail' }, shown(r)),
  );
  await t.call(
    source,
    'ModifyDBSnapshotAttribute',
    { DBSnapshotIdentifier: 'exfiltration', AttributeName: 'restore', ValuesToAdd: ['193672423079'] },
    write(
      source,
      { dBSnapshotIdentifier: 'exfiltration', attributeName: 'restore', valuesToAdd: ['193672423079'] },
      {
        dBSnapshotIdentifier: 'exfiltration',
        dBSnapshotAttributes: [{ attributeName: 'restore', attributeValues: ['193672423079'] }],
      },
    ),
  );
  const arn = 'arn:aws:rds:us-east-1:123456789012:db:mail';
  await t.call(
    source,
    'AddTagsToResource',
    { ResourceName: arn, Tags: [{ Key: 'Owner', Value: 'Ann' }] },
    write(source, { resourceName: arn, tags: [{ key: 'Owner', value: 'Ann' }] }),
  );
  await t.call(
    source,
    'DescribeDBInstances',
    { DBInstanceIdentifier: 'mail' },
    read(source, { dBInstanceIdentifier: 'mail' }),
  );
  await t.call(
    source,
    'DescribeDBInstances',
    { DBInstanceIdentifier: 'nobody' },
    failed(read(source, { dBInstanceIdentifier: 'nobody' }), 'DBInstanceNotFoundFault'),
  );
  await t.call(source, 'DeleteDBInstance', { DBInstanceIdentifier: 'mail', SkipFinalSnapshot: true }, (r) =>
    write(source, { dBInstanceIdentifier: 'mail', skipFinalSnapshot: true }, shown(r)),
  );
};

export const redshift: Scenario = async (t) => {
  const source = 'redshift';
  await t.call(
    source,
    'CreateCluster',
    { ClusterIdentifier: 'mail', NodeType: 'dc2.large', MasterUsername: 'admin', MasterUserPassword: 'Hush12345' },
    (r) =>
      write(
        source,
        { clusterIdentifier: 'mail', nodeType: 'dc2.large', masterUsername: 'admin', masterUserPassword: HIDDEN },
        lowered(r.Cluster),
      ),
  );
  await t.call(
    source,
    'CreateTags',
    {
      ResourceName: 'arn:aws:redshift:us-east-1:123456789012:cluster:mail',
      Tags: [{ Key: 'Team', Value: 'mail' }],
    },
    write(source, {
      resourceName: 'arn:aws:redshift:us-east-1:123456789012:cluster:mail',
      tags: [{ key: 'Team', value: 'mail' }],
    }),
  );
  await t.call(
    source,
    'DescribeClusterSnapshots',
    { ClusterIdentifier: 'mail' },
    read(source, { clusterIdentifier: 'mail' }),
  );
  await t.call(
    source,
    'DescribeClusters',
    { ClusterIdentifier: 'nobody' },
    failed(read(source, { clusterIdentifier: 'nobody' }), 'ClusterNotFoundFault'),
  );
  await t.call(source, 'DeleteCluster', { ClusterIdentifier: 'mail', SkipFinalClusterSnapshot: true }, (r) =>
    write(source, { clusterIdentifier: 'mail', skipFinalClusterSnapshot: true }, lowered(r.Cluster)),
  );
};

export const elasticache: Scenario = async (t) => {
  const source = 'elasticache';
  await t.call(
    source,
    'CreateUser',
    {
      UserId: 'ann',
      UserName: 'ann',
      Engine: 'redis',
      Passwords: ['hush-hush-hush-hush'],
      AccessString: 'on ~* +@all',
    },
    (r) =>
      write(
        source,
        { userId: 'ann', userName: 'ann', engine: 'redis', passwords: HIDDEN, accessString: 'on ~* +@all' },
        lowered(r),
      ),
  );
  await t.call(source, 'DescribeUsers', { UserId: 'ann' }, read(source, { userId: 'ann' }));
  await t.call(
    source,
    'DescribeUsers',
    { UserId: 'nobody' },
    failed(read(source, { userId: 'nobody' }), 'UserNotFoundFault'),
  );
  await t.call(source, 'DeleteUser', { UserId: 'ann' }, (r) => write(source, { userId: 'ann' }, lowered(r)));
};
