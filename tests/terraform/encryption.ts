import { expect } from 'vitest';
import { aws } from '../support/clients.ts';
import { ACCOUNT, bucketPolicy, KEY_ADMINISTRATORS, KEY_DELIVERY } from '../support/trail.ts';
import type { Part } from './part.ts';

const configuration = (bucketKey: boolean) => `
resource "aws_kms_key" "trail" {
  policy = jsonencode(${JSON.stringify({ Version: '2012-10-17', Statement: [KEY_ADMINISTRATORS, KEY_DELIVERY] })})
}
resource "aws_s3_bucket" "logs" {
  bucket        = "tf-sealed"
  force_destroy = true
}
resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule {
    bucket_key_enabled = ${bucketKey}
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.trail.arn
    }
  }
}
resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = jsonencode(${bucketPolicy('tf-sealed')})
}
resource "aws_cloudtrail" "sealed" {
  name           = "sealed"
  s3_bucket_name = aws_s3_bucket.logs.id
  kms_key_id     = aws_kms_key.trail.arn
  depends_on     = [aws_s3_bucket_policy.logs]
}
`;

/** A bucket's encryption, and a trail with a key. */
export const encryption: Part = {
  name: 'encryption',
  configuration: (changed) => configuration(!changed),
  async applied({ server }) {
    const sealed = ['--trail-name-list', 'sealed'];
    expect(await aws(server.env, 'cloudtrail', 'describe-trails', ...sealed)).toMatchObject({
      trailList: [{ KmsKeyId: expect.stringContaining(`:${ACCOUNT}:key/`) }],
    });
  },
};
