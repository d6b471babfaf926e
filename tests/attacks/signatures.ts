import * as calls from './calls.ts';
import type { Refusal, Row } from './row.ts';
import { type Call, type Credentials, presigned, type SignOptions, signed, unsigned, type Wire } from './wire.ts';
import type { World } from './world.ts';

/** Requests whose sender nobody knows: what is wrong with them is the signature. */

type Style = 's3' | 'query' | 'json' | 'rest';
/** What each family of services answers. */
type Refusals = Readonly<Record<Style, Refusal>>;

const same = (json: string, query: string, s3: Refusal, queryStatus = 403): Refusals => ({
  s3,
  query: [queryStatus, query],
  json: [400, json],
  rest: [403, json],
});
const UNKNOWN = same('UnrecognizedClientException', 'InvalidClientTokenId', [403, 'InvalidAccessKeyId']);
const BAD_TOKEN = same('UnrecognizedClientException', 'InvalidClientTokenId', [400, 'InvalidToken']);
const EXPIRED_TOKEN: Refusals = {
  s3: [400, 'ExpiredToken'],
  query: [403, 'ExpiredToken'],
  json: [403, 'ExpiredTokenException'],
  rest: [403, 'ExpiredTokenException'],
};
const MISMATCH = same('InvalidSignatureException', 'SignatureDoesNotMatch', [403, 'SignatureDoesNotMatch']);
const SKEWED = same('InvalidSignatureException', 'SignatureDoesNotMatch', [403, 'RequestTimeTooSkewed']);
const SCOPE = same('InvalidSignatureException', 'SignatureDoesNotMatch', [400, 'AuthorizationHeaderMalformed']);
const INCOMPLETE = same(
  'IncompleteSignatureException',
  'IncompleteSignature',
  [400, 'AuthorizationHeaderMalformed'],
  400,
);
const MISSING = same('MissingAuthenticationTokenException', 'MissingAuthenticationToken', [403, 'AccessDenied']);
const TWO_WAYS = same('IncompleteSignatureException', 'IncompleteSignature', [400, 'InvalidArgument'], 400);
const UNSIGNED_HEADER = same('InvalidSignatureException', 'SignatureDoesNotMatch', [403, 'AccessDenied']);
const UNSUPPORTED = same('IncompleteSignatureException', 'IncompleteSignature', [400, 'InvalidRequest'], 400);

const STYLES: Readonly<Record<string, Style>> = { s3: 's3', iam: 'query', sts: 'query', opentrail: 'rest' };

/** A call of each family that would do harm, were it let through. */
const targets = (world: World): Call[] => [
  calls.cloudTrail('StopLogging', { Name: 'main-a' }),
  calls.kms('DisableKey', { KeyId: world.keyOfA }),
  calls.sts('GetFederationToken', { Name: 'stranger' }),
  calls.own('CreateAccount'),
  calls.s3('DeleteObject', 'DELETE', '/a-private/doc.txt'),
];

const replace =
  (name: string, change: (value: string) => string) =>
  (wire: Wire): Wire => ({
    ...wire,
    headers: wire.headers.map(([n, value]) => (n === name ? [n, change(value)] : [n, value])),
  });
const without =
  (name: string) =>
  (wire: Wire): Wire => ({ ...wire, headers: wire.headers.filter(([n]) => n !== name) });
const adding =
  (...pair: readonly [string, string]) =>
  (wire: Wire): Wire => ({ ...wire, headers: [...wire.headers, pair] });
const authorization = (from: string | RegExp, to: string) =>
  replace('authorization', (value) => value.replace(from, to));
const flipHex = (digit: string) => (digit === '0' ? '1' : '0');

/** Things done to a request after it was signed by an administrator. */
const TAMPERED: readonly (readonly [what: string, refusals: Refusals, (wire: Wire) => Wire, except?: Style])[] = [
  [
    'first digit of the signature changed',
    MISMATCH,
    replace('authorization', (v) => v.replace(/Signature=(.)/, (_, d) => `Signature=${flipHex(d)}`)),
  ],
  [
    'last digit of the signature changed',
    MISMATCH,
    replace('authorization', (v) => v.replace(/(.)$/, (_, d) => flipHex(d))),
  ],
  ['signature of zeros', MISMATCH, authorization(/Signature=.*/, `Signature=${'0'.repeat(64)}`)],
  ['signature cut short', MISMATCH, authorization(/Signature=(.{8}).*/, 'Signature=$1')],
  ['signature empty', INCOMPLETE, authorization(/Signature=.*/, 'Signature=')],
  ['no signature', INCOMPLETE, authorization(/, Signature=.*/, '')],
  ['no signed headers', INCOMPLETE, authorization(/SignedHeaders=[^,]*/, 'SignedHeaders=')],
  ['no credential', INCOMPLETE, authorization(/Credential=[^,]*/, 'Credential=')],
  ['another algorithm', UNSUPPORTED, authorization('AWS4-HMAC-SHA256', 'AWS4-HMAC-MD5')],
  ['no algorithm', UNSUPPORTED, authorization('AWS4-HMAC-SHA256 ', '')],
  ['a Bearer token', UNSUPPORTED, replace('authorization', () => 'Bearer eyJhbGciOiJub25lIn0.e30.')],
  ['Basic credentials', UNSUPPORTED, replace('authorization', () => 'Basic b3BlbnRyYWlsOm9wZW50cmFpbA==')],
  ['Region of the scope changed', MISMATCH, authorization('/us-east-1/', '/eu-west-1/')],
  ['Region of the scope is a path', INCOMPLETE, authorization('/us-east-1/', '/../')],
  [
    'another timestamp',
    MISMATCH,
    replace('x-amz-date', (v) => `${v.slice(0, -3)}${v.slice(-3, -1) === '00' ? '01' : '00'}Z`),
  ],
  [
    'a query added',
    MISMATCH,
    (wire) => ({ ...wire, path: `${wire.path}${wire.path.includes('?') ? '&' : '?'}versionId=null` }),
  ],
  ['another Host', MISMATCH, replace('host', () => 'localhost:1')],
  ['a header that counts added', UNSIGNED_HEADER, adding('x-amz-acl', 'public-read')],
  [
    'two Authorization headers',
    MISMATCH,
    (wire) =>
      adding(
        'authorization',
        wire.headers.find(([n]) => n === 'authorization')![1].replace(/.$/, flipHex),
      )(replace('authorization', (v) => v.replace(/Signature=./, 'Signature=g'))(wire)),
  ],
  [
    'Authorization header and query',
    TWO_WAYS,
    (wire) => ({
      ...wire,
      path: `${wire.path}${wire.path.includes('?') ? '&' : '?'}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x`,
    }),
  ],
  ['a session token with a long-term key', BAD_TOKEN, adding('x-amz-security-token', 'x')],
];

const SIGNED_WRONGLY: readonly (readonly [
  what: string,
  refusals: Refusals,
  options: (now: number, call: Call) => SignOptions,
])[] = [
  ['16 minutes late', SKEWED, (now) => ({ at: new Date(now - 16 * 60_000) })],
  ['a day late', SKEWED, (now) => ({ at: new Date(now - 86_400_000) })],
  ['a year late', SKEWED, (now) => ({ at: new Date(now - 365 * 86_400_000) })],
  ['16 minutes early', SKEWED, (now) => ({ at: new Date(now + 16 * 60_000) })],
  ['a year early', SKEWED, (now) => ({ at: new Date(now + 365 * 86_400_000) })],
  [
    'scope of yesterday',
    SCOPE,
    (now) => ({ day: new Date(now - 86_400_000).toISOString().slice(0, 10).replaceAll('-', '') }),
  ],
];

const STRANGE_KEYS = (world: World): readonly (readonly [what: string, refusals: Refusals, as: Credentials])[] => [
  [
    'an unknown key',
    UNKNOWN,
    { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
  ],
  ['a key in lower case', UNKNOWN, { ...world.a, accessKeyId: world.a.accessKeyId.toLowerCase() }],
  ['a key cut short', UNKNOWN, { ...world.a, accessKeyId: world.a.accessKeyId.slice(0, -1) }],
  ['a key with a wildcard', UNKNOWN, { ...world.a, accessKeyId: 'AKIA*' }],
  ['an account for a key', UNKNOWN, { ...world.a, accessKeyId: '123456789012' }],
  ['a member of every object for a key', UNKNOWN, { ...world.a, accessKeyId: '__proto__' }],
  ['a wrong secret', MISMATCH, { ...world.a, secretAccessKey: `${world.a.secretAccessKey.slice(0, -1)}!` }],
  ['an empty secret', MISMATCH, { ...world.a, secretAccessKey: '' }],
  ["another account's secret", MISMATCH, { ...world.a, secretAccessKey: world.b.secretAccessKey }],
  ['the key id for a secret', MISMATCH, { ...world.a, secretAccessKey: world.a.accessKeyId }],
];

const row = (what: string, call: Call, refusals: Refusals, wire: () => Wire): Row => {
  const [status, code] = refusals[STYLES[call.service] ?? 'json'];
  return { title: `${what}: ${call.name}`, wire, status, code, leaves: 'count' };
};

export function signatureRows(world: World): Row[] {
  return targets(world).flatMap((call) => [
    // What is unsigned is an anonymous call to S3, and recorded as one.
    {
      ...row('unsigned', call, MISSING, () => unsigned(call)),
      ...(call.service === 's3' && { leaves: 'record' as const }),
    },
    ...STRANGE_KEYS(world).map(([what, refusals, as]) => row(what, call, refusals, () => signed(call, as))),
    ...SIGNED_WRONGLY.map(([what, refusals, options]) =>
      row(what, call, refusals, () => signed(call, world.a, options(Date.now(), call))),
    ),
    ...TAMPERED.map(([what, refusals, tamper]) => row(what, call, refusals, () => tamper(signed(call, world.a)))),
    ...bodyRows(world, call),
  ]);
}

function bodyRows({ a }: World, call: Call): Row[] {
  if (call.service === 's3') {
    const put = calls.s3('PutObject', 'PUT', '/a-private/doc.txt', 'what was signed');
    return [
      // The caller is known by the signature, which covers the hash: so this one is a record.
      {
        ...row('another body', put, { ...MISMATCH, s3: [400, 'XAmzContentSHA256Mismatch'] }, () => ({
          ...signed(put, a),
          body: 'what was forged!'.slice(0, put.body.length),
        })),
        leaves: 'record',
      },
      row('no hash of the body', put, { ...MISMATCH, s3: [400, 'InvalidRequest'] }, () =>
        without('x-amz-content-sha256')(signed(put, a)),
      ),
      row('a hash that is none', put, { ...MISMATCH, s3: [400, 'InvalidArgument'] }, () =>
        signed(put, a, { payloadHash: 'none' }),
      ),
      row('hash swapped for UNSIGNED-PAYLOAD', put, MISMATCH, () =>
        replace('x-amz-content-sha256', () => 'UNSIGNED-PAYLOAD')(signed(put, a)),
      ),
      row('another method', call, MISMATCH, () => ({ ...signed({ ...call, method: 'GET' }, a), method: 'DELETE' })),
      row('another key', call, MISMATCH, () => ({ ...signed(call, a), path: '/a-private/other.txt' })),
      row('another bucket', call, MISMATCH, () => ({ ...signed(call, a), path: '/a-logs/doc.txt' })),
      // All services share an endpoint: the name in the signature decides whose request it is, and who words the refusal.
      row('signed for another service', call, { ...MISMATCH, s3: [400, 'InvalidSignatureException'] }, () =>
        authorization('/s3/aws4', '/cloudtrail/aws4')(signed(call, a)),
      ),
    ];
  }
  return [
    row('another body', call, MISMATCH, () => ({ ...signed(call, a), body: `${call.body} ` })),
    row('an empty body', call, MISMATCH, () => ({ ...signed(call, a), body: '' })),
    row('UNSIGNED-PAYLOAD and another body', call, MISMATCH, () => ({
      ...signed(call, a, { payloadHash: 'UNSIGNED-PAYLOAD' }),
      body: `${call.body} `,
    })),
  ];
}

export interface SessionSet {
  readonly live: Required<Credentials>;
  readonly other: Required<Credentials>;
  readonly ofB: Required<Credentials>;
  readonly expired: Required<Credentials>;
}

/** Temporary credentials with something wrong about their token. */
export function sessionRows(world: World, { live, other, ofB, expired }: SessionSet): Row[] {
  const flip = (at: number) => {
    const token = live.sessionToken;
    const i = at < 0 ? token.length + at : at;
    return token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
  };
  const wrong: readonly (readonly [string, Refusals, Credentials])[] = [
    ['without its token', UNKNOWN, { accessKeyId: live.accessKeyId, secretAccessKey: live.secretAccessKey }],
    ['with an empty token', BAD_TOKEN, { ...live, sessionToken: '' }],
    ['with a token of one letter', BAD_TOKEN, { ...live, sessionToken: 'x' }],
    ['with its first letter changed', BAD_TOKEN, { ...live, sessionToken: flip(0) }],
    [
      'with a letter in the middle changed',
      BAD_TOKEN,
      { ...live, sessionToken: flip(Math.floor(live.sessionToken.length / 2)) },
    ],
    ['cut short', BAD_TOKEN, { ...live, sessionToken: live.sessionToken.slice(0, -8) }],
    ['twice over', BAD_TOKEN, { ...live, sessionToken: live.sessionToken + live.sessionToken }],
    ["with another session's token", BAD_TOKEN, { ...live, sessionToken: other.sessionToken }],
    ["with another account's token", BAD_TOKEN, { ...live, sessionToken: ofB.sessionToken }],
    [
      "with another session's id and token, but its own secret",
      MISMATCH,
      { ...other, secretAccessKey: live.secretAccessKey },
    ],
    ["with an account's long-term secret", MISMATCH, { ...live, secretAccessKey: world.a.secretAccessKey }],
    ['that has expired', EXPIRED_TOKEN, expired],
  ];
  return targets(world).flatMap((call) => [
    ...wrong.map(([what, refusals, as]) => row(`a session ${what}`, call, refusals, () => signed(call, as))),
    row('a session whose token is sent twice', call, BAD_TOKEN, () =>
      adding('x-amz-security-token', other.sessionToken)(signed(call, live)),
    ),
  ]);
}

const presignedOf =
  (from: string | RegExp, to: string) =>
  (wire: Wire): Wire => ({ ...wire, path: wire.path.replace(from, to) });

/** Presigned URLs, bent. */
export function presignedRows({ a }: World, live: Credentials): Row[] {
  const get = calls.s3('GetObject', 'GET', '/a-private/doc.txt');
  const BENT: readonly (readonly [what: string, refusal: Refusal, (wire: Wire) => Wire, SignOptions?])[] = [
    [
      'used after it expired',
      [403, 'AccessDenied'],
      (w) => w,
      { at: new Date(Date.now() - 120_000), expiresSeconds: 60 },
    ],
    [
      'used a week after',
      [403, 'AccessDenied'],
      (w) => w,
      { at: new Date(Date.now() - 8 * 86_400_000), expiresSeconds: 604_800 },
    ],
    ['used before its time', [403, 'AccessDenied'], (w) => w, { at: new Date(Date.now() + 3_600_000) }],
    [
      'that holds longer than a week',
      [400, 'AuthorizationQueryParametersError'],
      (w) => w,
      { expiresSeconds: 604_801 },
    ],
    ['that holds for a negative time', [400, 'AuthorizationQueryParametersError'], (w) => w, { expiresSeconds: -1 }],
    ['made to hold longer', [403, 'SignatureDoesNotMatch'], presignedOf('X-Amz-Expires=60', 'X-Amz-Expires=600')],
    [
      'expired and made to hold longer',
      [403, 'SignatureDoesNotMatch'],
      presignedOf('X-Amz-Expires=60', 'X-Amz-Expires=6000'),
      { at: new Date(Date.now() - 120_000) },
    ],
    [
      'with its lifetime twice',
      [400, 'AuthorizationQueryParametersError'],
      presignedOf('X-Amz-Expires=60', 'X-Amz-Expires=60&X-Amz-Expires=600'),
    ],
    ['without a lifetime', [400, 'AuthorizationQueryParametersError'], presignedOf('X-Amz-Expires=60&', '')],
    ['without a date', [400, 'AuthorizationQueryParametersError'], presignedOf(/X-Amz-Date=[^&]*&/, '')],
    ['without a signature', [400, 'AuthorizationQueryParametersError'], presignedOf(/&X-Amz-Signature=.*/, '')],
    [
      'with another signature',
      [403, 'SignatureDoesNotMatch'],
      presignedOf(/Signature=.*/, `Signature=${'f'.repeat(64)}`),
    ],
    [
      'with another date',
      [403, 'SignatureDoesNotMatch'],
      (w) => presignedOf(/(X-Amz-Date=\w+)..Z/, `$1${/X-Amz-Date=\w+00Z/.test(w.path) ? '01' : '00'}Z`)(w),
    ],
    ['with PUT', [403, 'SignatureDoesNotMatch'], (w) => ({ ...w, method: 'PUT', body: 'x' })],
    ['with DELETE', [403, 'SignatureDoesNotMatch'], (w) => ({ ...w, method: 'DELETE' })],
    ['of another key', [403, 'SignatureDoesNotMatch'], presignedOf('doc.txt', 'other.txt')],
    ['of another bucket', [403, 'SignatureDoesNotMatch'], presignedOf('/a-private/', '/a-logs/')],
    ['of the whole bucket', [403, 'SignatureDoesNotMatch'], presignedOf('/a-private/doc.txt', '/a-private')],
    ['of an older version', [403, 'SignatureDoesNotMatch'], presignedOf('?', '?versionId=null&')],
    ['asking for the ACL', [403, 'SignatureDoesNotMatch'], presignedOf('?', '?acl&')],
    [
      'with another answer header',
      [403, 'SignatureDoesNotMatch'],
      presignedOf('?', '?response-content-type=text%2Fhtml&'),
    ],
    [
      'with an unsigned header that counts',
      [403, 'AccessDenied'],
      adding('x-amz-server-side-encryption-customer-algorithm', 'AES256'),
    ],
    [
      "with a session's key id",
      [403, 'InvalidAccessKeyId'],
      presignedOf(/Credential=[^%]*/, `Credential=${live.accessKeyId}`),
    ],
    ['and an Authorization header', [400, 'InvalidArgument'], adding('authorization', 'AWS4-HMAC-SHA256 Credential=x')],
    ['with a token added', [400, 'InvalidToken'], presignedOf('?', '?X-Amz-Security-Token=x&')],
    [
      'without host among its signed headers',
      [403, 'SignatureDoesNotMatch'],
      presignedOf('SignedHeaders=host', 'SignedHeaders=range'),
    ],
    [
      'with another algorithm',
      [400, 'AuthorizationQueryParametersError'],
      presignedOf('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1'),
    ],
  ];
  return BENT.map(([what, [status, code], bend, options]) => ({
    title: `a presigned URL ${what}`,
    wire: () => bend(presigned(get, a, options)),
    status,
    code,
    leaves: 'count',
  }));
}
