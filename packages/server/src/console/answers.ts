import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import { whyBroken } from '../wire/broken-body.ts';
import type { EncodedResponse } from '../wire/codec/index.ts';
import { drain } from '../wire/drain.ts';
import { respond } from '../wire/respond.ts';

const NO_STORE = { 'cache-control': 'no-store' };

export const json = (status: number, value: unknown, headers: EncodedResponse['headers'] = {}): EncodedResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...NO_STORE, ...headers },
  body: Buffer.from(`${JSON.stringify(value)}\n`),
});

export const nothing = (headers: EncodedResponse['headers'] = {}): EncodedResponse => ({
  status: 204,
  headers: { ...NO_STORE, ...headers },
  body: Buffer.alloc(0),
});

/** `{ Code, Message }`, also where an AWS operation was asked for: the header names the error as AWS's services do. */
export const problem = ({ code, message, status, headers }: AwsError): EncodedResponse =>
  json(status, { Code: code, Message: message }, { 'x-amzn-errortype': code, ...headers });

/** A refusal of the console's own, by its name. */
export const refusal = (status: number, code: string, message: string, headers = {}): AwsError =>
  new AwsError(code, message, { status, headers });

export const notSignedIn = (message = 'Sign in to go on.', headers = {}): AwsError =>
  refusal(401, 'NotSignedIn', message, headers);

/** Sends an answer once what is left of the request's body has been taken in, so that its sender gets to hear it. */
export async function send(
  req: IncomingMessage,
  res: ServerResponse,
  answer: EncodedResponse,
  clock: Clock,
): Promise<void> {
  const whole = req.complete || (await drain(req, clock));
  if (!whole || whyBroken(req)) res.setHeader('connection', 'close');
  await respond(res, req.method ?? 'GET', answer);
}
