import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { recordsOf } from './gateway/harness.ts';
import { aws, testWith } from './support/clients.ts';
import { startUpstream, stopGateways } from './support/gateway.ts';
import { cleanUp, startOpenTrail } from './support/opentrail.ts';

afterAll(async () => {
  stopGateways();
  await cleanUp();
});

const IDENTITY = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/alice</Arn>
  <UserId>AIDAALICE</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

testWith(['aws', 'aws-endpoint-env'], 'the AWS CLI over HTTPS, trusting the CA that the gateway made', async () => {
  const upstream = await startUpstream(() => ({
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: IDENTITY,
  }));
  const flags = { upstream: `*=${upstream.endpoint}`, 'gateway-port': 0, 'gateway-tls': 'local-ca' };
  const first = await startOpenTrail({ flags });
  const ca = join(first.dataDir, 'local-ca.pem');
  expect(first.said).toContain(`AWS_CA_BUNDLE=${ca}\n`);
  expect(new X509Certificate(readFileSync(ca)).ca).toBe(true);
  await first.stop();
  const before = readFileSync(ca, 'utf8');
  const server = await startOpenTrail({ flags, dataDir: first.dataDir });
  expect(readFileSync(ca, 'utf8')).toBe(before); // clients that trust it go on doing so

  const port = new URL(server.gateway!).port;
  const env = { ...server.env, AWS_CA_BUNDLE: ca };
  for (const host of ['127.0.0.1', 'localhost']) {
    const answer = await aws({ ...env, AWS_ENDPOINT_URL: `https://${host}:${port}` }, 'sts', 'get-caller-identity');
    expect(answer).toMatchObject({ Account: '123456789012' });
  }
  const records = await recordsOf(server, 2);
  expect(records.map((r) => r.tlsDetails)).toEqual(
    ['127.0.0.1', 'localhost'].map((host) => ({
      tlsVersion: 'TLSv1.3',
      cipherSuite: expect.stringMatching(/^TLS_/),
      clientProvidedHostHeader: host,
    })),
  );
  await server.stop();
  await upstream.stop();
});
