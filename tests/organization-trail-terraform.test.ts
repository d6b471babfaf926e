import { afterAll, expect } from 'vitest';
import { aws, testWith } from './support/clients.ts';
import { cleanUp, startOpenTrail } from './support/opentrail.ts';
import { startTerraform } from './support/terraform.ts';

afterAll(cleanUp);

const configuration = (isOrganization: boolean) => `
resource "aws_organizations_organization" "all" {
  aws_service_access_principals = ["cloudtrail.amazonaws.com"]
  feature_set                   = "ALL"
}
resource "aws_s3_bucket" "logs" {
  bucket        = "all-events"
  force_destroy = true
}
locals {
  trail = "arn:aws:cloudtrail:us-east-1:\${aws_organizations_organization.all.master_account_id}:trail/everyone"
}
data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["s3:GetBucketAcl"]
    resources = [aws_s3_bucket.logs.arn]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail]
    }
  }
  statement {
    actions   = ["s3:PutObject"]
    resources = [
      "\${aws_s3_bucket.logs.arn}/AWSLogs/\${aws_organizations_organization.all.master_account_id}/*",
      "\${aws_s3_bucket.logs.arn}/AWSLogs/\${aws_organizations_organization.all.id}/*",
    ]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail]
    }
  }
}
resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = data.aws_iam_policy_document.logs.json
}
resource "aws_cloudtrail" "everyone" {
  name                       = "everyone"
  s3_bucket_name             = aws_s3_bucket.logs.id
  is_multi_region_trail      = true
  is_organization_trail      = ${isOrganization}
  enable_log_file_validation = true
  depends_on                 = [aws_s3_bucket_policy.logs]
}
`;

testWith(
  ['terraform', 'aws'],
  'Terraform makes an organization and its trail, converts it, and destroys them',
  async () => {
    const server = await startOpenTrail();
    const terraform = await startTerraform(server, 'cloudtrail', 's3', 'organizations');
    const isOrganization = async () =>
      (
        await aws<{ Trail: { IsOrganizationTrail: boolean } }>(
          ...([server.env, 'cloudtrail', 'get-trail', '--name', 'everyone'] as const),
        )
      ).Trail.IsOrganizationTrail;
    for (const wanted of [true, false]) {
      await terraform.apply(configuration(wanted));
      expect(await isOrganization()).toBe(wanted);
    }
    await terraform.destroy();
    expect(await server.stop()).toBe(0);
  },
  400_000,
);
