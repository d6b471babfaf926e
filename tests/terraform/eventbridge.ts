import { ACCOUNT } from '../support/trail.ts';
import type { Part } from './part.ts';

const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:events`;

const configuration = (rate: number) => `
resource "aws_cloudwatch_event_bus" "orders" { name = "orders" }
resource "aws_cloudwatch_event_permission" "other" {
  principal      = "210987654321"
  statement_id   = "other"
  event_bus_name = aws_cloudwatch_event_bus.orders.name
}
resource "aws_cloudwatch_event_rule" "all" {
  name          = "all"
  description   = "rate ${rate}"
  event_pattern = jsonencode({ source = ["aws.ec2"] })
  state         = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
  tags          = { team = "audit" }
}
resource "aws_cloudwatch_event_rule" "timed" {
  name                = "timed"
  schedule_expression = "rate(5 minutes)"
}
resource "aws_cloudwatch_event_target" "queue" {
  rule      = aws_cloudwatch_event_rule.all.name
  target_id = "queue"
  arn       = "${QUEUE}"
  input_transformer {
    input_paths    = { what = "$.detail.eventName" }
    input_template = "{\\"what\\": <what>}"
  }
  dead_letter_config { arn = "${QUEUE}-dead" }
  retry_policy {
    maximum_retry_attempts       = 3
    maximum_event_age_in_seconds = 600
  }
}
resource "aws_cloudwatch_event_connection" "hook" {
  name               = "hook"
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = "x-key"
      value = "secret"
    }
  }
}
resource "aws_cloudwatch_event_api_destination" "hook" {
  name                             = "hook"
  invocation_endpoint              = "https://example.com/in"
  http_method                      = "POST"
  invocation_rate_limit_per_second = ${rate}
  connection_arn                   = aws_cloudwatch_event_connection.hook.arn
}
resource "aws_cloudwatch_event_target" "hook" {
  rule      = aws_cloudwatch_event_rule.all.name
  target_id = "hook"
  arn       = aws_cloudwatch_event_api_destination.hook.arn
  http_target {
    header_parameters       = { X-A = "b" }
    query_string_parameters = { q = "$.detail.eventName" }
  }
}
resource "aws_cloudwatch_event_archive" "orders" {
  name             = "orders"
  event_source_arn = aws_cloudwatch_event_bus.orders.arn
  retention_days   = ${rate}
}
resource "aws_s3_bucket" "files" { bucket = "tf-files" }
resource "aws_s3_bucket_notification" "files" {
  bucket      = aws_s3_bucket.files.id
  eventbridge = true
}
`;

/** Buses, rules, targets, connections, archives and notifications. */
export const eventbridge: Part = {
  name: 'eventbridge',
  configuration: (changed) => configuration(changed ? 20 : 10),
};
