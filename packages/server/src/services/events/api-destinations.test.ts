import { describe, expect, test } from 'vitest';
import { harness } from './testing/harness.ts';

describe('API destinations', () => {
  async function connected(auth: object, destination: object = {}, target: object = {}) {
    const h = await harness();
    const { ConnectionArn } = await h.call('CreateConnection', { Name: 'c', ...auth });
    const { ApiDestinationArn: Arn } = await h.call('CreateApiDestination', {
      Name: 'd',
      ConnectionArn,
      InvocationEndpoint: 'https://example.test/in/*',
      HttpMethod: 'POST',
      ...destination,
    });
    await h.rule(
      'one',
      { source: ['app'] },
      {
        Arn,
        HttpParameters: {
          PathParameterValues: ['$.detail.a'],
          QueryStringParameters: { q: 'v w' },
          HeaderParameters: { 'X-A': '$.detail.a' },
        },
        ...target,
      },
    );
    return h;
  }
  const BASIC = {
    AuthorizationType: 'BASIC',
    AuthParameters: {
      BasicAuthParameters: { Username: 'user', Password: 'hunter2' },
      InvocationHttpParameters: { BodyParameters: [{ Key: 'b', Value: 'secret-b', IsValueSecret: true }] },
    },
  };

  test('are called with what connection and target say; the credentials are shown to nobody, nor kept in clear', async () => {
    const h = await connected(BASIC);
    await h.put({ a: 'x/y' });
    await h.settle();
    const [request] = h.requests;
    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://example.test/in/x%2Fy?q=v+w',
      headers: { authorization: `Basic ${Buffer.from('user:hunter2').toString('base64')}`, 'X-A': 'x/y' },
    });
    expect(JSON.parse(String(request!.body))).toMatchObject({ source: 'app', b: 'secret-b' });
    const shown = JSON.stringify(await h.call('DescribeConnection', { Name: 'c' }));
    const kept = JSON.stringify(await h.state.list(''));
    for (const secret of ['hunter2', 'secret-b']) expect(shown + kept).not.toContain(secret);
    expect(shown).toContain('"Username":"user"');
    await h.call('DeauthorizeConnection', { Name: 'c' });
    await h.put({ a: 'x' });
    await h.settle();
    expect(h.requests).toHaveLength(1);
  });

  test('OAuth: a token is fetched once, and anew when the endpoint does not take it any more', async () => {
    const oauth = {
      ClientParameters: { ClientID: 'id', ClientSecret: 'secret' },
      AuthorizationEndpoint: 'https://auth.test/token',
      HttpMethod: 'POST',
    };
    const h = await connected({
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters: { OAuthParameters: oauth },
    });
    let tokens = 0;
    h.endpoint.answer = ({ url, headers }) => {
      if (url.includes('auth.test')) return { status: 200, body: Buffer.from(`{"access_token":"t${++tokens}"}`) };
      return { status: headers?.authorization === 'Bearer t1' && tokens > 0 && h.requests.length > 4 ? 401 : 200 };
    };
    for (let i = 0; i < 4; i++) {
      await h.put({ a: 'x' });
      await h.settle();
    }
    await h.clock.advance(10_000);
    await h.settle();
    expect(tokens).toBe(2);
    expect(String(h.requests[0]!.body)).toBe('grant_type=client_credentials&client_id=id&client_secret=secret');
    expect(h.requests.at(-1)!.headers?.authorization).toBe('Bearer t2');
    expect(h.mailboxes.boxes('')).toEqual([]);
  });

  test('keep to their rate', async () => {
    const h = await connected(BASIC, { InvocationRateLimitPerSecond: 1 });
    for (let i = 0; i < 5; i++) await h.put({ a: 'x' });
    await h.settle();
    expect(h.requests).toHaveLength(1);
    await h.clock.advance(2_500);
    await h.settle();
    expect(h.requests).toHaveLength(3);
    await h.clock.advance(10_000);
    await h.settle();
    expect(h.requests).toHaveLength(5);
  });

  test('are tried again after 500 and 429, and not after 404', async () => {
    const h = await connected(BASIC);
    const statuses = [500, 429, 200, 404];
    h.endpoint.answer = () => ({ status: statuses.shift() ?? 200 });
    for (let i = 0; i < 4; i++) {
      if (i === 0) await h.put({ a: 'x' });
      await h.settle();
      await h.clock.advance(5_000);
    }
    await h.put({ a: 'x' });
    await h.settle();
    expect(h.requests).toHaveLength(4);
    expect(h.mailboxes.boxes('')).toEqual([]);
  });

  test('take no value that leads out of their path, nor a star elsewhere', async () => {
    const h = await connected(BASIC);
    for (const a of ['..', '.', '../../admin', 'x']) await h.put({ a });
    await h.settle();
    await h.clock.advance(100);
    await h.settle();
    expect(h.requests.map(({ url }) => url)).toEqual([
      'https://example.test/in/..%2F..%2Fadmin?q=v+w',
      'https://example.test/in/x?q=v+w',
    ]);
    for (const InvocationEndpoint of ['https://*.example.test/', 'ftp://example.test/', 'example.test', 'https://']) {
      expect(await h.codeOf('UpdateApiDestination', { Name: 'd', InvocationEndpoint })).toBe('ValidationException');
    }
  });
});
