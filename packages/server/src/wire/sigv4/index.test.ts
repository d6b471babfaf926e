import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import type { HttpRequest } from '../request.ts';
import {
  amzDate,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  sha256Hex,
  signingKey,
  stringToSign,
} from './canonical.ts';
import type { AuthStyle } from './errors.ts';
import { objectGetSigner, parseAuthorization, presign, signRequest, uriEncode, verifySignature } from './index.ts';

// The well-known example credentials and dates of AWS's own documentation.
const KEY = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const S3_KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const NOW = Date.UTC(2015, 7, 30, 12, 36, 0);
const S3_NOW = Date.UTC(2013, 4, 24);

function requestOf(method: string, url: string, headers: Readonly<Record<string, string>>): HttpRequest {
  const parsed = new URL(url);
  const lower = Object.fromEntries(Object.entries(headers).map(([n, v]) => [n.toLowerCase(), v]));
  return {
    method,
    rawPath: parsed.pathname,
    rawQuery: parsed.search.slice(1),
    query: [...parsed.searchParams],
    headers: { host: parsed.host, ...lower },
    host: parsed.host,
    sourceIp: '127.0.0.1',
  };
}

function verify(
  request: HttpRequest,
  secretAccessKey: string,
  {
    style = 'json' as AuthStyle,
    nowMs = NOW,
    body = '' as string | Buffer,
    service = undefined as string | undefined,
  } = {},
) {
  const parsed = parseAuthorization(request, style)!;
  verifySignature({
    request,
    parsed,
    secretAccessKey,
    nowMs,
    body: style === 's3' ? 'streamed' : sha256Hex(body),
    style,
    ...(service !== undefined && { service }),
  });
  return parsed;
}

function refusal(act: () => unknown): AwsError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(AwsError);
    return error as AwsError;
  }
  throw new Error('was accepted');
}

describe('published examples', () => {
  it('signs IAM ListUsers as the general documentation does', () => {
    const request = requestOf('GET', 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08', {
      'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
      'X-Amz-Date': '20150830T123600Z',
      Authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    });
    const canonical = canonicalRequest(request, {
      signedHeaders: ['content-type', 'host', 'x-amz-date'],
      payloadHash: sha256Hex(''),
      pathEncoding: 'twice',
    });
    expect(sha256Hex(canonical)).toBe('f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59');
    const scope = { date: '20150830', region: 'us-east-1', service: 'iam' };
    expect(signingKey(KEY.secretAccessKey, scope).toString('hex')).toBe(
      'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
    );
    expect(stringToSign('20150830T123600Z', scope, canonical).split('\n')).toHaveLength(4);
    expect(verify(request, KEY.secretAccessKey, { style: 'query', service: 'iam' })).toMatchObject({
      kind: 'header',
      accessKeyId: 'AKIDEXAMPLE',
      ...scope,
      timeMs: NOW,
      payload: { kind: 'absent' },
    });
  });

  it('takes the S3 examples: GET with Range, PUT with a key that needs encoding, bucket lists, presigned GET', () => {
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const auth = (signedHeaders: string, signature: string) =>
      `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;
    const base = 'https://examplebucket.s3.amazonaws.com';
    const date = { 'x-amz-date': '20130524T000000Z' };
    const requests = [
      requestOf('GET', `${base}/test.txt`, {
        ...date,
        range: 'bytes=0-9',
        'x-amz-content-sha256': empty,
        authorization: auth(
          'host;range;x-amz-content-sha256;x-amz-date',
          'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
        ),
      }),
      requestOf('PUT', `${base}/test%24file.text`, {
        ...date,
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': sha256Hex('Welcome to Amazon S3.'),
        authorization: auth(
          'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
          '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
        ),
      }),
      requestOf('GET', `${base}/?lifecycle`, {
        ...date,
        'x-amz-content-sha256': empty,
        authorization: auth(
          'host;x-amz-content-sha256;x-amz-date',
          'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
        ),
      }),
      requestOf('GET', `${base}/?max-keys=2&prefix=J`, {
        ...date,
        'x-amz-content-sha256': empty,
        authorization: auth(
          'host;x-amz-content-sha256;x-amz-date',
          '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
        ),
      }),
      requestOf(
        'GET',
        `${base}/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`,
        {},
      ),
    ];
    for (const request of requests) {
      verify(request, S3_KEY.secretAccessKey, { style: 's3', nowMs: S3_NOW + 60_000, service: 's3' });
      refusal(() => verify(request, KEY.secretAccessKey, { style: 's3', nowMs: S3_NOW }));
    }
  });
});

describe('canonical forms', () => {
  it('encodes a path once for S3 and twice elsewhere, where it also tidies it', () => {
    expect(canonicalPath('/a%20b//c/%7E~(x)', 'once')).toBe('/a%20b//c/~~%28x%29');
    expect(canonicalPath('/a%20b//c/./d/../e/', 'twice')).toBe('/a%2520b/c/e/');
    expect(canonicalPath('/', 'twice')).toBe('/');
    expect(canonicalPath('/../..', 'twice')).toBe('/');
    expect(canonicalPath('/%zz', 'once')).toBe('/%25zz');
  });

  it('sorts the query by encoded name, then value, and keeps duplicates and empties', () => {
    expect(
      canonicalQuery([
        ['b', ''],
        ['a', '2'],
        ['a', '1'],
        ['A', ' +'],
        ['ü', '*'],
        ['X-Amz-Signature', 'x'],
      ]),
    ).toBe('%C3%BC=%2A&A=%20%2B&a=1&a=2&b=');
  });

  it('folds white space in headers', () => {
    const request = requestOf('GET', 'https://x.test/', { 'X-A': '  a   b\t c ' });
    const canonical = canonicalRequest(request, {
      signedHeaders: ['x-a', 'host'],
      payloadHash: 'h',
      pathEncoding: 'once',
    });
    expect(canonical).toBe('GET\n/\n\nhost:x.test\nx-a:a b c\n\nhost;x-a\nh');
  });
});

const signed = (over: Partial<Parameters<typeof signRequest>[0]> = {}) => {
  const options = {
    method: 'POST',
    url: new URL('https://cloudtrail.us-east-1.amazonaws.com/'),
    headers: { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': 'CloudTrail_20131101.ListTrails' },
    body: Buffer.from('{}'),
    credentials: KEY,
    region: 'us-east-1',
    service: 'cloudtrail',
    nowMs: NOW,
    ...over,
  };
  const { url, headers } = signRequest(options);
  return requestOf(options.method, url, headers);
};

describe('what we sign ourselves', () => {
  it('is accepted, for S3 and others, in header and URL', () => {
    verify(signed(), KEY.secretAccessKey, { body: '{}', service: 'cloudtrail' });
    verify(signed({ credentials: { ...KEY, sessionToken: 'token==' } }), KEY.secretAccessKey, { body: '{}' });
    const s3 = signed({ service: 's3', url: new URL('http://127.0.0.1:4566/b/k%20%C3%BC+x?a=b+c&list-type=2&x') });
    verify(s3, KEY.secretAccessKey, { style: 's3' });
    const url = presign({
      method: 'GET',
      url: new URL('http://localhost:4566/b/k?versionId=a/b'),
      credentials: { ...KEY, sessionToken: 'a+b/c=' },
      region: 'eu-west-1',
      service: 's3',
      nowMs: NOW,
      expiresSeconds: 60,
    });
    const parsed = verify(requestOf('GET', url, {}), KEY.secretAccessKey, { style: 's3' });
    expect(parsed).toMatchObject({
      kind: 'query',
      expiresSeconds: 60,
      sessionToken: 'a+b/c=',
      payload: { kind: 'unsigned' },
    });
    const expired = refusal(() =>
      verify(requestOf('GET', url, {}), KEY.secretAccessKey, { style: 's3', nowMs: NOW + 60_001 }),
    );
    expect(expired).toMatchObject({ code: 'AccessDenied', message: 'Request has expired' });
  });

  it('is refused when any byte of it is another', () => {
    const request = signed({ url: new URL('https://cloudtrail.us-east-1.amazonaws.com/path?name=value') });
    const covered = ['content-type', 'x-amz-target', 'x-amz-date', 'host', 'authorization'] as const;
    const flip = (text: string, at: number, bit: number) => {
      const i = at % text.length;
      return text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ (1 << bit)) + text.slice(i + 1);
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...covered, 'method', 'rawPath', 'query', 'body'),
        fc.nat(1000),
        fc.integer({ min: 0, max: 6 }),
        (where, at, bit) => {
          let changed: HttpRequest = request;
          let body = '{}';
          if (where === 'body') body = flip(body, at, bit);
          else if (where === 'query') changed = { ...request, query: [['name', flip('value', at, bit)]] };
          else if (where === 'method' || where === 'rawPath')
            changed = { ...request, [where]: flip(request[where], at, bit) };
          else
            changed = { ...request, headers: { ...request.headers, [where]: flip(request.headers[where]!, at, bit) } };
          const accepted = () => {
            const parsed = parseAuthorization(changed)!;
            // Another key id means another secret; what stands between the fields is not part of the message.
            if (parsed.accessKeyId !== KEY.accessKeyId) throw new AwsError('UnrecognizedClientException', '');
            verify(changed, KEY.secretAccessKey, { body });
            return parsed;
          };
          const original = parseAuthorization(request)!;
          try {
            expect(accepted()).toEqual(original);
          } catch (error) {
            expect(error).toBeInstanceOf(AwsError);
            return;
          }
          expect(where).toBe('authorization'); // only the white space between fields
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('refusals', () => {
  const cases: readonly [string, () => HttpRequest, AuthStyle, string, number, RegExp][] = [
    [
      'other algorithm',
      () => withAuth('AWS4-ECDSA-P256-SHA256 Credential=x'),
      'json',
      'IncompleteSignatureException',
      400,
      /algorithm/,
    ],
    ['version 2', () => withAuth('AWS AKIDEXAMPLE:abc'), 's3', 'InvalidRequest', 400, /Please use AWS4-HMAC-SHA256/],
    [
      'no signature',
      () => withAuth('AWS4-HMAC-SHA256 Credential=a/20150830/b/c/aws4_request, SignedHeaders=host'),
      'json',
      'IncompleteSignatureException',
      400,
      /'Signature' parameter/,
    ],
    ['no pair', () => withAuth('AWS4-HMAC-SHA256 foo'), 'query', 'IncompleteSignature', 400, /missing equal-sign/],
    [
      'short scope',
      () => withAuth('AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00'),
      's3',
      'AuthorizationHeaderMalformed',
      400,
      /2 elements/,
    ],
    [
      'hostile region',
      () =>
        withAuth('AWS4-HMAC-SHA256 Credential=AKID/20150830/..%2f/s3/aws4_request, SignedHeaders=host, Signature=00'),
      'json',
      'AuthorizationHeaderMalformed',
      400,
      /region/,
    ],
    ['host unsigned', () => replaceAuth('host;', ''), 'json', 'InvalidSignatureException', 400, /'Host'/],
    ['host unsigned', () => replaceAuth('host;', ''), 'rest-json', 'InvalidSignatureException', 403, /'Host'/],
    ['x-amz- header unsigned', () => withHeader('x-amz-acl', 'public-read'), 's3', 'AccessDenied', 403, /not signed/],
    [
      'signature not hex',
      () => replaceAuth(/Signature=.*/, 'Signature=xyz'),
      'json',
      'InvalidSignatureException',
      400,
      /does not match/,
    ],
    [
      'wrong signature',
      () => replaceAuth(/Signature=./, 'Signature='),
      'query',
      'SignatureDoesNotMatch',
      403,
      /does not match/,
    ],
    [
      'scope of another day',
      () => withHeader('x-amz-date', '20150829T123600Z'),
      'json',
      'InvalidSignatureException',
      400,
      /'20150830' != '20150829'/,
    ],
    [
      'no date',
      () => withHeader('x-amz-date', undefined),
      'json',
      'IncompleteSignatureException',
      400,
      /'X-Amz-Date' or a 'Date'/,
    ],
    ['bad date', () => withHeader('x-amz-date', 'yesterday'), 'json', 'IncompleteSignatureException', 400, /yesterday/],
    [
      'both ways',
      () => ({ ...signed(), query: [['X-Amz-Algorithm', 'x']] }),
      's3',
      'InvalidArgument',
      400,
      /Only one auth/,
    ],
    [
      'S3 without payload hash',
      () => withHeader('x-amz-content-sha256', undefined),
      's3',
      'InvalidRequest',
      400,
      /x-amz-content-sha256/,
    ],
    ['bad payload hash', () => withHeader('x-amz-content-sha256', 'ABC'), 's3', 'InvalidArgument', 400, /valid sha256/],
  ];
  const withHeader = (name: string, value: string | undefined): HttpRequest => {
    const request = signed();
    const headers: Record<string, string> = { ...request.headers };
    if (value === undefined) delete headers[name];
    else headers[name] = value;
    return { ...request, headers };
  };
  const withAuth = (authorization: string) => withHeader('authorization', authorization);
  const replaceAuth = (from: string | RegExp, to: string) =>
    withAuth(signed().headers.authorization!.replace(from, to));

  it.each(cases)('%s', (_name, make, style, code, status, message) => {
    const error = refusal(() => verify(make(), KEY.secretAccessKey, { style, body: '{}' }));
    expect(error).toMatchObject({ code, status });
    expect(error.message).toMatch(message);
  });

  it('for time, either way', () => {
    const late = refusal(() => verify(signed(), KEY.secretAccessKey, { body: '{}', nowMs: NOW + 900_001 }));
    expect(late).toMatchObject({ code: 'InvalidSignatureException' });
    expect(late.message).toBe(
      'Signature expired: 20150830T123600Z is now earlier than 20150830T123600Z (20150830T125100Z - 15 min.)',
    );
    const early = refusal(() => verify(signed(), KEY.secretAccessKey, { body: '{}', nowMs: NOW - 900_001 }));
    expect(early.message).toMatch(/^Signature not yet current: /);
    const s3 = refusal(() =>
      verify(signed({ service: 's3' }), KEY.secretAccessKey, { style: 's3', nowMs: NOW + 900_001 }),
    );
    expect(s3).toMatchObject({ code: 'RequestTimeTooSkewed', members: { RequestTime: amzDate(NOW) } });
    verify(signed(), KEY.secretAccessKey, { body: '{}', nowMs: NOW + 900_000 });
  });

  it('for a scope of another service', () => {
    const error = refusal(() => verify(signed(), KEY.secretAccessKey, { body: '{}', service: 'sts' }));
    expect(error.message).toBe("Credential should be scoped to correct service: 'sts'.");
  });

  it('for presigned parameters that are not whole', () => {
    const url = new URL(
      presign({
        method: 'GET',
        url: new URL('http://h/b/k'),
        credentials: KEY,
        region: 'r',
        service: 's3',
        nowMs: NOW,
        expiresSeconds: 9,
      }),
    );
    const changed = (name: string, value: string | undefined) => {
      const copy = new URL(url);
      if (value === undefined) copy.searchParams.delete(name);
      else copy.searchParams.set(name, value);
      return refusal(() => verify(requestOf('GET', copy.href, {}), KEY.secretAccessKey, { style: 'json' }));
    };
    for (const [name, value, message] of [
      ['X-Amz-Expires', undefined, /Missing: X-Amz-Expires/],
      ['X-Amz-Expires', '604801', /less than a week/],
      ['X-Amz-Expires', '-1', /non-negative/],
      ['X-Amz-Expires', 'x', /a number/],
      ['X-Amz-Date', 'x', /ISO8601/],
      ['X-Amz-Algorithm', 'AWS5', /only supports/],
      ['X-Amz-Signature', undefined, /Missing: X-Amz-Signature/],
    ] as const) {
      const error = changed(name, value);
      expect(error.code).toBe('AuthorizationQueryParametersError');
      expect(error.message).toMatch(message);
    }
    const twice = new URL(`${url}&X-Amz-Expires=604800`);
    expect(refusal(() => verify(requestOf('GET', twice.href, {}), '', { style: 's3' })).message).toMatch(/twice/);
  });

  it('nothing at all is no signature', () => {
    expect(parseAuthorization(requestOf('GET', 'http://h/b/k?x-id=GetObject', {}))).toBeUndefined();
  });

  it('never throws anything but AwsError, whatever comes', () => {
    const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 20 }));
    const part = fc.oneof(
      text,
      fc.constantFrom(
        'AWS4-HMAC-SHA256 ',
        'Credential=',
        'SignedHeaders=host',
        'Signature=',
        ',',
        'a/20150830/r/s3/aws4_request',
      ),
    );
    fc.assert(
      fc.property(
        fc.array(part),
        fc.array(fc.tuple(fc.constantFrom('X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'x'), text)),
        text,
        (header, query, date) => {
          for (const authorization of [header.join(''), undefined]) {
            const request = {
              ...signed(),
              query,
              headers: { host: 'h', 'x-amz-date': date, ...(authorization !== undefined && { authorization }) },
            };
            try {
              parseAuthorization(request, 's3');
            } catch (error) {
              expect(error).toBeInstanceOf(AwsError);
            }
          }
        },
      ),
    );
  });
});

it('signs GETs of objects as signRequest does, whatever the key, second after second', () => {
  const sessions = [{}, { sessionToken: 'token' }];
  for (const session of sessions) {
    const common = { credentials: { ...S3_KEY, ...session }, region: 'eu-west-1' };
    const sign = objectGetSigner({ ...common, host: 'localhost:4570' });
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.nat({ max: 200_000_000 }), (key, laterMs) => {
        fc.pre(!key.split('/').some((part) => part === '.' || part === '..'));
        const path = `/bucket/${key.split('/').map(uriEncode).join('/')}`;
        const url = new URL(`http://localhost:4570${path}`);
        const nowMs = S3_NOW + laterMs;
        const whole = signRequest({ ...common, method: 'GET', url, service: 's3', nowMs });
        expect(sign(path, nowMs)).toEqual(whole.headers);
      }),
    );
  }
});
