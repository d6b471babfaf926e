import { expect } from 'vitest';
import type { Scenario } from './harness.ts';

/** Volumes, snapshots and images. */

const source = 'ec2';
const requestId = expect.any(String);
const clientToken = expect.any(String);
const DONE = { requestId, _return: true };
const items = (...list: readonly unknown[]) => ({ items: list });
const read = { source, readOnly: true } as const;
const write = { source, readOnly: false } as const;

export const ec2Storage: Scenario = async (t) => {
  const { Instances } = await t.call(
    'ec2',
    'RunInstances',
    { ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1 },
    {
      ...write,
      request: {
        instancesSet: items({ imageId: 'ami-12c6146b', minCount: 1, maxCount: 1 }),
        blockDeviceMapping: {},
        monitoring: { enabled: false },
        disableApiTermination: false,
        disableApiStop: false,
        clientToken,
      },
      response: expect.objectContaining({ requestId, ownerId: '123456789012' }),
    },
  );
  const instanceId = Instances[0].InstanceId as string;
  const availabilityZone = Instances[0].Placement.AvailabilityZone as string;
  const { VolumeId: volumeId } = await t.call(
    'ec2',
    'CreateVolume',
    { AvailabilityZone: availabilityZone, Size: 10, VolumeType: 'gp2', Encrypted: true },
    (made) => ({
      ...write,
      request: { size: '10', zone: made.AvailabilityZone, volumeType: 'gp2', encrypted: true, clientToken },
      response: expect.objectContaining({
        requestId,
        volumeId: made.VolumeId,
        size: '10',
        zone: made.AvailabilityZone,
        status: made.State,
        createTime: made.CreateTime.$time * 1000,
        volumeType: 'gp2',
        encrypted: true,
      }),
    }),
  );
  await t.call('ec2', 'AttachVolume', { VolumeId: volumeId, InstanceId: instanceId, Device: '/dev/sdf' }, (made) => ({
    ...write,
    request: { volumeId, instanceId, device: '/dev/sdf', deleteOnTermination: false },
    response: expect.objectContaining({
      requestId,
      volumeId,
      instanceId,
      device: '/dev/sdf',
      status: made.State,
      attachTime: made.AttachTime.$time * 1000,
    }),
  }));
  const attachment = { VolumeId: volumeId, InstanceId: instanceId, Device: '/dev/sdf' };
  await t.call('ec2', 'DetachVolume', attachment, (made) => ({
    ...write,
    request: { volumeId, instanceId, device: '/dev/sdf' },
    response: expect.objectContaining({ requestId, volumeId, instanceId, device: '/dev/sdf', status: made.State }),
  }));
  const { SnapshotId: snapshotId } = await t.call(
    'ec2',
    'CreateSnapshot',
    { VolumeId: volumeId, Description: 'of cases' },
    (made) => ({
      ...write,
      request: { volumeId, description: 'of cases' },
      response: expect.objectContaining({
        requestId,
        snapshotId: made.SnapshotId,
        volumeId,
        status: made.State,
        startTime: made.StartTime.$time * 1000,
        ownerId: '123456789012',
        description: 'of cases',
        encrypted: true,
      }),
    }),
  );
  await t.call(
    'ec2',
    'ModifySnapshotAttribute',
    {
      SnapshotId: snapshotId,
      Attribute: 'createVolumePermission',
      OperationType: 'add',
      UserIds: ['210987654321'],
    },
    {
      ...write,
      request: {
        snapshotId,
        createVolumePermission: { add: items({ userId: '210987654321' }) },
        attributeType: 'CREATE_VOLUME_PERMISSION',
      },
      response: DONE,
    },
  );
  await t.call(
    'ec2',
    'DescribeSnapshots',
    { OwnerIds: ['self'], SnapshotIds: [snapshotId] },
    {
      ...read,
      request: {
        snapshotSet: items({ snapshotId }),
        ownersSet: items({ owner: 'self' }),
        sharedUsersSet: {},
        filterSet: {},
      },
    },
  );
  await t.call(
    'ec2',
    'DeleteSnapshot',
    { SnapshotId: snapshotId },
    { ...write, request: { snapshotId }, response: DONE },
  );
  await t.call(
    'ec2',
    'DeleteVolume',
    { VolumeId: volumeId },
    { ...write, request: { volumeId, reportVolumeFailure: false }, response: DONE },
  );
  await t.call(
    'ec2',
    'DescribeVolumes',
    { VolumeIds: [volumeId] },
    { ...read, request: { volumeSet: items({ volumeId }), filterSet: {} }, error: 'Client.InvalidVolume.NotFound' },
  );
  const { ImageId: ownImage } = await t.call(
    'ec2',
    'CreateImage',
    { InstanceId: instanceId, Name: 'case-image', NoReboot: true },
    (made) => ({
      ...write,
      request: { instanceId, name: 'case-image', noReboot: true },
      response: { requestId, imageId: made.ImageId },
    }),
  );
  await t.call(
    'ec2',
    'ModifyImageAttribute',
    { ImageId: ownImage, LaunchPermission: { Add: [{ Group: 'all' }] } },
    {
      ...write,
      request: {
        imageId: ownImage,
        launchPermission: { add: items({ group: 'all' }) },
        attributeType: 'launchPermission',
      },
      response: DONE,
    },
  );
  await t.call(
    'ec2',
    'DeregisterImage',
    { ImageId: ownImage },
    { ...write, request: { imageId: ownImage }, response: DONE },
  );
};
