import { expect } from 'vitest';
import type { Scenario } from './harness.ts';

/** Instances and key pairs. */

const source = 'ec2';
const requestId = expect.any(String);
const clientToken = expect.any(String);
const DONE = { requestId, _return: true };
const items = (...list: readonly unknown[]) => ({ items: list });
const read = { source, readOnly: true } as const;
const write = { source, readOnly: false } as const;

const changes =
  (key: 'StartingInstances' | 'StoppingInstances' | 'TerminatingInstances') =>
  (
    made: {
      readonly [K in typeof key]: readonly { readonly CurrentState: State; readonly PreviousState: State }[];
    },
  ) => {
    const { CurrentState: current, PreviousState: previous } = made[key][0]!;
    return {
      currentState: { code: current.Code, name: current.Name },
      previousState: { code: previous.Code, name: previous.Name },
    };
  };
interface State {
  readonly Code: number;
  readonly Name: string;
}

export const ec2Instances: Scenario = async (t) => {
  await t.call('ec2', 'CreateKeyPair', { KeyName: 'cases', KeyType: 'rsa' }, (made) => ({
    ...write,
    request: { keyName: 'cases', keyType: 'rsa' },
    response: {
      requestId,
      keyName: 'cases',
      keyFingerprint: made.KeyFingerprint,
      keyPairId: made.KeyPairId,
      keyMaterial: '<sensitiveDataRemoved>',
    },
  }));
  await t.cli('DescribeKeyPairs', ['ec2', 'describe-key-pairs', '--key-names', 'cases'], {
    ...read,
    request: { keySet: items({ keyName: 'cases' }), keyPairIdSet: {}, filterSet: {}, includePublicKey: false },
  });
  const { Images } = await t.call(
    'ec2',
    'DescribeImages',
    { Owners: ['amazon'], Filters: [{ Name: 'architecture', Values: ['x86_64'] }] },
    {
      ...read,
      request: {
        executableBySet: {},
        imagesSet: {},
        ownersSet: items({ owner: 'amazon' }),
        filterSet: items({ name: 'architecture', valueSet: items({ value: 'x86_64' }) }),
      },
    },
  );
  const imageId = Images[0].ImageId as string;

  const wanted = {
    ImageId: imageId,
    MinCount: 1,
    MaxCount: 1,
    InstanceType: 't3.micro',
    KeyName: 'cases',
    UserData: '#!/bin/sh\nexport PASSWORD=hunter2\n',
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'case' }] }],
  };
  const shown = {
    instancesSet: items({ imageId, minCount: 1, maxCount: 1, keyName: 'cases' }),
    userData: '<sensitiveDataRemoved>',
    instanceType: 't3.micro',
    blockDeviceMapping: {},
    monitoring: { enabled: false },
    disableApiTermination: false,
    disableApiStop: false,
    clientToken,
    tagSpecificationSet: items({ resourceType: 'instance', tags: [{ key: 'Name', value: 'case' }] }),
  };
  await t.call(
    'ec2',
    'RunInstances',
    { ...wanted, DryRun: true },
    { ...write, request: shown, error: 'Client.DryRunOperation' },
  );
  const { Instances } = await t.call('ec2', 'RunInstances', wanted, ({ ReservationId, Instances: [made] }) => ({
    ...write,
    request: shown,
    response: expect.objectContaining({
      requestId,
      reservationId: ReservationId,
      ownerId: '123456789012',
      groupSet: {},
      instancesSet: items(
        expect.objectContaining({
          instanceId: made.InstanceId,
          imageId,
          instanceState: { code: 0, name: 'pending' },
          keyName: 'cases',
          amiLaunchIndex: 0,
          instanceType: 't3.micro',
          launchTime: made.LaunchTime.$time * 1000,
          monitoring: { state: 'disabled' },
          subnetId: made.SubnetId,
          vpcId: made.VpcId,
          privateIpAddress: made.PrivateIpAddress,
          tagSet: items({ key: 'Name', value: 'case' }),
        }),
      ),
    }),
  }));
  const instanceId = Instances[0].InstanceId as string;
  const instancesSet = items({ instanceId });
  const one = { InstanceIds: [instanceId] };
  await t.cli(
    'DescribeInstances',
    ['ec2', 'describe-instances', '--instance-ids', instanceId, '--filters', 'Name=instance-state-name,Values=running'],
    {
      ...read,
      request: {
        instancesSet,
        filterSet: items({ name: 'instance-state-name', valueSet: items({ value: 'running' }) }),
      },
    },
  );
  await t.call(
    'ec2',
    'DescribeInstanceStatus',
    { ...one, IncludeAllInstances: true },
    { ...read, request: { instancesSet, filterSet: {}, includeAllInstances: true } },
  );
  await t.call(
    'ec2',
    'DescribeInstanceAttribute',
    { InstanceId: instanceId, Attribute: 'userData' },
    { ...read, request: { instanceId, attribute: 'userData' } },
  );
  await t.call('ec2', 'GetPasswordData', { InstanceId: instanceId }, { ...read, request: { instanceId } });
  await t.call('ec2', 'RebootInstances', one, { ...write, request: { instancesSet }, response: DONE });
  await t.call('ec2', 'StopInstances', one, (made) => ({
    ...write,
    request: { instancesSet, force: false },
    response: { requestId, instancesSet: items({ instanceId, ...changes('StoppingInstances')(made) }) },
  }));
  await t.call(
    'ec2',
    'ModifyInstanceAttribute',
    { InstanceId: instanceId, InstanceType: { Value: 't3.small' } },
    { ...write, request: { instanceId, instanceType: { value: 't3.small' } }, response: DONE },
  );
  await t.call('ec2', 'StartInstances', one, (made) => ({
    ...write,
    request: { instancesSet },
    response: { requestId, instancesSet: items({ instanceId, ...changes('StartingInstances')(made) }) },
  }));
  await t.call('ec2', 'TerminateInstances', one, (made) => ({
    ...write,
    request: { instancesSet },
    response: { requestId, instancesSet: items({ instanceId, ...changes('TerminatingInstances')(made) }) },
  }));
  await t.call('ec2', 'DeleteKeyPair', { KeyName: 'cases' }, (made) => ({
    ...write,
    request: { keyName: 'cases' },
    response: { ...DONE, ...(made.KeyPairId && { keyPairId: made.KeyPairId }) },
  }));
  await t.call(
    'ec2',
    'TerminateInstances',
    { InstanceIds: ['i-00000000000000000'] },
    {
      ...write,
      request: { instancesSet: items({ instanceId: 'i-00000000000000000' }) },
      error: 'Client.InvalidInstanceID.NotFound',
    },
  );
};
