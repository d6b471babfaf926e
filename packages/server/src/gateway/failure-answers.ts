import { AwsError, Pushback } from '../base/errors.ts';
import { type Random, uuid } from '../base/random.ts';
import { type EncodedResponse, type ErrorTarget, encodeError } from '../wire/codec/index.ts';
import type { ExchangeFailure } from './exchange.ts';

/** What the gateway itself answers, when the upstream cannot: statuses that every SDK tries again after, but for 400. */
const FAILURES: Readonly<Record<ExchangeFailure['kind'], { status: number; code: string }>> = {
  'upstream-unreachable': { status: 502, code: 'BadGateway' },
  'upstream-timeout': { status: 504, code: 'GatewayTimeout' },
  'answer-cut-off': { status: 502, code: 'BadGateway' },
  // As S3 answers who stops sending, and in its words.
  'request-cut-off': { status: 400, code: 'RequestTimeout' },
  'client-gone': { status: 400, code: 'RequestTimeout' },
};

/** @param message for the client: says nothing of machines behind the gateway */
export function failureError(kind: ExchangeFailure['kind'], message: string): AwsError {
  const { status, code } = FAILURES[kind];
  return new AwsError(code, message, { status });
}

/** Overload and faults of our own, as the target's protocol tells them; all others stay what they are. */
export function asAnswerable(error: unknown, { schema, protocol }: ErrorTarget): AwsError {
  if (error instanceof AwsError) return error;
  const isS3 = protocol === 'restXml' && (schema === undefined || schema.id === 's3');
  if (error instanceof Pushback) {
    const headers = { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) };
    return isS3
      ? new AwsError('SlowDown', 'Please reduce your request rate.', { status: 503, headers })
      : new AwsError('ServiceUnavailable', `Come back later: ${error.message}.`, { status: 503, headers });
  }
  return new AwsError(
    isS3 ? 'InternalError' : 'InternalFailure',
    'We encountered an internal error. Please try again.',
    { status: 500, cause: error },
  );
}

/** An error in its protocol's shape, with its length and new request ids. */
export function failureAnswer(
  target: ErrorTarget,
  error: AwsError,
  random: Random,
  rawPath: string,
): EncodedResponse & { readonly body: Buffer } {
  const place = { hostId: random.bytes(57).toString('base64'), resource: rawPath };
  const { status, headers, body } = encodeError(target, error, uuid(random), place);
  const bytes = body as Buffer; // errors are in memory
  return { status, headers: { ...headers, 'content-length': String(bytes.length) }, body: bytes };
}
