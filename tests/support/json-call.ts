import type { RunningOpenTrail } from './opentrail.ts';
import { signedFetch } from './sdk.ts';

const TARGETS = {
  logs: 'Logs_20140328',
  events: 'AWSEvents',
  sqs: 'AmazonSQS',
  cloudtrail: 'CloudTrail_20131101',
  kms: 'TrentService',
} as const;

/** An operation of a JSON service for which the tests have no client of AWS's. @throws Error with the refusal */
export async function callJson<T>(
  server: RunningOpenTrail,
  service: keyof typeof TARGETS,
  operation: string,
  input: object,
): Promise<T> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${TARGETS[service]}.${operation}` };
  const answer = await signedFetch(server, 'POST', '/', JSON.stringify(input), { service, headers });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${operation}: ${answer.status} ${text}`);
  return (text === '' ? {} : JSON.parse(text)) as T;
}
