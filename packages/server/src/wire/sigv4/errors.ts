import { AwsError, type AwsErrorOptions } from '../../base/errors.ts';

/** How a service words what is wrong with a signature: S3, the query services, AWS JSON, REST JSON. */
export type AuthStyle = 's3' | 'query' | 'json' | 'rest-json';

export type AuthErrorKind =
  | 'missing-token'
  | 'unknown-key'
  | 'bad-token'
  | 'expired-token'
  | 'bad-signature'
  | 'expired'
  | 'not-yet-valid'
  | 'presigned-expired'
  | 'presigned-not-yet-valid'
  | 'incomplete'
  | 'malformed-query'
  | 'unsupported'
  | 'wrong-scope'
  | 'two-mechanisms'
  | 'unsigned-header'
  | 'missing-payload-hash'
  | 'bad-payload-hash';

interface Wording {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

const say = (code: string, status: number, message: string): Wording => ({ code, status, message });

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
const INVALID_TOKEN = 'The security token included in the request is invalid.';
const EXPIRED_TOKEN = 'The security token included in the request is expired';
const SKEWED = 'The difference between the request time and the current time is too large.';
const TWO_MECHANISMS =
  'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified';
const PAYLOAD_FORMS =
  'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.';
const UNSUPPORTED_S3 = 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.';

/** [s3, query, json]; REST JSON has JSON's names and, as AWS's front answers it, status 403. */
const WORDINGS: Readonly<Record<AuthErrorKind, readonly [Wording, Wording, Wording]>> = {
  'missing-token': [
    say('AccessDenied', 403, 'Access Denied'),
    say('MissingAuthenticationToken', 403, 'Request is missing Authentication Token'),
    say('MissingAuthenticationTokenException', 400, 'Missing Authentication Token'),
  ],
  'unknown-key': [
    say('InvalidAccessKeyId', 403, 'The AWS Access Key Id you provided does not exist in our records.'),
    say('InvalidClientTokenId', 403, INVALID_TOKEN),
    say('UnrecognizedClientException', 400, INVALID_TOKEN),
  ],
  'bad-token': [
    say('InvalidToken', 400, 'The provided token is malformed or otherwise invalid.'),
    say('InvalidClientTokenId', 403, INVALID_TOKEN),
    say('UnrecognizedClientException', 400, INVALID_TOKEN),
  ],
  'expired-token': [
    say('ExpiredToken', 400, 'The provided token has expired.'),
    say('ExpiredToken', 403, EXPIRED_TOKEN),
    say('ExpiredTokenException', 403, EXPIRED_TOKEN),
  ],
  'bad-signature': [
    say(
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    ),
    say('SignatureDoesNotMatch', 403, MISMATCH),
    say('InvalidSignatureException', 400, MISMATCH),
  ],
  expired: [
    say('RequestTimeTooSkewed', 403, SKEWED),
    say('SignatureDoesNotMatch', 403, 'Signature expired.'),
    say('InvalidSignatureException', 400, 'Signature expired.'),
  ],
  'not-yet-valid': [
    say('RequestTimeTooSkewed', 403, SKEWED),
    say('SignatureDoesNotMatch', 403, 'Signature not yet current.'),
    say('InvalidSignatureException', 400, 'Signature not yet current.'),
  ],
  'presigned-expired': [
    say('AccessDenied', 403, 'Request has expired'),
    say('RequestExpired', 400, 'Request has expired.'),
    say('InvalidSignatureException', 400, 'Signature expired.'),
  ],
  'presigned-not-yet-valid': [
    say('AccessDenied', 403, 'Request is not yet valid'),
    say('RequestInTheFuture', 400, 'Request is not yet valid.'),
    say('InvalidSignatureException', 400, 'Signature not yet current.'),
  ],
  incomplete: [
    say('AuthorizationHeaderMalformed', 400, 'The authorization header is malformed'),
    say('IncompleteSignature', 400, 'The request signature does not conform to AWS standards.'),
    say('IncompleteSignatureException', 400, 'The request signature does not conform to AWS standards.'),
  ],
  'malformed-query': [
    say('AuthorizationQueryParametersError', 400, 'The authorization query parameters are malformed'),
    say('IncompleteSignature', 400, 'The request signature does not conform to AWS standards.'),
    say('IncompleteSignatureException', 400, 'The request signature does not conform to AWS standards.'),
  ],
  unsupported: [
    say('InvalidRequest', 400, UNSUPPORTED_S3),
    say('IncompleteSignature', 400, "Unsupported AWS 'algorithm'. Please use AWS4-HMAC-SHA256."),
    say('IncompleteSignatureException', 400, "Unsupported AWS 'algorithm'. Please use AWS4-HMAC-SHA256."),
  ],
  'wrong-scope': [
    say('AuthorizationHeaderMalformed', 400, 'The authorization header is malformed'),
    say('SignatureDoesNotMatch', 403, 'Credential should be scoped to a valid region and service.'),
    say('InvalidSignatureException', 400, 'Credential should be scoped to a valid region and service.'),
  ],
  'two-mechanisms': [
    say('InvalidArgument', 400, TWO_MECHANISMS),
    say('IncompleteSignature', 400, TWO_MECHANISMS),
    say('IncompleteSignatureException', 400, TWO_MECHANISMS),
  ],
  'unsigned-header': [
    say('AccessDenied', 403, 'There were headers present in the request which were not signed'),
    say('SignatureDoesNotMatch', 403, 'There were headers present in the request which were not signed'),
    say('InvalidSignatureException', 400, 'There were headers present in the request which were not signed'),
  ],
  'missing-payload-hash': [
    say('InvalidRequest', 400, 'Missing required header for this request: x-amz-content-sha256'),
    say('IncompleteSignature', 400, 'Missing required header for this request: x-amz-content-sha256'),
    say('IncompleteSignatureException', 400, 'Missing required header for this request: x-amz-content-sha256'),
  ],
  'bad-payload-hash': [
    say('InvalidArgument', 400, PAYLOAD_FORMS),
    say('SignatureDoesNotMatch', 403, PAYLOAD_FORMS),
    say('InvalidSignatureException', 400, PAYLOAD_FORMS),
  ],
};

const COLUMN: Readonly<Record<AuthStyle, 0 | 1 | 2>> = { s3: 0, query: 1, json: 2, 'rest-json': 2 };

/**
 * What AWS answers when a request's signature is not good enough, by the service's own name for it.
 * @param detail `message` in place of the usual one, and further members of an S3 error
 */
export function authError(
  style: AuthStyle,
  kind: AuthErrorKind,
  detail: { readonly message?: string; readonly members?: AwsErrorOptions['members'] } = {},
): AwsError {
  const { code, status, message } = WORDINGS[kind][COLUMN[style]];
  return new AwsError(code, detail.message ?? message, {
    status: style === 'rest-json' ? 403 : status,
    ...(style === 's3' && detail.members && { members: detail.members }),
  });
}
