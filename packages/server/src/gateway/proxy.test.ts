import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  closeAll,
  connectTo,
  endToEnd,
  type Message,
  rawUpstream,
  readMessage,
  startGateway,
} from './testing/sockets.ts';

afterEach(closeAll);

interface Odd {
  readonly name: string;
  /** In pieces, as they are sent. */
  readonly request: readonly (string | Buffer)[];
  readonly answer: readonly (string | Buffer)[];
  /** The upstream closes after the answer, which has no length. */
  readonly closes?: boolean;
  /** Differs on purpose: what the gateway adds to the request. */
  readonly adds?: readonly string[];
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

const EXCHANGES: readonly Odd[] = [
  { name: 'a plain read', request: ['GET / HTTP/1.1\r\nHost: s3.test\r\n\r\n'], answer: [OK] },
  {
    name: 'odd casing, order, repeats and spaces of headers',
    request: ['GET /b/k HTTP/1.1\r\nx-AMZ-b: 2\r\nHOST: s3.test\r\nX-Amz-A:1\r\nx-amz-b: 3\r\nAccept:\r\n\r\n'],
    answer: ['HTTP/1.1 200 Fine By Me\r\nSET-COOKIE: a\r\nset-cookie: b\r\nX-b:c\r\ncontent-LENGTH: 2\r\n\r\nok'],
  },
  {
    name: 'a path that asks to be normalised, and a query that is not to be touched',
    request: [
      'GET /b/../%2e%2E//a%20b/%c3%28/+?x&=&y=%zz%2B+&y=2&&#f HTTP/1.1\r\nHost: s3.test\r\n\r\n'
        .replace('#f', '')
        .replace('%zz', '%7a'),
    ],
    answer: [OK],
  },
  {
    name: 'a presigned read of a range',
    request: [
      'GET /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=00 HTTP/1.1\r\nHost: b.s3.test\r\nRange: bytes=1-2\r\n\r\n',
    ],
    answer: ['HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1-2/9\r\nContent-Length: 2\r\nETag: "x"\r\n\r\nbc'],
  },
  {
    name: 'a body with length, in pieces',
    request: [
      'PUT /b/k HTTP/1.1\r\nHost: s3.test\r\nContent-Length: 256\r\n\r\n',
      binary.subarray(0, 100),
      binary.subarray(100),
    ],
    answer: ['HTTP/1.1 200 OK\r\nETag: "y"\r\nContent-Length: 0\r\n\r\n'],
  },
  {
    name: 'a chunked body with extensions and trailers',
    request: [
      'PUT /b/k HTTP/1.1\r\nHost: s3.test\r\nTransfer-Encoding: chunked\r\nTrailer: x-amz-checksum-crc32\r\n\r\n',
      '3;name=value\r\nabc\r\n',
      '0\r\nX-Amz-Checksum-Crc32: AAAA\r\n\r\n',
    ],
    answer: [OK],
  },
  {
    name: 'aws-chunked with length and a trailer of its own',
    request: [
      'PUT /b/k HTTP/1.1\r\nHost: s3.test\r\nContent-Encoding: aws-chunked\r\nx-amz-trailer: x-amz-checksum-crc32\r\nx-amz-decoded-content-length: 5\r\nContent-Length: 48\r\n\r\n',
      '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n\r\n',
    ],
    answer: [OK],
  },
  {
    name: 'a chunked answer with trailers',
    request: ['GET /b/k HTTP/1.1\r\nHost: s3.test\r\nTE: trailers\r\n\r\n'],
    answer: [
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n',
      '5\r\nhello\r\n',
      '1\r\n!\r\n0\r\nX-End: yes\r\nX-End: twice\r\n\r\n',
    ],
  },
  {
    name: 'an answer that ends with the connection',
    request: ['GET /b/k HTTP/1.1\r\nHost: s3.test\r\n\r\n'],
    answer: ['HTTP/1.1 200 OK\r\nX: y\r\n\r\nall that', ' there is'],
    closes: true,
  },
  {
    name: 'HEAD with the length of what is not sent',
    request: ['HEAD /b/k HTTP/1.1\r\nHost: s3.test\r\n\r\n'],
    answer: ['HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nETag: "z"\r\n\r\n'],
  },
  {
    name: 'HEAD that fails, without any length',
    request: ['HEAD /b/k HTTP/1.1\r\nHost: s3.test\r\n\r\n'],
    answer: ['HTTP/1.1 404 Not Found\r\nX: y\r\n\r\n'],
  },
  {
    name: '204 without a body',
    request: ['DELETE /b/k HTTP/1.1\r\nHost: s3.test\r\n\r\n'],
    answer: ['HTTP/1.1 204 No Content\r\nx-amz-id: 1\r\n\r\n'],
  },
  {
    name: '304 with a length',
    request: ['GET /b/k HTTP/1.1\r\nHost: s3.test\r\nIf-None-Match: "x"\r\n\r\n'],
    answer: ['HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nETag: "x"\r\n\r\n'],
  },
  {
    name: 'a status without a reason, and one of its own',
    request: ['GET / HTTP/1.1\r\nHost: s3.test\r\n\r\n'],
    answer: ['HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n'],
  },
  {
    name: 'DELETE and GET with bodies',
    request: ['GET /search HTTP/1.1\r\nHost: s3.test\r\nContent-Length: 4\r\n\r\n', 'body'],
    answer: [OK],
  },
  {
    name: 'POST without any body',
    request: ['POST /b/k?uploads HTTP/1.1\r\nHost: s3.test\r\n\r\n'],
    answer: [OK],
    adds: ['Content-Length: 0'],
  },
  {
    name: 'header values that are not ASCII',
    request: [Buffer.from('GET / HTTP/1.1\r\nHost: s3.test\r\nx-amz-meta-a: caf\xe9 \xc3\xa9\r\n\r\n', 'latin1')],
    answer: [Buffer.from('HTTP/1.1 200 OK\r\nx-amz-meta-a: caf\xe9 \xc3\xa9\r\nContent-Length: 2\r\n\r\nok', 'latin1')],
  },
  {
    name: 'interim answers before the last one',
    request: ['GET / HTTP/1.1\r\nHost: s3.test\r\n\r\n'],
    answer: [
      'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX-Odd: 1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n',
      OK,
    ],
  },
  {
    name: 'a packed body that stays packed',
    request: ['POST / HTTP/1.1\r\nHost: s3.test\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x00'],
    answer: ['HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\n\x00\x01\x02'],
  },
];

/** Sends the request piece by piece and gives what the upstream saw and what the client got. */
async function exchange(odd: Odd, port: number, upstream: { connections: readonly { bytes: Buffer }[] }) {
  const before = upstream.connections.length;
  const client = connectTo(port);
  for (const piece of odd.request) {
    client.send(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    await new Promise((resume) => setImmediate(resume));
  }
  const noBody = odd.request[0]!.toString().startsWith('HEAD');
  const answersOf = (text: string): Message[] | undefined => {
    const found: Message[] = [];
    for (let rest: Buffer = Buffer.from(text, 'latin1'); ; ) {
      const message = readMessage(rest, { noBody, ended: client.socket.closed });
      if (!message) return undefined;
      found.push(message);
      if (!/^HTTP\/1.1 1/.test(message.first)) return found;
      rest = message.rest;
    }
  };
  let answers: Message[] | undefined;
  await client
    .until((text) => {
      answers = answersOf(text);
      return answers !== undefined;
    })
    .catch(() => {});
  answers ??= answersOf(client.text());
  if (!answers) throw new Error(`no whole answer: ${client.text()}`);
  client.socket.destroy();
  const asked = readMessage(upstream.connections[before]!.bytes);
  return { asked: endToEnd(asked!), answers: answers.map(endToEnd) };
}

const scripted = async (odd: () => Odd) =>
  rawUpstream((seen) => {
    if (!readMessage(seen.bytes)) return;
    const { answer, closes } = odd();
    void (async () => {
      for (const piece of answer) {
        seen.socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
        await new Promise((resume) => setImmediate(resume));
      }
      if (closes) seen.socket.end();
    })();
  });

describe('what the upstream sees, and what the client gets, is the same as without the gateway', () => {
  for (const odd of EXCHANGES) {
    test(odd.name, async () => {
      const upstream = await scripted(() => odd);
      const direct = await exchange(odd, upstream.port, upstream);
      const gateway = await startGateway(upstream.port);
      const through = await exchange(odd, gateway.port, upstream);
      const { headers } = direct.asked;
      const notes = odd.adds ? { ...direct.asked, headers: [...headers, ...odd.adds] } : direct.asked;
      expect(through.asked).toEqual({ ...notes, headers: notes.headers.map(tidy) });
      expect(through.answers).toEqual(
        direct.answers.map((a) => ({ ...a, headers: a.headers.map(tidy), trailers: a.trailers.map(tidy) })),
      );
      expect(gateway.exchanges).toHaveLength(1);
    });
  }
});

/** `Name:value` and `Name:  value ` mean the same (RFC 9112 §5.1), and are written anew. */
const tidy = (line: string) => line.replace(/^([^:]+):\s*/, '$1: ');

test('any body, however it is cut and framed, arrives as it was, and is copied', async () => {
  const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), { maxLength: 8 });
  const casing = fc.array(fc.boolean(), { minLength: 20, maxLength: 20 });
  const upstream = await rawUpstream((seen) => {
    const message = readMessage(seen.bytes);
    if (!message) return;
    seen.bytes = message.rest;
    const cut = Math.floor(message.body.length / 3);
    seen.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (const part of [message.body.subarray(0, cut), message.body.subarray(cut)]) {
      if (part.length > 0)
        seen.socket.write(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, CRLF]));
    }
    seen.socket.write('0\r\n\r\n');
  });
  const gateway = await startGateway(upstream.port);
  await fc.assert(
    fc.asyncProperty(parts, fc.boolean(), casing, async (pieces, chunked, upper) => {
      const client = connectTo(gateway.port);
      const body = Buffer.concat(pieces);
      const name = [...(chunked ? 'transfer-encoding' : 'content-length')]
        .map((c, i) => (upper[i] ? c.toUpperCase() : c))
        .join('');
      client.send(`POST /x HTTP/1.1\r\nHost: h\r\n${name}: ${chunked ? 'chunked' : body.length}\r\n\r\n`);
      for (const piece of pieces) {
        client.send(
          chunked ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF]) : Buffer.from(piece),
        );
        await new Promise((resume) => setImmediate(resume));
      }
      if (chunked) client.send('0\r\n\r\n');
      await client.until((text) => readMessage(Buffer.from(text, 'latin1')) !== undefined);
      expect(readMessage(Buffer.from(client.text(), 'latin1'))!.body).toEqual(body);
      const { requestBody, answer } = gateway.exchanges.at(-1)!;
      for (const copy of [requestBody, answer!.body]) {
        expect(copy).toEqual({ bytes: body, whole: true, totalBytes: body.length });
      }
      client.socket.destroy();
    }),
    { numRuns: 60 },
  );
});

const CRLF = Buffer.from('\r\n');
