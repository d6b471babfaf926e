import { expect } from 'vitest';
import { aws, awsRaw } from '../support/clients.ts';
import type { Part, World } from './part.ts';

const configuration = (changed: boolean) => `
resource "aws_organizations_organization" "all" {
  feature_set                   = "ALL"
  enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
  aws_service_access_principals = ["cloudtrail.amazonaws.com"]
}
resource "aws_organizations_organizational_unit" "teams" {
  name      = "${changed ? 'groups' : 'teams'}"
  parent_id = aws_organizations_organization.all.roots[0].id
  tags      = { purpose = "teams" }
}
resource "aws_organizations_account" "audit" {
  name      = "audit"
  email     = "audit@example.com"
  role_name = "OrganizationAccountAccessRole"
  parent_id = ${changed ? 'aws_organizations_organization.all.roots[0].id' : 'aws_organizations_organizational_unit.teams.id'}
  tags      = { stage = "${changed ? 'groups' : 'teams'}" }
}
resource "aws_organizations_delegated_administrator" "audit" {
  account_id        = aws_organizations_account.audit.id
  service_principal = "cloudtrail.amazonaws.com"
}
resource "aws_organizations_policy" "guard" {
  name        = "guard"
  description = "what teams may do"
  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "${changed ? 'cloudtrail:*' : '*'}", Resource = "*" }]
  })
  tags       = { owner = "security" }
  depends_on = [aws_organizations_organization.all]
}
resource "aws_organizations_policy_attachment" "teams" {
  policy_id = aws_organizations_policy.guard.id
  target_id = aws_organizations_organizational_unit.teams.id
}
data "aws_organizations_organization" "seen" { depends_on = [aws_organizations_account.audit] }
data "aws_organizations_organizational_units" "seen" {
  parent_id  = aws_organizations_organization.all.roots[0].id
  depends_on = [aws_organizations_organizational_unit.teams]
}
output "accounts" { value = length(data.aws_organizations_organization.seen.accounts) }
output "unit" { value = data.aws_organizations_organizational_units.seen.children[0].name }
`;

const trail = (changed: boolean) => `
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
  is_organization_trail      = ${!changed}
  enable_log_file_validation = true
  depends_on                 = [aws_s3_bucket_policy.logs]
}
`;

const isOrganizationTrail = async ({ server }: World) =>
  (
    await aws<{ Trail: { IsOrganizationTrail: boolean } }>(
      ...([server.env, 'cloudtrail', 'get-trail', '--name', 'everyone'] as const),
    )
  ).Trail.IsOrganizationTrail;

/** An organization with its units, accounts and policies, and a trail for all of it that becomes the account's own. */
export const organization: Part = {
  name: 'organization',
  configuration: (changed) => configuration(changed) + trail(changed),
  async applied(world, { accounts, unit }) {
    expect([accounts, unit]).toEqual([2, 'teams']);
    expect(await isOrganizationTrail(world)).toBe(true);
  },
  async changed(world, { unit }) {
    expect(unit).toBe('groups');
    expect(await isOrganizationTrail(world)).toBe(false);
  },
  async destroyed({ server }) {
    const gone = await awsRaw(server.env, 'organizations', 'describe-organization');
    expect(gone.stderr).toContain('AWSOrganizationsNotInUseException');
  },
};
