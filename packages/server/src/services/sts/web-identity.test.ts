import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Policy } from '../../access/policy.ts';
import { FakeClock, systemClock } from '../../base/clock.ts';
import { isSignedBy, type Jwk, parseJwt } from './jwt.ts';
import { createOidcFetch } from './oidc-fetch.ts';
import { createOidcKeys } from './oidc-keys.ts';
import { ACCOUNT, harness, trusting } from './testing/harness.ts';
import { confusedHs256, type Provider, type ProviderOptions, startProvider } from './testing/provider.ts';

const running: Provider[] = [];
afterEach(async () => {
  for (const provider of running.splice(0)) await provider.stop();
});

/** STS with a role that trusts a provider, which runs. */
async function started(options: ProviderOptions & { trust?: (arn: string, url: string) => Policy } = {}) {
  let sts: ReturnType<typeof harness> | undefined;
  const provider = await startProvider({ now: () => Math.floor(sts!.clock.now() / 1000), ...options });
  running.push(provider);
  sts = harness(createOidcFetch({ internalOrigins: [provider.issuer], clock: systemClock }));
  const arn = `arn:aws:iam::${ACCOUNT}:oidc-provider/${provider.url}`;
  sts.providers.set(`${ACCOUNT}/${provider.url}`, {
    arn,
    url: provider.url,
    clientIds: ['app', 'other'],
    thumbprints: [],
  });
  const trust = options.trust ?? ((federated) => trusting({ Federated: federated }));
  const RoleArn = sts.role('deploy', trust(arn, provider.url));
  const input = (WebIdentityToken: string, more: object = {}) => ({
    RoleArn,
    RoleSessionName: 'run',
    WebIdentityToken,
    ...more,
  });
  const ask = (token: string, more?: object) =>
    sts!.call(sts!.anonymous, 'AssumeRoleWithWebIdentity', input(token, more));
  const refused = (token: string, more?: object) =>
    sts!.refused(sts!.anonymous, 'AssumeRoleWithWebIdentity', input(token, more));
  return { sts, provider, arn, RoleArn, ask, refused, input };
}

describe('a token', () => {
  test.each(['rsa', 'ec'] as const)('signed with a key of the provider (%s) opens the role', async (kind) => {
    const { sts, provider, arn, ask } = await started({ kind });
    const made = await ask(provider.token());
    expect(made).toMatchObject({
      SubjectFromWebIdentityToken: 'repo:acme/site',
      Audience: 'app',
      Provider: arn,
      AssumedRoleUser: { Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/run` },
    });
    const { identity, principal } = await sts.callerOf(made);
    expect(identity.sessionContext).toMatchObject({ webIdFederationData: { federatedProvider: arn, attributes: {} } });
    expect(principal.session?.externalProvider).toBe(arn);
  });

  test('is recorded as the web identity that it names, in the account of the role', async () => {
    const { sts, provider, arn, input } = await started();
    const recorded = async (token: string) => {
      const context = sts.contextOf('AssumeRoleWithWebIdentity', sts.anonymous);
      await sts.call(sts.anonymous, 'AssumeRoleWithWebIdentity', input(token), context).catch(() => {});
      return context.notes.actor;
    };
    const identity = {
      type: 'WebIdentityUser',
      principalId: `${arn}:app:repo:acme/site`,
      userName: 'repo:acme/site',
      identityProvider: arn,
    };
    expect(await recorded(provider.token())).toEqual({ accountId: ACCOUNT, identity });
    // Nobody's word is taken for who it was before the signature is good, and no stranger's issuer makes a record.
    const forged = provider.token({}, { sign: () => 'AAAA' });
    expect(await recorded(forged)).toEqual({
      accountId: ACCOUNT,
      identity: { type: 'WebIdentityUser', identityProvider: arn },
    });
    expect(await recorded(provider.token({ iss: 'https://elsewhere.example' }))).toBeUndefined();
  });

  test.each([
    ['without a signature', { header: { alg: 'none' }, sign: () => '' }, 'not a valid JWT'],
    ['without a signature, of some', { header: { alg: 'none' } }, 'does not match any key'],
    [
      'signed with the public key as a secret',
      { header: { alg: 'HS256' }, sign: confusedHs256 },
      'does not match any key',
    ],
    ['signed by somebody else', { sign: () => Buffer.alloc(256).toString('base64url') }, 'does not match any key'],
    ['that names another algorithm', { header: { alg: 'ES256' } }, 'does not match any key'],
    [
      'that names a key which is none of the provider',
      { header: { kid: 'unknown' } },
      "Couldn't retrieve verification key",
    ],
    ['that wants something understood', { header: { crit: ['exp'] } }, 'not a valid JWT'],
    ['whose key has no name', { header: { kid: 7 } }, 'not a valid JWT'],
  ])('%s is refused', async (_what, options, said) => {
    const { provider, refused } = await started();
    const error = await refused(provider.token({}, options));
    expect(error).toMatch(/^InvalidIdentityToken: /);
    expect(error).toContain(said);
  });

  test.each([
    [{ aud: 'stranger' }, 'InvalidIdentityToken: Incorrect token audience'],
    [{ aud: undefined }, 'InvalidIdentityToken: Incorrect token audience'],
    [{ aud: 'app', azp: 'stranger' }, 'InvalidIdentityToken: Incorrect token audience'],
    [{ sub: undefined }, 'InvalidIdentityToken: Missing a required claim: sub'],
    [{ iss: undefined }, 'InvalidIdentityToken: Missing a required claim: iss'],
    [{ exp: undefined }, 'InvalidIdentityToken: Missing a required claim: exp'],
    [{ exp: '9999999999' }, 'InvalidIdentityToken: Missing a required claim: exp'],
    [{ iat: undefined }, 'InvalidIdentityToken: Missing a required claim: iat'],
    [{ exp: 1 }, 'ExpiredTokenException: Token expired: current date/time'],
    [{ nbf: 9_999_999_999 }, 'InvalidIdentityToken: The ID Token is not valid yet'],
    [{ iat: 9_999_999_999 }, 'InvalidIdentityToken: The ID Token is not valid yet'],
    [
      { iss: 'https://elsewhere.example' },
      'InvalidIdentityToken: No OpenIDConnect provider found in your account for https://elsewhere.example',
    ],
    [{ 'https://aws.amazon.com/source_identity': 'with space' }, 'InvalidIdentityToken: 1 validation error'],
  ])('with %j is refused', async (claims, said) => {
    const { provider, refused } = await started();
    expect((await refused(provider.token(claims))).slice(0, said.length)).toBe(said);
  });

  test('holds until the second that it names', async () => {
    const { sts, provider, ask, refused } = await started();
    const token = provider.token();
    sts.clock.jump(599_999);
    await ask(token);
    sts.clock.jump(1);
    expect(await refused(token)).toContain('ExpiredTokenException');
  });

  test('that is none, changed or cut is refused, whatever it is', async () => {
    const { provider, refused } = await started();
    const token = provider.token();
    const pieces = token.split('.');
    const odd = [
      'x'.repeat(20),
      'a.b.c',
      `${token}.`,
      `${token}.x`,
      pieces.slice(0, 2).join('.'),
      `.${token}`,
      'null.null.null',
    ];
    for (const one of odd) expect(await refused(one)).toMatch(/^InvalidIdentityToken/);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'AQgw_-.'), async (at, char) => {
        const changed = token.slice(0, at) + char + token.slice(at + 1);
        // The last character of base 64 may hold bits that nobody reads.
        fc.pre(changed !== token && parseJwt(changed)?.signature.equals(parseJwt(token)!.signature) !== true);
        expect(await refused(changed)).toMatch(/^(InvalidIdentityToken|ValidationError)/);
      }),
      { numRuns: 200 },
    );
  });

  test('keys too small to trust are no keys', async () => {
    const { provider, refused } = await started({ kind: 'rsa-1024' });
    expect(await refused(provider.token())).toContain('does not match any key');
  });
});

describe('the trust policy', () => {
  test.each([
    ['sub', 'repo:acme/*', {}, { sub: 'repo:evil/site' }],
    ['aud', 'other', { aud: 'other' }, { aud: 'app' }],
    ['aud', 'other', { aud: 'x', azp: 'other' }, {}],
    ['oaud', 'https://api.example', { aud: 'https://api.example', azp: 'app' }, {}],
    ['amr', 'mfa', { amr: ['pwd', 'mfa'] }, { amr: ['pwd'] }],
  ])('may ask for %s', async (key, value, right, wrong) => {
    const { provider, ask, refused } = await started({
      trust: (arn, url) => {
        const Condition = { 'ForAnyValue:StringLike': { [`${url}:${key}`]: value } };
        return trusting({ Federated: arn }, { Action: 'sts:AssumeRoleWithWebIdentity', Condition });
      },
    });
    await ask(provider.token(right));
    expect(await refused(provider.token(wrong))).toBe(
      'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity',
    );
  });

  test('lets in no web identity by `*`, by its account, or by another provider', async () => {
    for (const principal of [{ AWS: '*' }, '*', { AWS: ACCOUNT }, { Federated: 'idp.example' }]) {
      const { provider, refused } = await started({ trust: () => trusting(principal) });
      expect(await refused(provider.token())).toContain('AccessDenied');
    }
  });

  test('must allow the tags and the source identity that the provider asks for', async () => {
    const claims = {
      'https://aws.amazon.com/tags': { principal_tags: { Team: ['red'], Floor: '3' }, transitive_tag_keys: ['Team'] },
      'https://aws.amazon.com/source_identity': 'alice',
    };
    const { sts, provider, ask } = await started();
    const { principal } = await sts.callerOf(await ask(provider.token(claims)));
    expect(principal.session).toMatchObject({
      tags: { Team: 'red', Floor: '3' },
      transitiveTagKeys: ['Team'],
      sourceIdentity: 'alice',
    });
    const only = await started({
      trust: (arn) => trusting({ Federated: arn }, { Action: 'sts:AssumeRoleWithWebIdentity' }),
    });
    expect(await only.refused(only.provider.token(claims))).toBe(
      'AccessDenied: Not authorized to perform sts:TagSession',
    );
  });

  test('is asked only of roles that are there; nobody learns which', async () => {
    const { provider, refused } = await started();
    const RoleArn = `arn:aws:iam::${ACCOUNT}:role/gone`;
    expect(await refused(provider.token(), { RoleArn })).toBe(
      'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity',
    );
    expect(await refused(provider.token(), { RoleArn: 'arn:aws:s3:::bucket/role' })).toBe(
      'ValidationError: Request ARN is invalid',
    );
    expect(await refused(provider.token(), { ProviderId: 'www.amazon.com' })).toContain('ValidationError: ProviderId');
  });
});

describe('the provider', () => {
  test('is asked once for many tokens, and again when a token names a new key', async () => {
    const { sts, provider, ask } = await started();
    await Promise.all([1, 2, 3, 4].map(() => ask(provider.token())));
    expect(provider.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
    const old = provider.token();
    provider.rotate();
    await sts.clock.advance(10_000);
    await ask(provider.token());
    expect(provider.asked).toHaveLength(4);
    await expect(ask(old)).rejects.toThrow(/verification key/);
  });

  test('is spared made-up key names', async () => {
    const { provider, ask, refused } = await started();
    await ask(provider.token());
    for (let i = 0; i < 5; i++) await refused(provider.token({}, { header: { kid: `made-up-${i}` } }));
    expect(provider.asked).toHaveLength(2);
  });

  test('that fails is spared for a while, then asked again', async () => {
    const { sts, provider, ask, refused } = await started();
    provider.answers.set('/keys', (_req, res) => res.writeHead(500).end());
    for (let i = 0; i < 3; i++) expect(await refused(provider.token())).toContain('IDPCommunicationError');
    expect(provider.asked).toHaveLength(2);
    provider.answers.clear();
    await sts.clock.advance(10_000);
    await ask(provider.token());
  });

  test.each([
    [
      'another issuer',
      JSON.stringify({ issuer: 'https://evil.example', jwks_uri: 'https://evil.example/keys' }),
      'Invalid',
    ],
    ['no keys', '{}', 'Invalid'],
    ['nonsense', 'not json', 'IDPCommunicationError'],
    ['too much', `"${'x'.repeat(300_000)}"`, 'IDPCommunicationError'],
  ])('that answers with %s is not believed', async (_what, body, code) => {
    const { provider, refused } = await started();
    provider.answers.set('/.well-known/openid-configuration', (_req, res) => void res.end(body));
    expect(await refused(provider.token())).toContain(code);
  });

  test('is followed nowhere: no redirects, no keys over plain HTTP or at addresses within', async () => {
    const { provider, refused } = await started();
    const inside = await startProvider();
    running.push(inside);
    const configuration = '/.well-known/openid-configuration';
    provider.answers.set(
      configuration,
      (_req, res) => void res.writeHead(302, { location: `${inside.issuer}/keys` }).end(),
    );
    expect(await refused(provider.token())).toContain('IDPCommunicationError');
    for (const jwks_uri of [
      `${inside.issuer}/keys`,
      `https://${inside.url}/keys`,
      `https://localhost:${inside.url.split(':')[1]}/keys`,
      'https://169.254.169.254/latest/meta-data',
      'https://[::1]/keys',
      'https://[::ffff:127.0.0.1]/keys',
      'https://2130706433/keys',
      'file:///etc/passwd',
      'no url',
    ]) {
      const again = await started();
      again.provider.answers.set(
        configuration,
        (_req, res) => void res.end(JSON.stringify({ issuer: again.provider.issuer, jwks_uri })),
      );
      expect(await again.refused(again.provider.token())).toContain('IDPCommunicationError');
    }
    expect(inside.asked).toEqual([]);
  });

  test('that falls silent is given up', async () => {
    const clock = new FakeClock();
    const provider = await startProvider();
    running.push(provider);
    let came: () => void;
    const arrived = new Promise<void>((resolve) => {
      came = resolve;
    });
    provider.answers.set('/.well-known/openid-configuration', (_req, res) => {
      res.write('{');
      came();
    });
    const keys = createOidcKeys(createOidcFetch({ internalOrigins: [provider.issuer], clock }), clock);
    const asked = keys.keysFor({ url: provider.url, thumbprints: [] }, undefined);
    const outcome = expect(asked).rejects.toMatchObject({ wasReached: false });
    await arrived;
    await clock.advance(5_000);
    await outcome;
  });
});

describe('over HTTPS', () => {
  const dir = mkdtempSync(join(tmpdir(), 'opentrail-oidc-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  const read = (name: string) => readFileSync(join(dir, name), 'utf8');
  const thumbprintOf = (name: string) =>
    openssl('x509', '-in', name, '-noout', '-fingerprint', '-sha1')
      .toString()
      .split('=')[1]!
      .trim()
      .replaceAll(':', '');
  /** An authority, and a server's certificate from it. */
  const makeChain = (ca: string, leaf: string, host: string) => {
    const subject = (name: string) => ['-subj', `/CN=${name}`];
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${ca}.key`,
      '-out',
      ca,
      '-days',
      '2',
      ...subject(ca),
    );
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${leaf}.key`,
      '-out',
      `${leaf}.csr`,
      ...subject(host),
      '-addext',
      `subjectAltName=DNS:${host}`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${leaf}.csr`,
      '-CA',
      ca,
      '-CAkey',
      `${ca}.key`,
      '-out',
      leaf,
      '-days',
      '2',
      '-copy_extensions',
      'copy',
    );
  };
  const keysOf = async (chain: readonly string[], thumbprints: readonly string[]) => {
    const tls = { key: read(`${chain[0]}.key`), cert: chain.map(read).join('') };
    const provider = await startProvider({ tls });
    running.push(provider);
    const keys = createOidcKeys(
      createOidcFetch({ internalOrigins: [provider.issuer], clock: systemClock }),
      systemClock,
    );
    return keys.keysFor({ url: provider.url, thumbprints }, undefined);
  };

  test("a certificate counts by its thumbprint or its authority's, and no other", async () => {
    makeChain('ca', 'leaf', 'localhost');
    makeChain('evil-ca', 'evil-leaf', 'localhost');
    makeChain('away-ca', 'away-leaf', 'elsewhere.example');
    expect(await keysOf(['leaf', 'ca'], [thumbprintOf('ca')])).toHaveLength(1);
    expect(await keysOf(['leaf', 'ca'], [thumbprintOf('leaf').toLowerCase()])).toHaveLength(1);
    await expect(keysOf(['leaf', 'ca'], [])).rejects.toMatchObject({ wasReached: false });
    await expect(keysOf(['leaf', 'ca'], ['0'.repeat(40)])).rejects.toMatchObject({ wasReached: false });
    // A stranger may send the good authority's certificate along, but that has not signed the stranger's own.
    await expect(keysOf(['evil-leaf', 'ca'], [thumbprintOf('ca')])).rejects.toMatchObject({ wasReached: false });
    await expect(keysOf(['evil-leaf', 'evil-ca', 'ca'], [thumbprintOf('ca')])).rejects.toMatchObject({
      wasReached: false,
    });
    await expect(keysOf(['away-leaf', 'away-ca'], [thumbprintOf('away-ca')])).rejects.toMatchObject({
      wasReached: false,
    });
  });
});

describe('keys', () => {
  test('whatever a provider publishes as a key is no crash', () => {
    const jwt = parseJwt(`${btoa('{"alg":"RS256"}')}.${btoa('{}')}.AAAA`.replaceAll('=', ''))!;
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('kty', 'n', 'e', 'use', 'alg', 'crv', 'x', 'y', 'd'), fc.jsonValue()),
        (key) => {
          expect(isSignedBy(jwt, { kty: 'RSA', ...key } as Jwk)).toBe(false);
        },
      ),
    );
  });
});
