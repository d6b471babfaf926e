import { expect } from 'vitest';
import type { Scenario } from './harness.ts';

const source = 'ec2';

export const ec2: Scenario = async (t) => {
  await t.call('ec2', 'DescribeVpcs', {}, { source, readOnly: true, request: { vpcSet: {}, filterSet: {} } });
  const made = await t.call('ec2', 'CreateVpc', { CidrBlock: '10.9.0.0/16' }, ({ Vpc }) => ({
    source,
    readOnly: false,
    request: { cidrBlock: '10.9.0.0/16', instanceTenancy: 'default', amazonProvidedIpv6CidrBlock: false },
    response: expect.objectContaining({
      requestId: expect.any(String),
      vpc: expect.objectContaining({ vpcId: Vpc.VpcId, state: 'available', cidrBlock: '10.9.0.0/16' }),
    }),
  }));
  await t.call(
    'ec2',
    'DeleteVpc',
    { VpcId: made.Vpc.VpcId },
    {
      source,
      readOnly: false,
      request: { vpcId: made.Vpc.VpcId },
      response: { requestId: expect.any(String), _return: true },
    },
  );
};
