import { ec2Access } from './ec2-access.ts';
import { ec2Instances } from './ec2-instances.ts';
import { ec2Network } from './ec2-network.ts';
import { ec2Newer } from './ec2-newer.ts';
import { ec2Storage } from './ec2-storage.ts';
import type { Scenario } from './harness.ts';
import { iam } from './iam.ts';
import { iamRoles } from './iam-roles.ts';
import { kms } from './kms.ts';
import { s3Buckets, s3Control, s3Objects } from './s3.ts';
import { sts } from './sts.ts';

/** The services whose records follow rules of their own, and those that tell who somebody is. */
export const CORE: Readonly<Record<string, Scenario>> = {
  ...{ ec2Access, ec2Instances, ec2Network, ec2Newer, ec2Storage },
  ...{ iam, iamRoles, sts },
  ...{ kms, s3Buckets, s3Control, s3Objects },
};
