import { describe, expect, it } from 'vitest';
import { schemaFromClient } from '../../../../scripts/schema-from-client.mjs';
import type { Member, ServiceSchema, Shape } from '../schema/types.ts';
import { realDataDir, realFiles } from '../testing/real-data.ts';
import type { Call } from './call.ts';
import { differences, inputOf, outputOf, type Real } from './rebuild.suite.ts';
import { recordFromCall } from './record-from-call.ts';

/**
 * AWS's published examples of records, made again from the calls that they describe, with what a client would send now.
 * Ids, times and the client are taken over; whatever else differs is explained. NewClientConnection is no call, but an
 * event of the service's own: see reported.ts.
 */

const string: Member = { shape: 'string' };
const structure = (members: Record<string, Member>): Shape => ({ type: 'structure', members });
const list = (member: string): Shape => ({ type: 'list', member: { shape: member } });

function schemaOf(id: string, endpointPrefix: string, shapes: Record<string, Shape>, operations: readonly string[]) {
  return {
    id,
    version: '1',
    protocols: ['restJson1'],
    signingName: id,
    endpointPrefix,
    operations: Object.fromEntries(
      operations.map((o) => [o, { input: `${o}Request`, output: `${o}Response`, errors: [] }]),
    ),
    shapes: {
      string: { type: 'string' },
      time: { type: 'timestamp' },
      boolean: { type: 'boolean' },
      strings: list('string'),
      ...shapes,
    },
  } satisfies ServiceSchema;
}

/** As much of the APIs as the examples need. */
const EFS = schemaOf(
  'efs',
  'elasticfilesystem',
  {
    CreateTagsRequest: structure({ FileSystemId: string, Tags: { shape: 'Tags' } }),
    DeleteTagsRequest: structure({ FileSystemId: string, TagKeys: { shape: 'strings' } }),
    Tags: list('Tag'),
    Tag: structure({ Key: string, Value: string }),
  },
  ['CreateTags', 'DeleteTags'],
);
const EKS = schemaOf(
  'eks',
  'eks',
  {
    CreateClusterRequest: structure({ name: string, roleArn: string, resourcesVpcConfig: { shape: 'Vpc' } }),
    CreateClusterResponse: structure({ cluster: { shape: 'Cluster' } }),
    Cluster: structure({
      name: string,
      arn: string,
      createdAt: { shape: 'time' },
      version: string,
      roleArn: string,
      resourcesVpcConfig: { shape: 'Vpc' },
      status: string,
      certificateAuthority: { shape: 'Authority' },
    }),
    Vpc: structure({ subnetIds: { shape: 'strings' }, securityGroupIds: { shape: 'strings' }, vpcId: string }),
    Authority: structure({ data: string }),
  },
  ['CreateCluster'],
);
const INSTANCE_CONNECT = schemaOf(
  'ec2-instance-connect',
  'ec2-instance-connect',
  {
    SendSSHPublicKeyRequest: structure({ InstanceId: string, InstanceOSUser: string, SSHPublicKey: string }),
    SendSSHPublicKeyResponse: structure({ RequestId: string, Success: { shape: 'boolean' } }),
  },
  ['SendSSHPublicKey'],
);
const clientOf = (id: string) => schemaFromClient(`@aws-sdk/client-${id}`, { id, fractional: 'all' });

/** What the API calls otherwise today than it did when the example was written. */
const TODAY: Readonly<Record<string, Pick<Call, 'schema'> & Partial<Pick<Call, 'input' | 'output'>>>> = {
  'ec2-CreateNetworkInterface': { schema: clientOf('ec2') },
  'ec2-TerminateInstances': { schema: clientOf('ec2') },
  'ec2-instance-connect-SendSSHPublicKey': {
    schema: INSTANCE_CONNECT,
    input: {
      InstanceId: 'i-0123456789EXAMPLE',
      InstanceOSUser: 'ec2-user',
      SSHPublicKey: 'ssh-rsa ABCDEFGHIJKLMNO01234567890EXAMPLE',
    },
    output: { RequestId: '1a2s3d4f-bde6-11e8-a892-f7ec64543add', Success: true },
  },
  'eks-CreateCluster': { schema: EKS },
  'elasticfilesystem-CreateTags': { schema: EFS },
  'elasticfilesystem-DeleteTags': { schema: EFS },
  'iam-CreateServiceLinkedRole': { schema: clientOf('iam') },
  'iam-DeleteInstanceProfile': { schema: clientOf('iam') },
};

/** Line → why. Each must occur. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'ec2-CreateNetworkInterface eventVersion: "1.05" ≠ "1.11"': 'we write the newest',
  'ec2-CreateNetworkInterface responseElements.requestId: "0708e4ad-03f6-4802-b4ce-4ba987d94b8d" ≠ "11112222-3333-4444-5555-666666777777"':
    'one id, edited apart',
  'ec2-TerminateInstances eventVersion: "1.03" ≠ "1.11"': 'we write the newest',
  'ec2-TerminateInstances responseElements.requestId: absent ≠ "be112233-1ba5-4ae0-8e2b-1c302EXAMPLE"':
    'EC2’s records have it since version 1.05',
  'ec2-instance-connect-SendSSHPublicKey eventVersion: "1.05" ≠ "1.11"': 'we write the newest',
  'ec2-instance-connect-SendSSHPublicKey eventName: "SendSSHPublicKey " ≠ "SendSSHPublicKey"': 'a slip of the guide',
  'ec2-instance-connect-SendSSHPublicKey requestParameters.osUser: "ec2-user" ≠ absent':
    'the name in the preview of 2018',
  'ec2-instance-connect-SendSSHPublicKey requestParameters.SSHKey: {"publicKey":"ssh-rsa ABCDEFGHIJKLMNO01234567890EXAMPLE"} ≠ absent':
    'the name in the preview of 2018',
  'ec2-instance-connect-SendSSHPublicKey requestParameters.instanceOSUser: absent ≠ "ec2-user"': 'as in real records',
  'ec2-instance-connect-SendSSHPublicKey requestParameters.sSHPublicKey: absent ≠ "ssh-rsa ABCDEFGHIJKLMNO01234567890EXAMPLE"':
    'as in real records',
  'ec2-instance-connect-SendSSHPublicKey responseElements: null ≠ {"requestId":"1a2s3d4f-bde6-11e8-a892-f7ec64543add","success":true}':
    'as in real records',
  'eks-CreateCluster eventVersion: "1.05" ≠ "1.11"': 'we write the newest',
  'eks-CreateCluster requestParameters.clusterName: "test" ≠ absent': 'the API has called it name since its release',
  'eks-CreateCluster requestParameters.name: absent ≠ "test"': 'the API has called it name since its release',
  'eks-CreateCluster responseElements.cluster.clusterName: "test" ≠ absent':
    'the API has called it name since its release',
  'eks-CreateCluster responseElements.cluster.name: absent ≠ "test"': 'the API has called it name since its release',
  'elasticfilesystem-CreateTags eventVersion: "1.06" ≠ "1.11"': 'we write the newest',
  'elasticfilesystem-DeleteTags eventVersion: "1.06" ≠ "1.11"': 'we write the newest',
  'iam-CreateServiceLinkedRole eventVersion: "1.05" ≠ "1.11"': 'we write the newest',
  'iam-CreateServiceLinkedRole sourceIPAddress: "192.0.2.0" ≠ "elasticfilesystem.amazonaws.com"':
    'an address was put in by hand: 5,044 of 5,056 real records have the service there',
  'iam-CreateServiceLinkedRole userAgent: "user_agent" ≠ "elasticfilesystem.amazonaws.com"': 'put in by hand, likewise',
  'iam-DeleteInstanceProfile awsRegion: "region-code" ≠ "us-east-1"': 'a placeholder',
  'iam-DeleteInstanceProfile eventVersion: "1.05" ≠ "1.11"': 'we write the newest',
};

function callOf(name: string, real: Real): Call {
  const { schema, ...today } = TODAY[name]!;
  const operation = real.eventName.trim();
  const { invokedBy } = real.userIdentity;
  return {
    schema,
    operation,
    timeMs: Date.parse(real.eventTime),
    region: real.awsRegion,
    // A service that the example shows by its name has it in both places in real records.
    userIdentity: { ...real.userIdentity, ...(invokedBy === 'AWS Internal' && { invokedBy: real.sourceIPAddress }) },
    accountId: real.recipientAccountId,
    sourceIp: real.sourceIPAddress,
    userAgent: real.userAgent,
    requestId: real.requestID,
    eventId: real.eventID,
    input: today.input ?? inputOf(schema, operation, renamed(real.requestParameters)),
    output: today.output ?? outputOf(schema, operation, renamed(real.responseElements)),
    http: {
      host: '',
      method: 'POST',
      query: [],
      headers: {},
      responseHeaders: {},
      bytesIn: 0,
      bytesOut: 0,
      authentication: 'AuthHeader',
    },
    notes: {},
  };
}

/** EKS's `clusterName` is `name` in the call. */
function renamed(shown: Real | null): Real | null {
  return shown && JSON.parse(JSON.stringify(shown).replaceAll('"clusterName":', '"name":'));
}

describe.skipIf(!realDataDir)('the records that AWS documents (../shared/data)', () => {
  it('are made of their calls, but for what is explained', () => {
    const found: string[] = [];
    let compared = 0;
    for (const { name: file, bytes } of realFiles('documented-examples', '.json')) {
      const name = file.replace('.json', '');
      if (TODAY[name] === undefined) continue;
      const real = JSON.parse(bytes.toString());
      const made = recordFromCall(callOf(name, real)) as Real;
      for (const field of Object.keys(real)) {
        if (field === 'userIdentity') continue;
        const lines: string[] = [];
        differences(field, real[field], made[field], lines);
        found.push(...lines.map((line) => `${name} ${line}`));
      }
      compared++;
    }
    expect(found.filter((line) => EXPLAINED[line] === undefined)).toEqual([]);
    expect(Object.keys(EXPLAINED).filter((line) => !found.includes(line))).toEqual([]);
    expect(compared).toBe(8);
  });
});
