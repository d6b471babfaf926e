import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/clients.ts';
import { ConsoleVisitor } from '../support/console.ts';
import { byPassword, consolePeople, PASSWORD } from '../support/console-people.ts';
import { freePort } from '../support/moto.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';

let server: RunningOpenTrail;
beforeAll(async () => {
  server = await startOpenTrail();
});
afterAll(cleanUp);
const { visitor, ownKeys, signedIn, newUser, newest } = consolePeople(() => server);

describe('attacks', () => {
  const LIST = { method: 'POST', body: 'Action=ListUsers&Version=2010-05-08' };
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
  const call = (
    browser: ConsoleVisitor,
    headers: Record<string, string | readonly string[]>,
    path = '/aws/iam/us-east-1/',
  ) => browser.raw(path, { ...LIST, headers: { ...FORM, ...headers } });

  test('nothing is to be had without cookie and header, whatever is said', async () => {
    const browser = await signedIn();
    const [cookie, csrf] = [browser.cookie!, browser.csrf!];
    const origin = server.console!;
    const refused: [number, Record<string, string | readonly string[]>][] = [
      [401, {}],
      [401, { 'x-opentrail-csrf': csrf }],
      [403, { cookie }],
      [403, { cookie, 'x-opentrail-csrf': '' }],
      [403, { cookie, 'x-opentrail-csrf': `${csrf}x` }],
      [403, { cookie, 'x-opentrail-csrf': [csrf, csrf] }],
      [403, { cookie, 'x-csrf': csrf }],
      [401, { cookie: `${cookie.slice(0, -1)}`, 'x-opentrail-csrf': csrf }],
      [401, { cookie: `${cookie}; ${cookie}`, 'x-opentrail-csrf': csrf }],
      [401, { cookie: cookie.replace(/=.*/, `=${'A'.repeat(43)}`), 'x-opentrail-csrf': csrf }],
      [403, { cookie, 'x-opentrail-csrf': csrf, origin: 'https://evil.example' }],
      [403, { cookie, 'x-opentrail-csrf': csrf, origin: 'null' }],
      [403, { cookie, 'x-opentrail-csrf': csrf, origin, 'sec-fetch-site': 'cross-site' }],
      [403, { cookie, 'x-opentrail-csrf': csrf, origin, 'sec-fetch-site': 'same-site' }],
      [421, { cookie, 'x-opentrail-csrf': csrf, host: 'evil.example' }],
      [421, { cookie, 'x-opentrail-csrf': csrf, host: `evil.example:${new URL(origin).port}` }],
      [400, { cookie, 'x-opentrail-csrf': csrf, authorization: 'AWS4-HMAC-SHA256 Credential=x' }],
      [400, { cookie, 'x-opentrail-csrf': csrf, authorization: 'Basic eDp5' }],
      [200, { cookie, 'x-opentrail-csrf': csrf }],
      [200, { cookie: `a=b; ${cookie}`, 'x-opentrail-csrf': csrf, origin, 'sec-fetch-site': 'same-origin' }],
    ];
    for (const [status, headers] of refused)
      expect([(await call(browser, headers)).status, headers]).toEqual([status, headers]);
  });

  test('another session’s CSRF token is none of this one', async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    expect((await call(one, { cookie: one.cookie!, 'x-opentrail-csrf': other.csrf! })).status).toBe(403);
  });

  test('a session id that the browser brings along is never made a session', async () => {
    const browser = visitor();
    const name = (await signedIn()).cookie!.replace(/=.*/, '');
    const planted = `${name}=${'B'.repeat(43)}`;
    browser.cookie = planted;
    await browser.signIn(ownKeys());
    expect(browser.cookie).not.toBe(planted);
    expect((await visitor().raw('/session', { cookie: planted })).status).toBe(401);
    const before = browser.cookie!;
    await browser.signIn(ownKeys());
    expect(browser.cookie).not.toBe(before);
    expect((await visitor().raw('/session', { cookie: before })).status).toBe(401); // the old one is over
  });

  test('other sites’ forms cannot sign their visitor in or out', async () => {
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    const signIn = await visitor().raw('/session', { method: 'POST', body: ownKeys(), headers: evil });
    expect([signIn.status, signIn.headers['set-cookie']]).toEqual([403, undefined]);
    const browser = await signedIn();
    for (const path of ['/session', '/session/role'])
      expect((await browser.raw(path, { method: 'DELETE', cookie: browser.cookie!, headers: evil })).status).toBe(403);
    expect((await browser.raw('/session', { method: 'DELETE', cookie: browser.cookie! })).status).toBe(403);
    expect((await browser.raw('/session', { cookie: browser.cookie!, headers: evil })).status).toBe(403);
    expect((await browser.ask('/session')).status).toBe(200);
  });

  test('guessing a password is stopped, also for names that are nobody’s, and not by the true one', async () => {
    await newUser('vera');
    const guess = (UserName: string, Password: string) => visitor().signIn({ ...byPassword(UserName), Password });
    for (const name of ['vera', 'nobody-at-all']) {
      const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => guess(name, `wrong-${i}`)));
      expect(answers.map(({ status }) => status).sort()).toEqual([...Array(6).fill(401), ...Array(6).fill(429)]);
      const locked = answers.find(({ status }) => status === 429)!;
      expect(locked.body).toEqual({
        Code: 'TooManyAttempts',
        Message: expect.stringMatching(/^Too many failed attempts\. Try again in \d+ seconds?\.$/),
      });
      expect(Number(locked.headers['retry-after'])).toBeGreaterThan(0);
      if (name === 'vera') expect((await guess('vera', PASSWORD)).status).toBe(429);
    }
    await eventually(async () => (await guess('vera', PASSWORD)).status === 200, 'the lock opens');
    await signedIn(); // others are not held up
  });

  test('paths mean one thing only', async () => {
    const browser = await signedIn();
    const headers = { cookie: browser.cookie!, 'x-opentrail-csrf': browser.csrf! };
    const strange = ['/aws', '/aws/', '/aws/iam', '/aws/../session', '/aws/iam/../../session', '/aws//us-east-1/'];
    strange.push('/aws/%69am/us-east-1/', '/aws/IAM/us-east-1/', '/aws/iam/us-east-1;x/', '/aws/iam/US-EAST-1/');
    strange.push(`/aws/${'i'.repeat(65)}/us-east-1/`, '/aws/iam/us_east_1/', '/aws/iam/us-east-1\\x/');
    for (const path of strange.slice(1))
      expect([path, (await call(browser, headers, path)).status]).toEqual([path, 404]);
    for (const path of ['/AWS/iam/us-east-1/', '//aws/iam/us-east-1/', '/x/../aws/iam/us-east-1/', '/aws', '/session/'])
      expect([path, (await call(browser, headers, path)).status]).toEqual([path, 405]); // pages, which are only read
    expect((await call(browser, headers, '/aws/nosuch/us-east-1/')).status).toBe(404);
    const absolute = await call(browser, headers, 'http://evil.example/aws/iam/us-east-1/');
    expect(absolute.status).toBe(200); // only the path of it counts
    expect((await call(browser, headers, '/aws/s3/us-east-1/%2e%2e/%2e%2e/session')).text).not.toContain('CsrfToken');
  });

  test('requests that were signed before are no way in', async () => {
    const browser = await signedIn();
    const headers = { cookie: browser.cookie!, 'x-opentrail-csrf': browser.csrf! };
    for (const name of [
      'X-Amz-Signature',
      'x-amz-credential',
      'X-Amz-Algorithm',
      'X-Amz-Security-Token',
      'AWSAccessKeyId',
    ])
      expect([name, (await browser.raw(`/aws/s3/us-east-1/b/k?${name}=x`, { headers })).status]).toEqual([name, 400]);
    // What a token in a header says is not heard: the session says who calls.
    const other = { ...headers, 'x-amz-security-token': 'x', 'x-amz-date': '20200101T000000Z' };
    expect((await call(browser, other)).status).toBe(200);
  });

  test('cookie and token reach no service', async () => {
    const browser = await signedIn();
    const s3 = (method: string, path: string, more: object = {}) =>
      browser.ask(`/aws/s3/us-east-1/${path}`, { method, ...more });
    expect((await s3('PUT', 'headers-bucket')).status).toBe(200);
    expect(
      (
        await s3('PUT', 'headers-bucket/k', {
          body: 'x',
          headers: { 'x-amz-meta-a': '1', connection: 'close, x-amz-meta-b', 'x-amz-meta-b': '2' },
        })
      ).status,
    ).toBe(200);
    const head = await s3('HEAD', 'headers-bucket/k');
    expect([head.headers['x-amz-meta-a'], head.headers['x-amz-meta-b']]).toEqual(['1', undefined]);
    const records = JSON.stringify(await newest(100));
    for (const secret of [browser.cookie!.replace(/.*=/, ''), browser.csrf!]) {
      expect(records).not.toContain(secret);
      expect(server.log()).not.toContain(secret);
    }
  });

  test('an object is bytes, and never a page of ours', async () => {
    const browser = await signedIn();
    const s3 = (method: string, path: string, more: object = {}) =>
      browser.ask(`/aws/s3/us-east-1/${path}`, { method, ...more });
    await s3('PUT', 'page-bucket');
    const html = '<script>alert(1)</script>';
    await s3('PUT', 'page-bucket/evil.html', { body: html, headers: { 'content-type': 'text/html' } });
    const got = await s3('GET', 'page-bucket/evil.html');
    expect(got.text).toBe(html);
    expect(got.headers).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    // Who follows a link to it has no header to show.
    expect((await browser.raw('/aws/s3/us-east-1/page-bucket/evil.html', { cookie: browser.cookie! })).status).toBe(
      403,
    );
  });

  test('large objects pass whole, in parts, both ways; too large a document does not', async () => {
    const browser = await signedIn();
    const s3 = (method: string, path: string, more: object = {}) =>
      browser.ask(`/aws/s3/us-east-1/${path}`, { method, ...more });
    await s3('PUT', 'large-bucket');
    const body = Buffer.alloc(20 * 1024 * 1024, 'opentrail ');
    expect((await s3('PUT', 'large-bucket/a%2Fb/../c%20d', { body })).status).toBe(200);
    const got = await s3('GET', 'large-bucket/a%2Fb/../c%20d');
    expect(got.text.length).toBe(body.length);
    const part = await s3('GET', 'large-bucket/a%2Fb/../c%20d', { headers: { range: 'bytes=10-19' } });
    expect([part.status, part.text]).toEqual([206, 'opentrail ']);
    const listed = await s3('GET', 'large-bucket?list-type=2');
    expect(listed.text).toContain('<Key>a/b/../c d</Key>');
    const form = { method: 'POST', body: `Action=ListUsers&x=${'y'.repeat(3_000_000)}`, headers: FORM };
    expect((await browser.ask('/aws/iam/us-east-1/', form)).status).toBe(413);
  });

  test('two requests in one are one, or none', async () => {
    const browser = await signedIn();
    const smuggled = [
      'POST /aws/iam/us-east-1/ HTTP/1.1',
      'Host: 127.0.0.1',
      `Cookie: ${browser.cookie}`,
      'Content-Length: 60',
      'Transfer-Encoding: chunked',
      '',
      '0',
      '',
      'DELETE /session HTTP/1.1',
      'Host: 127.0.0.1',
      `Cookie: ${browser.cookie}`,
      `x-opentrail-csrf: ${browser.csrf}`,
      '',
      '',
    ].join('\r\n');
    const { hostname, port } = new URL(server.console!);
    const said = await new Promise<string>((fulfil) => {
      let text = '';
      const socket = connect(Number(port), hostname, () => socket.write(smuggled));
      socket.on('data', (bytes) => (text += bytes));
      socket.on('close', () => fulfil(text));
    });
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    expect((await browser.ask('/session')).status).toBe(200);
  });

  test('what is no HTTP is told so', async () => {
    const { hostname, port } = new URL(server.console!);
    const said = await new Promise<string>((fulfil) => {
      let text = '';
      const socket = connect(Number(port), hostname, () => socket.write('\x16\x03\x01 hello\r\n\r\n'));
      socket.on('data', (bytes) => (text += bytes));
      socket.on('close', () => fulfil(text));
    });
    expect(said).toMatch(/^HTTP\/1\.1 400 [\s\S]*"Code":"BadRequest"/);
  });

  test('nothing secret lies about in logs or files', async () => {
    const keys = await newUser('zoe');
    const browser = await signedIn(byPassword('zoe'));
    await signedIn(keys);
    await visitor().signIn({ ...byPassword('zoe'), Password: 'Typed-In-Vain-1' });
    const state = readdirSync(join(server.dataDir, 'state')).map((name) =>
      readFileSync(join(server.dataDir, 'state', name), 'latin1'),
    );
    const everything = state.join('') + server.log() + JSON.stringify(await newest(500));
    expect(everything).toContain('console-session/');
    const id = browser.cookie!.replace(/.*=/, '');
    for (const secret of [id, browser.csrf!, PASSWORD, 'Typed-In-Vain-1', keys.SecretAccessKey])
      expect(everything.includes(secret)).toBe(false);
  });
});

describe('behind HTTPS', () => {
  test('its own: the cookie is for this host alone and for HTTPS alone, the names are the certificate’s', async () => {
    const folder = newFolder('tls');
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const names = 'subjectAltName=DNS:audit.corp,IP:127.0.0.1';
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2'];
    execFileSync('openssl', [...made, '-subj', '/CN=audit.corp', '-addext', names], { stdio: 'ignore' });
    const own = await startOpenTrail({ flags: { 'tls-cert': cert, 'tls-key': key } });
    expect(own.console).toMatch(/^https:/);
    const browser = new ConsoleVisitor(own);
    const keys = { AccessKeyId: own.accessKeyId, SecretAccessKey: own.secretAccessKey };
    const { headers } = await browser.signIn(keys);
    expect(headers['set-cookie']![0]).toMatch(
      /^__Host-opentrail=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure$/,
    );
    expect((await browser.query('iam', 'ListUsers')).status).toBe(200);
    const { port } = new URL(own.console!);
    const at = (host: string) => browser.raw('/', { headers: { host: `${host}:${port}` } });
    expect((await at('audit.corp')).status).not.toBe(421);
    expect((await at('evil.example')).status).toBe(421);
    const insecure = { origin: `http://127.0.0.1:${port}` };
    expect((await browser.ask('/session', { headers: insecure })).status).toBe(403);
    await own.stop();
  });

  test('a proxy’s: names, cookie and origin are those that browsers know', async () => {
    const port = await freePort();
    const flags = { 'console-url': 'https://audit.example.com', 'console-port': port };
    const own = await startOpenTrail({ flags });
    expect(own.said).toContain('Console: https://audit.example.com ');
    const browser = new ConsoleVisitor({ console: `http://127.0.0.1:${port}` });
    const body = { AccessKeyId: own.accessKeyId, SecretAccessKey: own.secretAccessKey };
    const through = { host: 'audit.example.com', origin: 'https://audit.example.com' };
    const answer = await browser.ask('/session', { method: 'POST', body, headers: through });
    expect([answer.status, answer.headers['set-cookie']![0]]).toEqual([
      200,
      expect.stringMatching(/^__Host-.*Secure$/),
    ]);
    const plain = { ...through, origin: 'http://audit.example.com' };
    expect((await browser.ask('/session', { headers: plain })).status).toBe(403);
    expect((await browser.ask('/session', { headers: through })).status).toBe(200);
    await own.stop();
  });
});
