import {
  GetEventSelectorsCommand,
  GetInsightSelectorsCommand,
  GetTrailStatusCommand,
  ListTagsCommand,
} from '@aws-sdk/client-cloudtrail';
import { expect } from 'vitest';
import { cloudTrail } from '../support/sdk.ts';
import type { Part } from './part.ts';

const ARN = 'arn:aws:cloudtrail:us-east-1:123456789012:trail/audit';

const configuration = (changed: boolean, prefix = changed ? 'two' : 'one') => `
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
    transition {
      days          = ${changed ? 45 : 30}
      storage_class = "STANDARD_IA"
    }
    transition {
      days          = 90
      storage_class = "GLACIER"
    }
    expiration { days = 400 }
    noncurrent_version_transition {
      noncurrent_days = 30
      storage_class   = "GLACIER_IR"
    }
    noncurrent_version_expiration {
      noncurrent_days           = 90
      newer_noncurrent_versions = 2
    }
  }
  rule {
    id     = "large"
    status = "Enabled"
    filter {
      and {
        prefix                   = "exports/"
        object_size_greater_than = 131072
        tags                     = { kind = "export" }
      }
    }
    transition {
      date          = "2030-01-01T00:00:00Z"
      storage_class = "DEEP_ARCHIVE"
    }
  }
  rule {
    id     = "tagged"
    status = "Disabled"
    filter {
      tag {
        key   = "keep"
        value = "no"
      }
    }
    transition { storage_class = "INTELLIGENT_TIERING" }
    expiration { days = 7 }
  }
  rule {
    id     = "small"
    status = "Enabled"
    filter { object_size_less_than = 1 }
    expiration { days = 1 }
  }
  rule {
    id     = "uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload { days_after_initiation = 7 }
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
    resources = ["\${aws_s3_bucket.logs.arn}/${prefix}/AWSLogs/\${data.aws_caller_identity.me.account_id}/*"]
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
  s3_key_prefix                 = "${prefix}"
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  enable_logging                = ${!changed}
  tags                          = { team = "${changed ? 'green' : 'blue'}" }
  event_selector {
    read_write_type           = "${changed ? 'WriteOnly' : 'All'}"
    include_management_events = true
    data_resource {
      type   = "AWS::S3::Object"
      values = ["\${aws_s3_bucket.logs.arn}/private/"]
    }
  }
  insight_selector {
    insight_type = "${changed ? 'ApiErrorRateInsight' : 'ApiCallRateInsight'}"
  }
  depends_on = [aws_s3_bucket_policy.logs]
}
`;

/** A trail and its bucket with all that people set on one. */
export const trail: Part = {
  name: 'trail',
  configuration: (changed) => configuration(changed),
  async applied({ server }) {
    const ct = cloudTrail(server);
    expect((await ct.send(new GetTrailStatusCommand({ Name: ARN }))).IsLogging).toBe(true);
    const { InsightSelectors } = await ct.send(new GetInsightSelectorsCommand({ TrailName: ARN }));
    expect(InsightSelectors).toEqual([{ InsightType: 'ApiCallRateInsight', EventCategories: ['Management'] }]);
  },
  async changed({ server }) {
    const ct = cloudTrail(server);
    expect((await ct.send(new GetTrailStatusCommand({ Name: ARN }))).IsLogging).toBe(false);
    const selectors = await ct.send(new GetEventSelectorsCommand({ TrailName: ARN }));
    expect(selectors.EventSelectors?.[0]).toMatchObject({
      ReadWriteType: 'WriteOnly',
      DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::tf-logs/private/'] }],
    });
    const { InsightSelectors } = await ct.send(new GetInsightSelectorsCommand({ TrailName: ARN }));
    expect(InsightSelectors?.map(({ InsightType }) => InsightType)).toEqual(['ApiErrorRateInsight']);
    const tags = await ct.send(new ListTagsCommand({ ResourceIdList: [ARN] }));
    expect(tags.ResourceTagList?.[0]?.TagsList).toEqual([{ Key: 'team', Value: 'green' }]);
  },
  async destroyed({ server }) {
    await expect(cloudTrail(server).send(new GetTrailStatusCommand({ Name: ARN }))).rejects.toMatchObject({
      name: 'TrailNotFoundException',
    });
  },
};
