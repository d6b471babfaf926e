import { expect } from 'vitest';
import { aws } from '../support/clients.ts';
import type { Part } from './part.ts';

const configuration = `
resource "aws_sns_topic" "audit" {
  name              = "audit"
  display_name      = "Audit"
  signature_version = 2
  tags              = { team = "audit" }
  delivery_policy   = jsonencode({ http = { defaultHealthyRetryPolicy = { numRetries = 5, minDelayTarget = 1, maxDelayTarget = 5 } } })
}
resource "aws_sns_topic" "order" {
  name                        = "order.fifo"
  fifo_topic                  = true
  content_based_deduplication = true
}
resource "aws_sns_topic_policy" "audit" {
  arn = aws_sns_topic.audit.arn
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "trail", Effect = "Allow",
    Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "SNS:Publish", Resource = aws_sns_topic.audit.arn }] })
}
resource "aws_sns_topic_subscription" "audit" {
  topic_arn            = aws_sns_topic.audit.arn
  protocol             = "sqs"
  endpoint             = "arn:aws:sqs:us-east-1:123456789012:audit"
  raw_message_delivery = true
  filter_policy_scope  = "MessageBody"
  filter_policy        = jsonencode({ s3Bucket = ["logs"] })
  redrive_policy       = jsonencode({ deadLetterTargetArn = "arn:aws:sqs:us-east-1:123456789012:dead" })
}
output "subscription" { value = aws_sns_topic_subscription.audit.arn }
`;

/** A topic with policy, a filtered queue with dead letters. */
export const sns: Part = {
  name: 'sns',
  configuration: () => configuration,
  async applied(_, { subscription }) {
    expect(subscription).toMatch(/arn:aws:sns:us-east-1:123456789012:audit:[0-9a-f-]{36}/);
  },
  async destroyed({ server }) {
    expect(await aws(server.env, 'sns', 'list-topics')).toEqual({ Topics: [] });
  },
};
