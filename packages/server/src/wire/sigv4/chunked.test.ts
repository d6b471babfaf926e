import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { EMPTY_SHA256, hmac, scopeString, sha256Hex, signingKey } from './canonical.ts';
import { type ChunkedOptions, chunkedDecoder } from './chunked.ts';
import type { ParsedAuthorization } from './parse.ts';

// Credentials, seeds and signatures of the two worked examples in S3's documentation of chunked uploads.
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const seeded = (signature: string): ParsedAuthorization => ({
  kind: 'header',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  date: '20130524',
  region: 'us-east-1',
  service: 's3',
  timestamp: '20130524T000000Z',
  timeMs: Date.UTC(2013, 4, 24),
  signedHeaders: ['host'],
  signature,
  payload: { kind: 'chunks', declared: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
});
const PLAIN = seeded('4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9');
const TRAILING = seeded('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e');
const DATA = 'a'.repeat(66_560);
const chunk = (data: string, signature: string) =>
  `${data.length.toString(16)};chunk-signature=${signature}\r\n${data}\r\n`;

async function decode(options: Omit<ChunkedOptions, 'style'>, parts: readonly Buffer[]) {
  const decoder = chunkedDecoder({ ...options, style: 's3' });
  const out: Buffer[] = [];
  for await (const part of Readable.from(parts)
    .on('error', () => {})
    .pipe(decoder))
    out.push(part as Buffer);
  return { data: Buffer.concat(out).toString('latin1'), trailers: Object.fromEntries(decoder.trailers) };
}

const cut = (body: string, at: readonly number[]): Buffer[] => {
  const bytes = Buffer.from(body, 'latin1');
  const ends = [...at.map((a) => a % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)).filter((part) => part.length > 0);
};

/** Chunks `data` as a signing client does. */
function encode(
  authorization: ParsedAuthorization,
  data: readonly string[],
  trailer?: readonly [string, string],
): string {
  const key = signingKey(SECRET, authorization);
  let previous = authorization.signature;
  const sign = (kind: string, ...hashes: string[]) => {
    const head = [`AWS4-HMAC-SHA256-${kind}`, authorization.timestamp, scopeString(authorization), previous];
    previous = hmac(key, [...head, ...hashes].join('\n')).toString('hex');
    return previous;
  };
  const chunks = [...data.filter((d) => d !== ''), ''].map((d) => {
    const signature = sign('PAYLOAD', EMPTY_SHA256, sha256Hex(Buffer.from(d, 'latin1')));
    return `${d.length.toString(16)};chunk-signature=${signature}\r\n${d}${d && '\r\n'}`;
  });
  if (!trailer) return `${chunks.join('')}\r\n`;
  const [name, value] = trailer;
  const signature = sign('TRAILER', sha256Hex(`${name}:${value}\n`));
  return `${chunks.join('')}${name}:${value}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`;
}

describe('published examples', () => {
  it('are read: signed chunks', async () => {
    const body = [
      chunk('a'.repeat(65_536), 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'),
      chunk('a'.repeat(1_024), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'),
      chunk('', 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'),
    ].join('');
    const signed = { authorization: PLAIN, secretAccessKey: SECRET };
    const { data } = await decode({ signed, decodedBytes: 66_560 }, cut(body, [5, 100, 65_636, 65_637]));
    expect(data).toBe(DATA);
  });

  it('are read: signed chunks with a signed trailer', async () => {
    const body = [
      chunk('a'.repeat(65_536), 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2'),
      chunk('a'.repeat(1_024), '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7'),
      '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n',
      'x-amz-checksum-crc32c:sOO8/Q==\r\n',
      'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
    ].join('');
    const signed = { authorization: TRAILING, secretAccessKey: SECRET };
    const options = { signed, decodedBytes: 66_560, trailer: ['x-amz-checksum-crc32c'] };
    expect(await decode(options, cut(body, []))).toEqual({
      data: DATA,
      trailers: { 'x-amz-checksum-crc32c': 'sOO8/Q==' },
    });
    // some clients set the trailer off by a line of its own
    const spaced = body.replace('sOO8/Q==\r\n', 'sOO8/Q==\n\r\n');
    expect((await decode(options, cut(spaced, []))).data).toBe(DATA);
    const other = cut(body.replace('sOO8', 'sOO9'), []);
    await expect(decode(options, other)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });
});

const binary = fc.uint8Array({ maxLength: 60 }).map((b) => Buffer.from(b).toString('latin1'));

describe('the decoder', () => {
  it('gives back the data however it was chunked and split', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(binary),
        fc.array(fc.nat(5_000)),
        fc.boolean(),
        fc.boolean(),
        async (data, at, isSigned, hasTrailer) => {
          const trailer = ['x-amz-checksum-crc32', 'AAAAAA=='] as const;
          const whole = data.join('');
          const bare = `${data
            .filter((d) => d !== '')
            .map((d) => `${d.length.toString(16)}\r\n${d}\r\n`)
            .join('')}0\r\n`;
          const body = isSigned
            ? encode(PLAIN, data, hasTrailer ? trailer : undefined)
            : `${bare}${hasTrailer ? `${trailer.join(':')}\r\n` : ''}\r\n`;
          const options = {
            ...(isSigned && { signed: { authorization: PLAIN, secretAccessKey: SECRET } }),
            ...(hasTrailer && { trailer: [trailer[0]] }),
            decodedBytes: whole.length,
          };
          const result = await decode(options, cut(body, at));
          expect(result).toEqual({ data: whole, trailers: hasTrailer ? Object.fromEntries([trailer]) : {} });
        },
      ),
    );
  });

  it('refuses a signed body that was changed or cut anywhere', async () => {
    const trailer = ['x-amz-checksum-crc32', 'AAAAAA=='] as const;
    const body = encode(PLAIN, ['hello', 'there'], trailer);
    const options = {
      signed: { authorization: PLAIN, secretAccessKey: SECRET },
      trailer: [trailer[0]],
      decodedBytes: 10,
    };
    const accepted = { data: 'hellothere', trailers: Object.fromEntries([trailer]) };
    await fc.assert(
      fc.asyncProperty(
        fc.nat(body.length - 1),
        fc.integer({ min: 0, max: 7 }),
        fc.boolean(),
        async (at, bit, cutHere) => {
          const other = String.fromCharCode(body.charCodeAt(at) ^ (1 << bit));
          const changed = cutHere ? body.slice(0, at) : body.slice(0, at) + other + body.slice(at + 1);
          try {
            expect(await decode(options, cut(changed, [at]))).toEqual(accepted); // only white space or the case of a name
          } catch (error) {
            expect(error).toBeInstanceOf(AwsError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['too much data', '6\r\nhello!\r\n0\r\n\r\n', 'IncompleteBody'],
    ['too little data', '4\r\nhell\r\n0\r\n\r\n', 'IncompleteBody'],
    ['no last chunk', '5\r\nhello\r\n', 'IncompleteBody'],
    ['no last line', '5\r\nhello\r\n0\r\n', 'IncompleteBody'],
    ['nothing', '', 'IncompleteBody'],
    ['no size', 'hello', 'IncompleteBody'],
    ['a bad size', 'hello\r\n', 'InvalidChunkSizeError'],
    ['a huge size', 'fffffffffffff\r\n', 'InvalidChunkSizeError'],
    ['data past its chunk', '5\r\nhello!\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
    ['data past the end', '5\r\nhello\r\n0\r\n\r\nmore\r\n', 'InvalidChunkSizeError'],
    ['an endless header', '5'.repeat(1_000), 'InvalidChunkSizeError'],
    ['a signature nobody asked for', `5;chunk-signature=${'0'.repeat(64)}\r\nhello\r\n`, 'InvalidChunkSizeError'],
    ['a trailer nobody announced', '5\r\nhello\r\n0\r\nx:y\r\n\r\n', 'MalformedTrailerError'],
    ['a trailer without a name', '5\r\nhello\r\n0\r\ny\r\n\r\n', 'MalformedTrailerError'],
    ['an endless trailer', `5\r\nhello\r\n0\r\nx:${'y'.repeat(20_000)}`, 'MalformedTrailerError'],
    [
      'endless trailers',
      `5\r\nhello\r\n0\r\n${Array.from({ length: 9_000 }, (_, i) => `x${i}:y\r\n`).join('')}`,
      'MalformedTrailerError',
    ],
  ])('refuses %s', async (_name, body, code) => {
    await expect(decode({ decodedBytes: 5 }, cut(body, [3]))).rejects.toMatchObject({ code });
  });

  it('refuses a missing announced trailer', async () => {
    const options = { decodedBytes: 0, trailer: ['x-amz-checksum-crc32'] };
    await expect(decode(options, cut('0\r\n\r\n', []))).rejects.toMatchObject({ code: 'MalformedTrailerError' });
  });
});
