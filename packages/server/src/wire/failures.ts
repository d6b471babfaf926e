import { AwsError, Pushback } from '../base/errors.ts';
import type { Protocol } from '../schema/types.ts';
import type { AuthStyle } from './sigv4/errors.ts';

/** Whatever was thrown, as an error for the caller: overload in the service's own words, a bug as a fault of ours. */
export function asAwsError(error: unknown, style: AuthStyle): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof Pushback) {
    const headers = { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) };
    if (style === 's3') return new AwsError('SlowDown', 'Please reduce your request rate.', { status: 503, headers });
    if (style === 'json') return new AwsError('ThrottlingException', `Rate exceeded: ${error.message}`, { headers });
    return new AwsError('ServiceUnavailable', `Come back later: ${error.message}`, { status: 503, headers });
  }
  const code = style === 's3' ? 'InternalError' : 'InternalFailure';
  return new AwsError(code, 'We encountered an internal error. Please try again.', { status: 500, cause: error });
}

/** As records show it. */
export function describe(error: unknown): { readonly code: string; readonly message: string } {
  const { code, message } = asAwsError(error, 'json');
  return { code, message };
}

/** How to answer when no service here knows the request: in the tongue that its client seems to speak. */
export function protocolByLooks(headers: Readonly<Record<string, string>> = {}): Protocol {
  const contentType = headers['content-type'] ?? '';
  if (contentType.startsWith('application/x-www-form-urlencoded')) return 'awsQuery';
  return contentType.includes('json') || headers['x-amz-target'] !== undefined ? 'awsJson1_1' : 'restXml';
}
