import { request } from 'node:http';
import { connect } from 'node:net';

/** A call of a query service, about as long as the SDKs write it, headers and all. */
const CALL = (() => {
  const body = 'Action=GetCallerIdentity&Version=2011-06-15';
  const headers = [
    'POST / HTTP/1.1',
    'Host: sts.us-east-1.amazonaws.com',
    'Content-Type: application/x-www-form-urlencoded; charset=utf-8',
    'User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.18 md/arch#x86_64 lang/python#3.11.7',
    'X-Amz-Date: 20260101T000000Z',
    'Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000',
    'amz-sdk-invocation-id: 00000000-0000-4000-8000-000000000000',
    'amz-sdk-request: attempt=1',
    `Content-Length: ${body.length}`,
  ];
  return Buffer.from(`${headers.join('\r\n')}\r\n\r\n${body}`);
})();

/** Sends calls over one connection, one after the other. It reads answers by length alone, to leave the cores to others. */
function caller(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let answered = () => {};
  let failed = () => {};
  let left = 0;
  let head = '';
  socket.on('error', (error) => failed(error));
  socket.on('close', () => failed(new Error('the connection was closed')));
  socket.on('data', (bytes) => {
    if (left > 0) left -= bytes.length;
    else {
      head += bytes.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!head.startsWith('HTTP/1.1 200')) return failed(new Error(head));
      left = Number(/content-length: (\d+)/i.exec(head)[1]) - (head.length - end - 4);
      head = '';
    }
    if (left === 0) answered();
  });
  return {
    call: () =>
      new Promise((fulfil, reject) => {
        answered = fulfil;
        failed = reject;
        socket.write(CALL);
      }),
    close() {
      failed = () => {};
      socket.destroy();
    },
  };
}

/** Milliseconds that each of `count` calls took, one after the other. */
export async function latencies(port, count) {
  const { call, close } = caller(port);
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  close();
  return times;
}

/** @returns calls a second over as many connections as given */
export async function callRate(port, connections, seconds) {
  const callers = Array.from({ length: connections }, () => caller(port));
  const start = performance.now();
  let calls = 0;
  await Promise.all(
    callers.map(async ({ call, close }) => {
      while (performance.now() - start < seconds * 1000) {
        await call();
        calls++;
      }
      close();
    }),
  );
  return (1000 * calls) / (performance.now() - start);
}

const PIECE = Buffer.alloc(1 << 20);

/** @returns bytes a second of one transfer */
export async function transferRate(port, direction, bytes) {
  const start = performance.now();
  const path = `/bucket/${bytes}`;
  const got = await new Promise((fulfil, reject) => {
    const options = { host: '127.0.0.1', port, path, agent: false, headers: { host: 's3.amazonaws.com' } };
    const onAnswer = (res) => {
      let count = 0;
      res.on('data', (part) => {
        count += part.length;
      });
      res.on('end', () => fulfil(count)).on('error', reject);
    };
    if (direction === 'download') {
      request(options, onAnswer).on('error', reject).end();
      return;
    }
    const headers = { ...options.headers, 'content-length': bytes };
    const req = request({ ...options, headers, method: 'PUT' }, onAnswer).on('error', reject);
    let left = bytes;
    const more = () => {
      while (left > 0) {
        left -= PIECE.length;
        if (!req.write(PIECE)) return;
      }
      req.end();
    };
    req.on('drain', more);
    more();
  });
  if (direction === 'download' && got !== bytes) throw new Error(`${got} of ${bytes} bytes came`);
  return (1000 * bytes) / (performance.now() - start);
}
