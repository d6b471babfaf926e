import { GetEventSelectorsCommand, GetTrailStatusCommand, ListTagsCommand } from '@aws-sdk/client-cloudtrail';
import { afterAll, expect } from 'vitest';
import { awsRaw, testWith } from './support/clients.ts';
import { cleanUp, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail } from './support/sdk.ts';
import { startTerraform } from './support/terraform.ts';

afterAll(cleanUp);

const ARN = 'arn:aws:cloudtrail:us-east-1:123456789012:trail/audit';

interface Variant {
  readonly logging: boolean;
  readonly tag: string;
  readonly readWriteType: string;
  readonly prefix: string;
}

const configuration = (v: Variant) => `
data "aws_caller_identity" "me" {}
resource "aws_s3_bucket" "logs" {
  bucket        = "tf-logs"
  force_destroy = true
  tags          = { purpose = "audit" }
}
resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_public_access_block" "logs" {
  bucket                  = aws_s3_bucket.logs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}
resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule {
    id     = "old"
    status = "Enabled"
    filter { prefix = "AWSLogs/" }
    expiration { days = 400 }
  }
}
data "aws_iam_policy_document" "logs" {
  statement {
    sid       = "Acl"
    actions   = ["s3:GetBucketAcl"]
    resources = [aws_s3_bucket.logs.arn]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
  }
  statement {
    sid       = "Write"
    actions   = ["s3:PutObject"]
    resources = ["\${aws_s3_bucket.logs.arn}/${v.prefix}/AWSLogs/\${data.aws_caller_identity.me.account_id}/*"]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
  }
}
resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = data.aws_iam_policy_document.logs.json
}
resource "aws_cloudtrail" "audit" {
  name                          = "audit"
  s3_bucket_name                = aws_s3_bucket.logs.id
  s3_key_prefix                 = "${v.prefix}"
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  enable_logging                = ${v.logging}
  tags                          = { team = "${v.tag}" }
  event_selector {
    read_write_type           = "${v.readWriteType}"
    include_management_events = true
    data_resource {
      type   = "AWS::S3::Object"
      values = ["\${aws_s3_bucket.logs.arn}/private/"]
    }
  }
  depends_on = [aws_s3_bucket_policy.logs]
}
`;

testWith(
  ['terraform'],
  'Terraform applies a bucket and a trail, plans no changes, changes and destroys them',
  async () => {
    const server = await startOpenTrail();
    const terraform = await startTerraform(server, 'cloudtrail', 's3');
    const apply = (variant: Variant) => terraform.apply(configuration(variant));
    const ct = cloudTrail(server);
    await apply({ logging: true, tag: 'blue', readWriteType: 'All', prefix: 'one' });
    expect((await ct.send(new GetTrailStatusCommand({ Name: ARN }))).IsLogging).toBe(true);
    await apply({ logging: false, tag: 'green', readWriteType: 'WriteOnly', prefix: 'two' });
    expect((await ct.send(new GetTrailStatusCommand({ Name: ARN }))).IsLogging).toBe(false);
    const selectors = await ct.send(new GetEventSelectorsCommand({ TrailName: ARN }));
    expect(selectors.EventSelectors?.[0]).toMatchObject({
      ReadWriteType: 'WriteOnly',
      DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::tf-logs/private/'] }],
    });
    const tags = await ct.send(new ListTagsCommand({ ResourceIdList: [ARN] }));
    expect(tags.ResourceTagList?.[0]?.TagsList).toEqual([{ Key: 'team', Value: 'green' }]);

    await terraform.destroy();
    await expect(ct.send(new GetTrailStatusCommand({ Name: ARN }))).rejects.toMatchObject({
      name: 'TrailNotFoundException',
    });
    await server.stop();
  },
  300_000,
);

const organization = (allowed: string, unit: string, parent: 'unit' | 'root') => `
resource "aws_organizations_organization" "all" {
  feature_set                   = "ALL"
  enabled_policy_types          = ["SERVICE_CONTROL_POLICY"]
  aws_service_access_principals = ["cloudtrail.amazonaws.com"]
}
resource "aws_organizations_organizational_unit" "teams" {
  name      = "${unit}"
  parent_id = aws_organizations_organization.all.roots[0].id
  tags      = { purpose = "teams" }
}
resource "aws_organizations_account" "audit" {
  name      = "audit"
  email     = "audit@example.com"
  role_name = "OrganizationAccountAccessRole"
  parent_id = ${parent === 'unit' ? 'aws_organizations_organizational_unit.teams.id' : 'aws_organizations_organization.all.roots[0].id'}
  tags      = { stage = "${unit}" }
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
    Statement = [{ Effect = "Allow", Action = "${allowed}", Resource = "*" }]
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

testWith(
  ['terraform', 'aws'],
  'Terraform applies an organization with its units, accounts and policies, plans no changes, changes and destroys them',
  async () => {
    const server = await startOpenTrail();
    const terraform = await startTerraform(server, 'iam', 'organizations');
    await terraform.apply(organization('*', 'teams', 'unit'));
    expect([await terraform.output('accounts'), await terraform.output('unit')]).toEqual(['2', '"teams"']);
    await terraform.apply(organization('cloudtrail:*', 'groups', 'root'));
    expect(await terraform.output('unit')).toBe('"groups"');
    await terraform.destroy();
    const gone = await awsRaw(server.env, 'organizations', 'describe-organization');
    expect(gone.stderr).toContain('AWSOrganizationsNotInUseException');
    await server.stop();
  },
  300_000,
);
