import { describe, expect, it } from 'vitest';
import { evaluate } from '../policy.ts';
import { awsManagedPolicies, awsManagedPolicy } from './aws-managed.ts';
import { identityPolicy } from './documents.ts';

const says = (name: string, action: string, resource = '*', context: Record<string, string> = {}) => {
  const read = identityPolicy(awsManagedPolicy(`arn:aws:iam::aws:policy/${name}`)!.document);
  if (!('policy' in read)) throw new Error(read.problem);
  const accountId = '123456789012';
  const principal = { kind: 'aws', accountId, arn: `arn:aws:iam::${accountId}:user/a` } as const;
  return evaluate(read.policy, { principal, action, resource, context });
};

describe('AWS managed policies', () => {
  it('are all policies', () => {
    for (const { policyName, document } of awsManagedPolicies()) {
      expect(identityPolicy(document), policyName).toHaveProperty('policy');
    }
    expect(new Set(awsManagedPolicies().map(({ policyId }) => policyId)).size).toBe(awsManagedPolicies().length);
  });

  it.each([
    ['AdministratorAccess', 'iam:CreateUser', 'allow'],
    ['PowerUserAccess', 's3:PutObject', 'allow'],
    ['PowerUserAccess', 'iam:CreateUser', 'none'],
    ['PowerUserAccess', 'organizations:LeaveOrganization', 'none'],
    ['PowerUserAccess', 'iam:ListRoles', 'allow'],
    ['ReadOnlyAccess', 's3:GetObject', 'allow'],
    ['ReadOnlyAccess', 'cloudtrail:LookupEvents', 'allow'],
    ['ReadOnlyAccess', 'cloudtrail:StopLogging', 'none'],
    ['ReadOnlyAccess', 'iam:SimulatePrincipalPolicy', 'allow'],
    ['ReadOnlyAccess', 'kms:Decrypt', 'none'],
    ['ReadOnlyAccess', 'secretsmanager:GetSecretValue', 'none'],
    ['ReadOnlyAccess', 'sts:AssumeRole', 'none'],
    ['SecurityAudit', 'cloudtrail:GetTrailStatus', 'allow'],
    ['SecurityAudit', 's3:GetBucketPolicy', 'allow'],
    ['SecurityAudit', 's3:GetObject', 'none'],
    ['SecurityAudit', 'dynamodb:GetItem', 'none'],
    ['SecurityAudit', 'kms:GetKeyPolicy', 'allow'],
    ['AmazonS3ReadOnlyAccess', 's3:GetObject', 'allow'],
    ['AmazonS3ReadOnlyAccess', 's3:DeleteObject', 'none'],
    ['AmazonS3FullAccess', 's3:DeleteObject', 'allow'],
    ['IAMFullAccess', 'iam:CreateUser', 'allow'],
    ['IAMFullAccess', 's3:GetObject', 'none'],
    ['AWSCloudTrail_FullAccess', 'cloudtrail:DeleteTrail', 'allow'],
    ['AWSCloudTrail_FullAccess', 'iam:PassRole', 'none'],
    ['AWSCloudTrail_FullAccess', 's3:CreateBucket', 'none'],
    ['AWSCloudTrail_ReadOnlyAccess', 'cloudtrail:GetTrailStatus', 'allow'],
    ['AWSCloudTrail_ReadOnlyAccess', 'cloudtrail:StopLogging', 'none'],
    ['AWSCloudTrail_ReadOnlyAccess', 's3:GetObject', 'none'],
    ['AWSCloudTrailReadOnlyAccess', 's3:GetObject', 'allow'],
    ['AWSCloudTrailFullAccess', 'cloudtrail:StopLogging', 'allow'],
  ])('%s to %s: %s', (name, action, verdict) => {
    expect(says(name, action)).toBe(verdict);
  });

  it('hold to what they name', () => {
    const bucket = 'arn:aws:s3:::aws-cloudtrail-logs-1';
    expect(says('AWSCloudTrail_FullAccess', 's3:CreateBucket', bucket)).toBe('allow');
    const passed = { 'iam:PassedToService': 'cloudtrail.amazonaws.com' };
    expect(says('AWSCloudTrail_FullAccess', 'iam:PassRole', 'arn:aws:iam::123456789012:role/r', passed)).toBe('allow');
    const own = { 'aws:username': 'a' };
    const may = (user: string) =>
      says('IAMUserChangePassword', 'iam:ChangePassword', `arn:aws:iam::123456789012:user/${user}`, own);
    expect([may('a'), may('b')]).toEqual(['allow', 'none']);
  });
});
