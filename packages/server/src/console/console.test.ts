import { request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSessions } from '../access/sessions.ts';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { createMetrics } from '../base/metrics.ts';
import type { NewEvent } from '../event/event.ts';
import { harness } from '../services/iam/testing/harness.ts';
import { type HttpServer, listen } from '../wire/http-server.ts';
import type { SignedIn } from '../wire/signed-in.ts';
import { openConsole } from './index.ts';

/** The console before a pipeline that only notes who gets to it. */
let server: HttpServer;
let keys: { accessKeyId: string; secretAccessKey: string };
const reached: SignedIn[] = [];
const kept: NewEvent[] = [];

beforeAll(async () => {
  const iam = await harness();
  keys = (await iam.identities.accountKeys())[0]!.administrator!;
  const sessions = createSessions(Buffer.alloc(32, 5), iam.random);
  let port = 0;
  const pages = await openConsole({
    place: { secure: false, names: [] },
    directory: '/nowhere',
    port: () => port,
    endpointHost: () => '127.0.0.1:4570',
    pipeline: {
      async answer(_req, res, signedIn) {
        reached.push(signedIn!);
        res.end('reached');
      },
      perform: () => Promise.reject(new Error('not asked here')),
    },
    findKey: async (id, token) => {
      const opened = token === undefined ? undefined : sessions.open(id, token);
      const own = await iam.identities.findAccessKey(opened ? keys.accessKeyId : id);
      return own && opened ? { ...own, sessionToken: token! } : own;
    },
    iam: iam.store,
    accounts: iam.identities.accounts,
    issue: sessions.issue,
    authorizer: iam.authorizer,
    auditor: { keep: async (events) => void kept.push(...events) },
    state: iam.state,
    sealer: iam.sealer,
    region: 'us-east-1',
    regions: ['us-east-1'],
    operatorAccountId: '123456789012',
    clock: systemClock,
    random: iam.random,
    logger: silentLogger,
    metrics: createMetrics(),
  });
  server = await listen(pages.handle, { host: '127.0.0.1', port: 0, after: systemClock.after, refuse: pages.refuse });
  port = server.port;
});
afterAll(() => server.stop(0));

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const ask = ({ method, path, headers, body = '' }: Asked) =>
  new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((fulfil, reject) => {
    const req = request({ port: server.port, host: '127.0.0.1', method, path, headers, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      res.once('end', () => fulfil({ status: res.statusCode!, headers: res.headers, text }));
    });
    req.once('error', reject);
    req.end(body);
  });

const signIn = () =>
  ask({
    method: 'POST',
    path: '/session',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ AccessKeyId: keys.accessKeyId, SecretAccessKey: keys.secretAccessKey }),
  });

const segment = fc.stringMatching(/^[\w.%~;,=-]{0,12}$/);
const path = fc
  .tuple(fc.constantFrom('/', '/aws/', '/aws/iam/us-east-1/', '/aws/s3/', '/session', '//aws/'), fc.array(segment))
  .map(([start, parts]) => start + parts.join('/'));
const value = fc.oneof(
  fc.constantFrom('', 'null', 'same-origin', 'none', 'application/json', 'localhost', 'keep-alive, cookie'),
  fc.stringMatching(/^[\w=;:/., -]{0,60}$/),
);
const name = fc.constantFrom(
  ...['cookie', 'origin', 'sec-fetch-site', 'x-opentrail-csrf', 'content-type', 'x-amz-target', 'authorization'],
  ...['x-forwarded-for', 'x-forwarded-host', 'x-http-method-override', 'accept-encoding', 'if-none-match', 'range'],
);
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS');

test('whatever is asked without a session is refused or a page, and reaches nothing', async () => {
  reached.length = 0;
  const anything = fc.record({ method, path, headers: fc.dictionary(name, value, { maxKeys: 6 }) });
  await fc.assert(
    fc.asyncProperty(anything, async (asked) => {
      const { status, headers } = await ask(asked);
      expect([200, 400, 401, 403, 404, 405, 413, 415, 421, 503]).toContain(status);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(headers['set-cookie'] === undefined || /Max-Age=0/.test(String(headers['set-cookie']))).toBe(true);
    }),
    { numRuns: 400 },
  );
  expect(reached).toEqual([]);
});

test('with a session a call reaches the pipeline as the session’s, freed of what is the session’s own', async () => {
  const signedIn = await signIn();
  expect(signedIn.status).toBe(200);
  expect(kept.at(-1)!.header.eventName).toBe('ConsoleLogin');
  const cookie = String((signedIn.headers['set-cookie'] as string[])[0]).split(';')[0]!;
  const csrf = JSON.parse(signedIn.text).CsrfToken as string;
  const headers = { cookie, 'x-opentrail-csrf': csrf, 'x-amz-security-token': 'x', 'x-amz-meta-a': '1' };
  let passed = 0;
  const any = fc.record({ path: fc.stringMatching(/^(\/[\w.%~-]{0,12}){1,4}$/), extra: fc.dictionary(name, value) });
  await fc.assert(
    fc.asyncProperty(any, async ({ path: tail, extra }) => {
      reached.length = 0;
      const given = Object.fromEntries(Object.entries(extra).filter(([key]) => !OWN.has(key)));
      const { status } = await ask({
        method: 'GET',
        path: `/aws/s3/eu-west-1${tail}`,
        headers: { ...given, ...headers },
      });
      if (status !== 200) return; // another origin, a signature
      passed++;
      const [call] = reached;
      expect(call).toMatchObject({ service: 's3', region: 'eu-west-1', accessKeyId: expect.stringMatching(/^ASIA/) });
      expect(call!.http).toMatchObject({ rawPath: tail, host: '127.0.0.1:4570' });
      expect(Object.keys(call!.http.headers).filter((key) => OWN.has(key))).toEqual([]);
      expect(JSON.stringify(call!.http)).not.toContain(csrf);
    }),
    { numRuns: 200 },
  );
  expect(passed).toBeGreaterThan(20);
});
const OWN: ReadonlySet<string> = new Set(['cookie', 'x-opentrail-csrf', 'x-amz-security-token', 'authorization']);
