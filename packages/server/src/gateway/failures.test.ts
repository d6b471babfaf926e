import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Pushback } from '../base/errors.ts';
import {
  closeAll,
  connectTo,
  httpUpstream,
  rawUpstream,
  readMessage,
  type Seen,
  soon,
  startGateway,
} from './testing/sockets.ts';

afterEach(closeAll);

const GET = 'GET /b/k HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const whole = (text: string) => readMessage(Buffer.from(text, 'latin1')) !== undefined;
const answering = (answer: string) => (seen: Seen) => {
  const message = readMessage(seen.bytes);
  if (!message) return;
  seen.bytes = message.rest;
  seen.socket.write(answer);
};
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
const drained = (socket: import('node:net').Socket) =>
  Promise.race([
    new Promise<boolean>((fulfil) => socket.once('drain', () => fulfil(true))),
    new Promise<boolean>((fulfil) => setTimeout(() => fulfil(false), 300)),
  ]);

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
    void clock.advance(62_000);
    return exchanges.length;
  }, 'cut off');
  expect(exchanges[0]).toMatchObject({ failure: { kind: 'client-gone' } });
});

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
