import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import {
  answering,
  closeAll,
  connectTo,
  OK,
  rawUpstream,
  readMessage,
  soon,
  startGateway,
  whole,
} from './testing/sockets.ts';

afterEach(closeAll);

describe('an upload', () => {
  const PUT = 'PUT /b/k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n';

  test('that asks first is told to continue when the upstream says so', async () => {
    let go = () => {};
    const upstream = await rawUpstream((seen) => {
      if (readMessage(seen.bytes)) answering(OK)(seen);
      else go = () => seen.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    });
    const { port } = await startGateway(upstream.port, { clock: new FakeClock() });
    const client = connectTo(port);
    client.send(PUT);
    const seen = await soon(() => upstream.connections[0]?.bytes.length && upstream.connections[0], 'asked');
    expect(seen.bytes.toString()).toMatch(/Expect: 100-continue/);
    expect(client.text()).toBe('');
    go();
    await client.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n');
    client.send('body');
    await client.until((text) => text.includes('200 OK'));
  });

  test('that asks first is told after a second when the upstream says nothing', async () => {
    const clock = new FakeClock();
    const upstream = await rawUpstream(answering(OK));
    const { port } = await startGateway(upstream.port, { clock });
    const client = connectTo(port);
    client.send(PUT);
    await soon(() => upstream.connections[0], 'asked');
    await clock.advance(1_000);
    await client.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n');
    client.send('body');
    await client.until((text) => text.includes('200 OK'));
    expect(client.text().match(/100 Continue/g)).toHaveLength(1);
  });

  test('that asks first and is refused does not send: the connection ends with the answer', async () => {
    const upstream = await rawUpstream(({ socket }) =>
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'),
    );
    const { port, exchanges } = await startGateway(upstream.port, { clock: new FakeClock() });
    const client = connectTo(port);
    client.send(PUT);
    expect(await client.closed).toMatch(/^HTTP\/1.1 403 Forbidden\r\n.*Connection: close\r\n.*no$/s);
    expect(exchanges[0]).toMatchObject({ answer: { status: 403 }, requestBody: { totalBytes: 0 } });
  });

  test('that is refused half-way gets its answer, and the upstream is spared the rest', async () => {
    const upstream = await rawUpstream(({ socket }) => {
      socket.pause();
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    });
    const { port, exchanges } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.send('PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n');
    client.send(Buffer.alloc(4_000_000));
    expect(await client.closed).toMatch(/^HTTP\/1.1 403 Forbidden\r\n.*Connection: close\r\n.*no$/s);
    expect(exchanges[0]).toMatchObject({ answer: { status: 403 }, requestBody: { whole: false } });
    expect(exchanges[0]!.failure).toBeUndefined();
  });

  test('that is refused by an upstream that closes with bytes unread gets its answer nevertheless', async () => {
    const upstream = await rawUpstream(({ socket }) => {
      socket.pause();
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno', () => socket.destroy());
    });
    const { port } = await startGateway(upstream.port);
    for (let i = 0; i < 10; i++) {
      const client = connectTo(port);
      client.send('PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n');
      client.send(Buffer.alloc(4_000_000));
      expect(await client.closed).toMatch(/^HTTP\/1.1 403 Forbidden\r\n.*no$/s);
    }
  });

  test('whose head comes alone is passed on at once', async () => {
    const upstream = await rawUpstream(answering(OK));
    const { port } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.send('PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n');
    await soon(() => upstream.connections[0]?.bytes.includes('PUT /b/k'), 'the head arrived');
    client.send('body');
    await client.until(whole);
  });

  test('that stops coming is ended, with the upstream', async () => {
    const clock = new FakeClock();
    const upstream = await rawUpstream(() => {});
    const { port, exchanges } = await startGateway(upstream.port, { clock });
    const client = connectTo(port);
    client.send('PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nb');
    const seen = await soon(() => upstream.connections[0]?.bytes.length && upstream.connections[0], 'asked');
    await clock.advance(60_000);
    expect(await client.until(whole)).toMatch(/^HTTP\/1.1 400 .*<Code>RequestTimeout/s);
    await soon(() => seen.socket.closed, 'closed');
    expect(exchanges[0]).toMatchObject({ failure: { kind: 'request-cut-off', code: 'RequestTimeout' } });
  });

  test('waits for an upstream that does not read, instead of filling the memory', async () => {
    const upstream = await rawUpstream(({ socket }) => socket.pause());
    const { port } = await startGateway(upstream.port, { wants: { requestBytes: 0, answerBytes: 0 } });
    const client = connectTo(port);
    client.send('PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 500000000\r\n\r\n');
    let sent = 0;
    const chunk = Buffer.alloc(1 << 20);
    while (client.socket.write(chunk) || (await drained(client.socket))) sent += chunk.length;
    expect(sent).toBeLessThan(64 << 20);
  });
});

/** Whether the socket takes more within a while: back-pressure is when it does not. */
const drained = (socket: Socket) =>
  Promise.race([
    new Promise<boolean>((fulfil) => socket.once('drain', () => fulfil(true))),
    new Promise<boolean>((fulfil) => setTimeout(() => fulfil(false), 300)),
  ]);
