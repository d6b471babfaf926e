import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import {
  answering,
  closeAll,
  connectTo,
  httpUpstream,
  OK,
  rawUpstream,
  soon,
  startGateway,
  whole,
} from './testing/sockets.ts';

afterEach(closeAll);

describe('what is not passed on', () => {
  const refused = async (request: string) => {
    const upstream = await rawUpstream(answering(OK));
    const { port } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.send(request);
    const text = await client.until(whole);
    return { text, asked: upstream.connections.length };
  };

  test('a request to change the protocol', async () => {
    const { text, asked } = await refused(
      'GET /chat HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 400 .*<Code>InvalidRequest/s);
    expect(asked).toBe(0);
  });

  test('a request to two hosts, or to none', async () => {
    expect((await refused('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')).text).toMatch(/400 .*BadRequest/s);
    expect((await refused('GET / HTTP/1.1\r\nX: y\r\n\r\n')).text).toMatch(/400 .*BadRequest/s);
  });

  test('an offer of HTTP/2 is passed over', async () => {
    const { text, asked } = await refused(
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 200/);
    expect(asked).toBe(1);
  });

  test('headers that Connection names, and then not in the record either; but those that frame the body always', async () => {
    const upstream = await rawUpstream(answering(OK));
    const { port, exchanges } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.send(
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-Amz-Copy-Source, content-length, host\r\nx-amz-copy-source: /a/b\r\nContent-Length: 2\r\n\r\nhi',
    );
    await client.closed;
    expect(upstream.connections[0]!.bytes.length).toBe(0); // one whole message, no rest
    expect(exchanges[0]!.http.headers).not.toHaveProperty('x-amz-copy-source');
    expect(exchanges[0]!.requestBody.bytes.toString()).toBe('hi');
  });
});

test('pipelined requests are answered in their order', async () => {
  const upstream = await httpUpstream((req, res) => {
    if (req.url === '/1') setTimeout(() => res.end('one'), 20);
    else res.end('two');
  });
  const { port } = await startGateway(upstream);
  const client = connectTo(port);
  client.send('GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
  expect(await client.until((text) => text.includes('two'))).toMatch(/one.*two/s);
});

test('none of the pipelined is left when their client goes', async () => {
  const clock = new FakeClock();
  const upstream = await rawUpstream((seen) => {
    if (seen.bytes.includes('GET /2')) answering(OK)(seen);
  });
  const { port, exchanges, metrics } = await startGateway(upstream.port, { clock });
  const client = connectTo(port);
  client.send('GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
  await soon(() => exchanges.length === 1, 'the second is answered');
  client.socket.resetAndDestroy();
  await soon(() => {
    void clock.advance(1_000);
    return exchanges.length === 2;
  }, 'the first is recorded');
  expect(exchanges[1]).toMatchObject({ failure: { kind: 'client-gone' } });
  await clock.advance(3_000);
  expect((await metrics.gatewayOpenCalls.get()).values[0]!.value).toBe(0);
});

test('a client of HTTP/1.0 gets a chunked answer in its own way, and keeps nothing open', async () => {
  const upstream = await httpUpstream((_req, res) => {
    res.write('one ');
    res.end('two');
  });
  const { port } = await startGateway(upstream);
  const client = connectTo(port);
  client.send('GET / HTTP/1.0\r\nHost: h\r\n\r\n');
  const text = await client.closed;
  expect(text).not.toMatch(/chunked/i);
  expect(text.endsWith('\r\n\r\none two')).toBe(true);
});

test('connections to the upstream are kept, also after answers of all kinds', async () => {
  const upstream = await rawUpstream((seen) => {
    const head = seen.bytes.toString();
    if (head.includes('HEAD')) answering('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')(seen);
    else if (head.includes('DELETE')) answering('HTTP/1.1 204 No Content\r\n\r\n')(seen);
    else answering(OK)(seen);
  });
  const { port } = await startGateway(upstream.port);
  const client = connectTo(port);
  for (const method of ['GET', 'HEAD', 'DELETE', 'POST', 'GET']) {
    const answers = client.text().split('HTTP/1.1 ').length;
    client.send(`${method} / HTTP/1.1\r\nHost: h\r\n${method === 'POST' ? 'Content-Length: 2\r\n\r\nhi' : '\r\n'}`);
    await client.until((text) => text.split('HTTP/1.1 ').length > answers && /\r\n\r\n(ok)?$/.test(text));
  }
  expect(upstream.connections).toHaveLength(1);
});
