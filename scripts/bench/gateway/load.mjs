import { request } from 'node:http';
import { connect } from 'node:net';
import { CALLS } from './calls.mjs';

/** Sends the mix over one connection, one call after the other. It reads answers by length alone, to leave the cores to others. */
function caller(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let answered = () => {};
  let failed = () => {};
  let left = 0;
  let head = '';
  let turn = 0;
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
        socket.write(CALLS[turn++ % CALLS.length]);
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
