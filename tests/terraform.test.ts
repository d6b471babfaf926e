import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetEventSelectorsCommand, GetTrailStatusCommand, ListTagsCommand } from '@aws-sdk/client-cloudtrail';
import { afterAll, expect } from 'vitest';
import { type Finished, run, terraformPlugins, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail } from './support/sdk.ts';

afterAll(cleanUp);

const ARN = 'arn:aws:cloudtrail:us-east-1:123456789012:trail/audit';

interface Variant {
  readonly logging: boolean;
  readonly tag: string;
  readonly readWriteType: string;
  readonly prefix: string;
}

const configuration = (server: RunningOpenTrail, v: Variant) => `
provider "aws" {
  region            = "us-east-1"
  access_key        = "${server.accessKeyId}"
  secret_key        = "${server.secretAccessKey}"
  s3_use_path_style = true
  skip_metadata_api_check = true
  endpoints {
    cloudtrail = "${server.endpoint}"
    s3         = "${server.endpoint}"
    sts        = "${server.endpoint}"
  }
}
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
    const cwd = newFolder('terraform');
    const env = {
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      CHECKPOINT_DISABLE: '1',
      TF_IN_AUTOMATION: '1',
    };
    const terraform = (...args: string[]) => run('terraform', args, env, { cwd });
    const succeed = (done: Finished) => expect(done.code, done.stdout + done.stderr).toBe(0);
    const plan = async () => succeed(await terraform('plan', '-no-color', '-input=false', '-detailed-exitcode'));
    const apply = async (variant: Variant) => {
      writeFileSync(join(cwd, 'main.tf'), configuration(server, variant));
      succeed(await terraform('apply', '-no-color', '-input=false', '-auto-approve'));
      await plan(); // exit code 0 means: no changes
    };
    writeFileSync(join(cwd, 'main.tf'), 'provider "aws" {}');
    succeed(await terraform('init', '-no-color', '-input=false', `-plugin-dir=${terraformPlugins}`));

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

    succeed(await terraform('destroy', '-no-color', '-input=false', '-auto-approve'));
    await expect(ct.send(new GetTrailStatusCommand({ Name: ARN }))).rejects.toMatchObject({
      name: 'TrailNotFoundException',
    });
    await server.stop();
  },
  300_000,
);
