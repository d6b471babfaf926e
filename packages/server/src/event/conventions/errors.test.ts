import { expect, it } from 'vitest';
import { loadCatalogue } from '../../schema/catalogue.ts';
import { errorCodeOf } from './errors.ts';

const catalogue = loadCatalogue();

it.each([
  ['cloudwatch', 'GetDashboard', 'ResourceNotFound', 'DashboardNotFoundError'],
  ['elastic-load-balancing-v2', 'DescribeLoadBalancers', 'LoadBalancerNotFound', 'LoadBalancerNotFoundException'],
  ['rds', 'DescribeDBInstances', 'DBInstanceNotFound', 'DBInstanceNotFoundFault'],
  ['iam', 'GetUser', 'NoSuchEntity', 'NoSuchEntityException'],
  ['sqs', 'GetQueueUrl', 'AWS.SimpleQueueService.NonExistentQueue', 'QueueDoesNotExist'],
  ['auto-scaling', 'CreateAutoScalingGroup', 'ValidationError', 'ValidationException'],
  ['lambda', 'GetFunction', 'ResourceNotFoundException', 'ResourceNotFoundException'],
  ['lambda', 'GetFunction', 'AccessDeniedException', 'AccessDenied'],
  ['s3', 'GetBucketPolicy', 'NoSuchBucketPolicy', 'NoSuchBucketPolicy'],
  ['ec2', 'DescribeVpcs', 'InvalidVpcID.NotFound', 'Client.InvalidVpcID.NotFound'],
  ['ec2', 'DescribeVpcs', 'InternalError', 'Server.InternalError'],
  ['iam', 'GetUser', 'NobodyKnows', 'NobodyKnows'],
])('%s %s: %s is %s', (id, operation, code, shown) => {
  expect(errorCodeOf(catalogue.schema(id)!, operation, code)).toBe(shown);
});
