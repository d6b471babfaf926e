import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Pushback } from '../base/errors.ts';
import {
  answering,
  closeAll,
  connectTo,
  GET,
  httpUpstream,
  OK,
  rawUpstream,
  soon,
  startGateway,
  whole,
} from './testing/sockets.ts';

afterEach(closeAll);

/** Comes in several pieces, however fast. */
const LONG = 'x'.repeat(300_000);
/** The port of nothing. */
const NOWHERE = 1;

describe('the client leaves', () => {
  test('while it waits: the upstream is told, and the record says so', async () => {
    const upstream = await rawUpstream(() => {});
    const clock = new FakeClock();
    const { port, exchanges } = await startGateway(upstream.port, { clock });
    const client = connectTo(port);
    client.send(GET);
    const { socket } = await soon(() => upstream.connections[0], 'asked');
    client.socket.destroy();
    // Closing looks like the half-close of one who still listens; only by and by it is taken for what it is.
    await soon(() => {
      void clock.advance(1_000);
      return socket.closed;
    }, 'the upstream connection closed');
    await soon(() => exchanges.length, 'a record');
    expect(exchanges[0]).toMatchObject({ failure: { kind: 'client-gone' }, requestBody: { whole: true } });
    expect(exchanges[0]!.answer).toBeUndefined();
  });

  test('its side alone, and is answered nevertheless', async () => {
    const upstream = await rawUpstream(answering(OK));
    const { port } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.socket.end(GET);
    expect(await client.closed).toMatch(/200 OK.*ok$/s);
  });

  test('in the middle of its upload', async () => {
    const upstream = await rawUpstream(() => {});
    const { port, exchanges } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.send('PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nsome');
    const seen = await soon(() => upstream.connections[0]?.bytes.includes('some') && upstream.connections[0], 'asked');
    client.socket.resetAndDestroy();
    await soon(() => seen.socket.closed, 'the upstream connection closed');
    await soon(() => exchanges.length, 'a record');
    expect(exchanges[0]).toMatchObject({
      failure: { kind: 'request-cut-off' },
      requestBody: { whole: false, totalBytes: 4 },
    });
  });

  test('after closing its side in the middle of its upload it is told', async () => {
    const upstream = await rawUpstream(() => {});
    const { port, exchanges } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.send('PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nsome');
    const seen = await soon(() => upstream.connections[0]?.bytes.includes('some') && upstream.connections[0], 'asked');
    client.socket.end();
    expect(await client.closed).toMatch(/^HTTP\/1.1 400 .*<Code>IncompleteBody/s);
    await soon(() => seen.socket.closed, 'the upstream connection closed');
    expect(exchanges[0]).toMatchObject({ failure: { kind: 'request-cut-off', code: 'IncompleteBody' } });
  });

  test('in the middle of a long answer', async () => {
    const upstream = await httpUpstream((_req, res) => {
      res.writeHead(200, { 'content-length': 1 << 30 });
      const more = () => {
        while (res.write(Buffer.alloc(1 << 16)));
      };
      res.on('drain', more);
      more();
    });
    const { port, exchanges } = await startGateway(upstream);
    const client = connectTo(port);
    client.send(GET);
    await client.until((text) => text.length > 1e6);
    client.socket.destroy();
    await soon(() => exchanges.length, 'a record');
    expect(exchanges[0]).toMatchObject({
      failure: { kind: 'client-gone' },
      answer: { status: 200, body: { whole: false } },
    });
  });
});

describe('the upstream breaks off', () => {
  test('in the middle of an answer that has begun to leave: the client is cut off too', async () => {
    let breakOff = () => {};
    const upstream = await rawUpstream(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${LONG}`);
      breakOff = () => socket.destroy();
    });
    const { port, exchanges } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.send(GET);
    await client.until((text) => text.includes('xxx'));
    breakOff();
    expect((await client.closed).length).toBeLessThan(LONG.length);
    expect(exchanges[0]).toMatchObject({
      failure: { kind: 'answer-cut-off', code: 'BadGateway' },
      answer: { status: 200, body: { whole: false } },
    });
  });

  test('before anything has left: 502', async () => {
    const upstream = await rawUpstream(({ socket }) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst'),
    );
    const { port, exchanges } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.send(GET);
    expect(await client.until(whole)).toMatch(/^HTTP\/1.1 502 .*<Code>BadGateway/s);
    expect(exchanges[0]).toMatchObject({ failure: { kind: 'answer-cut-off' }, answer: { status: 200 } });
  });

  for (const [what, answer] of [
    ['what is no HTTP', 'SSH-2.0-x\r\n'],
    ['nothing', ''],
    ['two framings at once', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 042 What\r\nContent-Length: 0\r\n\r\n'],
  ] as const) {
    test(`answering with ${what}: 502`, async () => {
      const upstream = await rawUpstream(({ socket }) => socket.end(answer));
      const { port, exchanges } = await startGateway(upstream.port);
      const client = connectTo(port);
      client.send(GET);
      expect(await client.until(whole)).toMatch(/^HTTP\/1.1 502 .*<Code>BadGateway/s);
      expect(exchanges).toHaveLength(1);
    });
  }

  test('an idle connection that it closes meanwhile costs a read nothing, once', async () => {
    const upstream = await rawUpstream((seen) => {
      if (upstream.connections[0] === seen && /GET \/2/.test(seen.bytes.toString())) seen.socket.resetAndDestroy();
      else answering(OK)(seen);
    });
    const { port, exchanges } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.send('GET /1 HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.until(whole);
    client.send('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.until((text) => text.match(/200 OK/g)?.length === 2);
    expect(upstream.connections).toHaveLength(2);
    expect(exchanges.map((e) => e.failure)).toEqual([undefined, undefined]);
  });

  test('but nothing is done twice that may not be', async () => {
    const upstream = await rawUpstream((seen) => {
      if (/POST/.test(seen.bytes.toString())) seen.socket.resetAndDestroy();
      else answering(OK)(seen);
    });
    const { port } = await startGateway(upstream.port);
    const client = connectTo(port);
    client.send(GET);
    await client.until(whole);
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi');
    await client.until((text) => text.includes('502 Bad Gateway'));
    expect(upstream.connections).toHaveLength(1);
  });
});

describe('the upstream is not there, or slow', () => {
  for (const [protocol, shape] of [
    ['awsJson1_1', /application\/x-amz-json-1.1.*"__type":"BadGateway"/s],
    ['restJson1', /x-amzn-errortype: BadGateway/],
    ['awsQuery', /<ErrorResponse><Error><Type>Receiver<\/Type><Code>BadGateway/],
    ['ec2Query', /<Response><Errors><Error><Code>BadGateway/],
    ['restXml', /<Error><Code>BadGateway/],
    ['rpcv2Cbor', /application\/cbor/],
  ] as const) {
    test(`502 in the words of ${protocol}`, async () => {
      const { port, exchanges } = await startGateway(NOWHERE, { protocol });
      const client = connectTo(port);
      client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi');
      const text = await client.until(whole);
      expect(text).toMatch(/^HTTP\/1.1 502 /);
      expect(text).toMatch(shape);
      expect(exchanges[0]).toMatchObject({ failure: { kind: 'upstream-unreachable', code: 'BadGateway' } });
    });
  }

  test('silent: 504, and its connection is closed', async () => {
    const clock = new FakeClock();
    const upstream = await rawUpstream(() => {});
    const { port, exchanges } = await startGateway(upstream.port, { clock, limits: { upstreamQuietMs: 30_000 } });
    const client = connectTo(port);
    client.send('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n');
    const { socket } = await soon(() => upstream.connections[0], 'asked');
    await clock.advance(29_000);
    expect(client.text()).toBe('');
    await clock.advance(3_000);
    expect(await client.until((text) => text.includes('\r\n\r\n'))).toMatch(/^HTTP\/1.1 504 /);
    await soon(() => socket.closed, 'closed');
    expect(exchanges[0]).toMatchObject({ failure: { kind: 'upstream-timeout', code: 'GatewayTimeout' } });
  });

  test('not to be connected to: 504 after a shorter time', async () => {
    const clock = new FakeClock();
    const upstream = await rawUpstream(() => {}); // takes the connection, but says nothing to TLS
    const gateway = await startGateway(0, { clock, upstream: `*=https://127.0.0.1:${upstream.port}` });
    const client = connectTo(gateway.port);
    client.send(GET);
    await soon(() => upstream.connections[0], 'connected');
    await clock.advance(12_000);
    expect(await client.until(whole)).toMatch(/^HTTP\/1.1 504 .*could not be connected to in time/s);
  });
});

describe('the record comes before the answer', () => {
  const gate = () => {
    let open = (_error?: Error) => {};
    const opened = new Promise<void>((fulfil, reject) => {
      open = (error) => (error ? reject(error) : fulfil());
    });
    return { record: () => opened, open };
  };

  test('of a small answer nothing leaves, of a large one all but its last piece', async () => {
    let last = () => {};
    const upstream = await httpUpstream((req, res) => {
      if (req.url === '/small') return void res.end('small');
      res.write(LONG);
      last = () => res.end('third');
    });
    const recorder = gate();
    const { port, exchanges } = await startGateway(upstream, { recorder });
    const [small, large] = [connectTo(port), connectTo(port)];
    small.send('GET /small HTTP/1.1\r\nHost: h\r\n\r\n');
    large.send('GET /large HTTP/1.1\r\nHost: h\r\n\r\n');
    await large.until((text) => text.includes('xxx'));
    last();
    await soon(() => exchanges.length === 2, 'both are being recorded');
    expect(small.text()).toBe('');
    expect(large.text()).not.toContain('third');
    recorder.open();
    expect(await small.until(whole)).toMatch(/^HTTP\/1.1 200 .*small/s);
    expect(await large.until(whole)).toContain('third');
  });

  test('a record that cannot be kept: 503 while nothing has left, else the connection is cut', async () => {
    let last = () => {};
    const upstream = await httpUpstream((req, res) => {
      if (req.url === '/small') return void res.end('secret');
      res.writeHead(200, { 'content-length': LONG.length + 5 }).write(LONG);
      last = () => res.end('third');
    });
    const recorder = { record: () => Promise.reject(new Pushback('the disk is full', 10_000)) };
    const { port, metrics } = await startGateway(upstream, { recorder });
    const small = connectTo(port);
    small.send('GET /small HTTP/1.1\r\nHost: h\r\n\r\n');
    const refused = await small.until(whole);
    expect(refused).toMatch(/^HTTP\/1.1 503 .*retry-after: 10\r\n.*<Code>SlowDown/s);
    expect(refused).not.toContain('secret');
    const large = connectTo(port);
    large.send('GET /large HTTP/1.1\r\nHost: h\r\n\r\n');
    await large.until((text) => text.includes('xxx'));
    last();
    expect(await large.closed).not.toContain('third');
    expect(await metrics.eventsLost.get()).toMatchObject({ values: [{ value: 2, labels: { reason: 'pushback' } }] });
  });

  test('what could not be recorded is not asked', async () => {
    const upstream = await rawUpstream(answering(OK));
    const check = () => {
      throw new Pushback('the disk is full', 10_000);
    };
    const { port, exchanges } = await startGateway(upstream.port, { recorder: { check }, protocol: 'awsJson1_1' });
    const client = connectTo(port);
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n');
    expect(await client.until(whole)).toMatch(/^HTTP\/1.1 503 .*retry-after: 10\r\n.*ServiceUnavailable/s);
    expect(upstream.connections).toHaveLength(0);
    expect(exchanges).toHaveLength(0);
  });

  test('a fault of ours is told as such', async () => {
    const upstream = await rawUpstream(answering(OK));
    const recorder = { record: () => Promise.reject(new Error('a bug')) };
    const { port } = await startGateway(upstream.port, { recorder });
    const client = connectTo(port);
    client.send(GET);
    expect(await client.until(whole)).toMatch(/^HTTP\/1.1 500 .*<Code>InternalError/s);
  });
});

test('a client that does not read is waited for, and in the end cut off', async () => {
  const clock = new FakeClock();
  let given = 0;
  const upstream = await httpUpstream((_req, res) => {
    const more = () => {
      do given += 1 << 16;
      while (res.write(Buffer.alloc(1 << 16)));
    };
    res.on('drain', more);
    more();
  });
  const { port, exchanges } = await startGateway(upstream, { clock });
  const client = connectTo(port);
  client.socket.pause();
  client.send(GET);
  let before = -1;
  await soon(() => {
    const still = given > 0 && given === before;
    before = given;
    return still;
  }, 'the upstream is held up');
  expect(given).toBeLessThan(64 << 20);
  // Timers fire between turns of the event loop, in which a little may still move.
  await soon(() => {
    void clock.advance(125_000);
    return exchanges.length;
  }, 'cut off');
  expect(exchanges[0]).toMatchObject({ failure: { kind: 'client-gone' } });
});

test('nor is one waited for for ever that does not take the end of its answer', async () => {
  const clock = new FakeClock();
  const upstream = await httpUpstream((_req, res) => res.end(Buffer.alloc(6 << 20)));
  const { port, exchanges, metrics } = await startGateway(upstream, { clock });
  const client = connectTo(port);
  client.socket.pause();
  client.send(GET);
  await soon(() => {
    void clock.advance(60_000);
    return exchanges.length;
  }, 'recorded');
  const open = async () => (await metrics.gatewayOpenCalls.get()).values[0]!.value;
  while ((await open()) > 0) await clock.advance(60_000);
});
