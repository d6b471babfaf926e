import type { Part } from './part.ts';

const configuration = (days: number, pattern: string, destination: string) => `
resource "aws_cloudwatch_log_group" "app" {
  name              = "app"
  retention_in_days = ${days}
  tags              = { team = "audit" }
}
resource "aws_cloudwatch_log_stream" "one" {
  name           = "one"
  log_group_name = aws_cloudwatch_log_group.app.name
}
resource "aws_cloudwatch_log_metric_filter" "logins" {
  name           = "logins"
  log_group_name = aws_cloudwatch_log_group.app.name
  pattern        = "${pattern}"
  metric_transformation {
    name          = "Logins"
    namespace     = "App"
    value         = "1"
    default_value = "0"
  }
}
resource "aws_cloudwatch_log_subscription_filter" "out" {
  name            = "out"
  log_group_name  = aws_cloudwatch_log_group.app.name
  filter_pattern  = "${pattern}"
  destination_arn = "${destination}"
}
`;

/** A group, a stream and filters. */
export const logs: Part = {
  name: 'logs',
  configuration: (changed, { hook }) => {
    const destination = `arn:aws:http:::${hook}`;
    return changed ? configuration(90, 'FATAL', destination) : configuration(30, 'ERROR', destination);
  },
};
