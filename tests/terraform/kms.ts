import { expect } from 'vitest';
import { aws } from '../support/clients.ts';
import type { Part } from './part.ts';

const configuration = (description: string, days: number) => `
data "aws_caller_identity" "me" {}
resource "aws_kms_key" "logs" {
  description             = "${description}"
  deletion_window_in_days = 7
  enable_key_rotation     = true
  rotation_period_in_days = ${days}
  tags                    = { team = "audit" }
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Account"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::\${data.aws_caller_identity.me.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }, {
      Sid       = "Trails"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = ["kms:GenerateDataKey*", "kms:DescribeKey"]
      Resource  = "*"
      Condition = { StringLike = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:aws:cloudtrail:*:\${data.aws_caller_identity.me.account_id}:trail/*" } }
    }]
  })
}
resource "aws_kms_alias" "logs" {
  name          = "alias/logs"
  target_key_id = aws_kms_key.logs.key_id
}
resource "aws_kms_grant" "worker" {
  name              = "worker"
  key_id            = aws_kms_key.logs.key_id
  grantee_principal = "arn:aws:iam::\${data.aws_caller_identity.me.account_id}:role/worker"
  operations        = ["Decrypt"]
  constraints { encryption_context_equals = { purpose = "logs" } }
}
data "aws_kms_alias" "found" {
  name       = "alias/logs"
  depends_on = [aws_kms_alias.logs]
}
`;

/** A key, an alias and a grant. */
export const kms: Part = {
  name: 'kms',
  configuration: (changed) => (changed ? configuration('second', 100) : configuration('first', 365)),
  async destroyed({ server }) {
    expect(await aws(server.env, 'kms', 'list-aliases')).toMatchObject({ Aliases: [] });
  },
};
