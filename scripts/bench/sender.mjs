import { connect } from 'node:net';
import { dist } from './dist.mjs';

const { ALGORITHM, amzDate, hmac, scopeString, sha256Hex, signingKey } = await dist('wire/sigv4/canonical.js');

const HEAD_END = '\r\n\r\n';
const SIGNED = 'content-type;host;x-amz-date';

/**
 * POSTs of NDJSON over kept-alive connections, each signed, with as little work of its own as a client can have: on a
 * machine of two cores the load generator takes from the server what it uses. `node:http` would use twice as much.
 */
export function createSender({ endpoint, path, credentials, region, connections }) {
  const { host, hostname, port } = new URL(endpoint);
  const sign = signer({ host, path, credentials, region });
  const idle = [];
  const waiting = [];
  const all = new Set();

  /** @returns status and body of the answer @throws when the connection breaks */
  async function post(body) {
    const connection = await take();
    try {
      return await connection.ask(sign(body), body);
    } finally {
      if (connection.isBroken) all.delete(connection);
      const next = waiting.shift();
      if (next) next(connection.isBroken ? open() : connection);
      else if (!connection.isBroken) idle.push(connection);
    }
  }

  function take() {
    for (let connection = idle.pop(); connection; connection = idle.pop()) {
      if (!connection.isBroken) return connection;
      all.delete(connection);
    }
    return all.size < connections ? open() : new Promise((resolve) => waiting.push(resolve));
  }

  function open() {
    const connection = connectionTo({ host: hostname, port: Number(port) });
    all.add(connection);
    return connection;
  }

  return {
    post,
    close: () => {
      for (const connection of all) connection.close();
    },
  };
}

/** Heads of requests, up to the body. From one to the next only time and the body's hash change. */
function signer({ host, path, credentials: { accessKeyId, secretAccessKey }, region }) {
  let ofSecond;
  let [date, scope, key, canonical] = [];
  return (body) => {
    const second = Math.floor(Date.now() / 1000);
    if (second !== ofSecond) {
      ofSecond = second;
      date = amzDate(second * 1000);
      const parts = { date: date.slice(0, 8), region, service: 'opentrail' };
      [scope, key] = [scopeString(parts), signingKey(secretAccessKey, parts)];
      canonical = `POST\n${path}\n\ncontent-type:application/x-ndjson\nhost:${host}\nx-amz-date:${date}\n\n${SIGNED}\n`;
    }
    const toSign = `${ALGORITHM}\n${date}\n${scope}\n${sha256Hex(canonical + sha256Hex(body))}`;
    const signature = hmac(key, toSign).toString('hex');
    return (
      `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/x-ndjson\r\nx-amz-date: ${date}\r\n` +
      `authorization: ${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${SIGNED}, Signature=${signature}\r\n` +
      `content-length: ${body.length}${HEAD_END}`
    );
  };
}

/** A connection with one request at a time. */
function connectionTo(address) {
  const socket = connect({ ...address, noDelay: true });
  let asked;
  let chunks = [];
  let bytes = 0;
  let expected = Number.POSITIVE_INFINITY;

  const self = {
    isBroken: false,
    ask: (head, body) =>
      new Promise((resolve, reject) => {
        asked = { resolve, reject };
        [chunks, bytes, expected] = [[], 0, Number.POSITIVE_INFINITY];
        socket.cork();
        socket.write(head, 'latin1');
        socket.write(body);
        socket.uncork();
      }),
    close: () => socket.destroy(),
  };

  socket.on('data', (chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (expected === Number.POSITIVE_INFINITY) expected = lengthOf(Buffer.concat(chunks));
    if (expected === undefined) return void socket.destroy(new Error('an answer without its length'));
    if (bytes < expected || !asked) return;
    const answer = Buffer.concat(chunks);
    asked.resolve({
      status: Number(answer.toString('latin1', 9, 12)),
      body: answer.subarray(answer.indexOf(HEAD_END) + 4),
    });
    asked = undefined;
  });
  for (const event of ['error', 'close']) {
    socket.on(event, (error) => {
      self.isBroken = true;
      asked?.reject(error instanceof Error ? error : new Error('the connection was closed'));
      asked = undefined;
    });
  }
  return self;
}

/** Of head and body; infinite while the head is not whole, undefined when it does not say. */
function lengthOf(bytes) {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return Number.POSITIVE_INFINITY;
  const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1];
  return length === undefined ? undefined : end + HEAD_END.length + Number(length);
}
