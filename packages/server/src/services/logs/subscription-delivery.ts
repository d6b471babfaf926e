import { Pushback } from '../../base/errors.ts';
import { SendError } from '../../ports/http-sender.ts';
import type { LogsDeps } from './deps.ts';
import { type Group, groupArn } from './model.ts';

/** Hands one compressed message to a destination. @throws when it was not taken */
export type SendToDestination = (
  group: Pick<Group, 'accountId' | 'region' | 'name'>,
  destination: string,
  message: Buffer,
) => Promise<void>;

const QUEUE_ARN = /^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,80}$/;
const HTTP_TIMEOUT_MS = 30_000;

/** Before a URL, for clients that take nothing but ARNs, or would fetch a URL that they are given (the AWS CLI 1). */
const URL_ARN = /^arn:aws:http:::/;
const urlOf = (destination: string): string => destination.replace(URL_ARN, '');

/** The ARN of a queue, a URL of HTTP, or a URL behind `arn:aws:http:::`. */
export const isDestination = (destination: string): boolean =>
  QUEUE_ARN.test(destination) || (/^https?:\/\//.test(urlOf(destination)) && URL.canParse(urlOf(destination)));

/** The receiver said no, with a status that says not to come back. */
export class Refused extends Error {}

/**
 * To a queue, the message in base64 is the body. To an HTTP endpoint it is posted as Lambda functions get it:
 * `{"awslogs":{"data":"<base64>"}}`; any status of the 200s means that it is taken.
 */
export function createSendToDestination({ queues, http }: Pick<LogsDeps, 'queues' | 'http'>): SendToDestination {
  return async (group, destination, message) => {
    const data = message.toString('base64');
    const sourceArn = `${groupArn(group, group.name)}:*`;
    if (QUEUE_ARN.test(destination)) {
      const actor = { service: 'logs.amazonaws.com', sourceArn, sourceAccount: group.accountId };
      await queues.send(destination, { body: data }, actor);
      return;
    }
    const { status } = await http.send({
      ...{ method: 'POST', url: urlOf(destination), timeoutMs: HTTP_TIMEOUT_MS },
      headers: { 'content-type': 'application/json', 'x-amz-log-group': sourceArn },
      body: JSON.stringify({ awslogs: { data } }),
    });
    if (status >= 200 && status < 300) return;
    const why = `the endpoint answered ${status}`;
    throw status >= 400 && status < 500 && !WORTH_RETRYING.has(status) ? new Refused(why) : new Error(why);
  };
}

/** Too early, too many, took too long. */
const WORTH_RETRYING: ReadonlySet<number> = new Set([401, 403, 404, 408, 425, 429]);

/** What cannot be mended by waiting: nobody is to be asked again. */
export const isFinal = (error: unknown): boolean =>
  error instanceof Refused || (error instanceof SendError && error.failure === 'malformed') || isTooLarge(error);

const isTooLarge = (error: unknown): boolean =>
  !(error instanceof Pushback) &&
  /InvalidMessageContents|InvalidParameterValue/.test((error as { code?: string }).code ?? '');
