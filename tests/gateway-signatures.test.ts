import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, expect, test } from 'vitest';
import { recordsOf } from './gateway/harness.ts';
import { run, testWith } from './support/clients.ts';
import { startUpstream, stopGateways } from './support/gateway.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { signedFetch, signedHeaders } from './support/sdk.ts';

/** What the gateway does with signatures, before an upstream that verifies them all: OpenTrail itself. */
afterAll(async () => {
  stopGateways();
  await cleanUp();
});

const CLIENT = { accessKeyId: 'AKIACLIENT', secretAccessKey: 'the client’s secret' };
const STRANGER = { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'x' };
const users = [{ userName: 'client', accessKeys: [CLIENT] }];

function identitiesFile(): string {
  const path = join(newFolder('identities'), 'identities.json');
  writeFileSync(path, JSON.stringify({ accounts: [{ accountId: '123456789012', users }] }), { mode: 0o600 });
  return path;
}

const gatewayBefore = (upstream: string, flags: Record<string, string>, env: Record<string, string> = {}) =>
  startOpenTrail({
    flags: { 'gateway-port': 0, upstream: `*=${upstream}`, identities: identitiesFile(), ...flags },
    env,
  });

/** Signs with the upstream's own keys what a client signed with keys that the upstream does not know. */
const resigning = (upstream: RunningOpenTrail, signatures: string) =>
  gatewayBefore(
    upstream.endpoint,
    { signatures, 'upstream-profile': 'opentrail' },
    { AWS_SHARED_CREDENTIALS_FILE: join(upstream.dataDir, 'credentials') },
  );

const rejections = async (server: RunningOpenTrail): Promise<Record<string, number>> => {
  const page = await (await fetch(`${server.endpoint}/metrics`)).text();
  const found = page.matchAll(/^opentrail_rejected_requests_total\{code="(\w+)"\} (\d+)/gm);
  return Object.fromEntries([...found].map(([, code, count]) => [code, Number(count)]));
};

const SCRIPT = `
import hashlib, io, json, sys, urllib.request
import boto3
from botocore.config import Config
endpoint, secret = sys.argv[1:3]
def client(service, secret=secret):
    return boto3.client(service, endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="AKIACLIENT",
        aws_secret_access_key=secret, config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}))
said = {}
s3 = client("s3")
s3.create_bucket(Bucket="signed-anew", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
key = "a b/ü+(1).txt"
data = bytes(range(256)) * 4096
put = s3.put_object(Bucket="signed-anew", Key=key, Body=data, Metadata={"who": "me  too"}, ChecksumAlgorithm="SHA256")
said["put"] = put["ETag"]
got = s3.get_object(Bucket="signed-anew", Key=key, Range="bytes=256-511")
said["range"] = got["Body"].read() == bytes(range(256))
said["metadata"] = got["Metadata"]
s3.upload_fileobj(io.BytesIO(data * 12), "signed-anew", "in parts")
said["parts"] = s3.head_object(Bucket="signed-anew", Key="in parts")["ContentLength"] == len(data) * 12
url = s3.generate_presigned_url("get_object", Params={"Bucket": "signed-anew", "Key": key, "ResponseContentType": "a/b"})
with urllib.request.urlopen(url) as answer:
    said["presigned"] = [answer.headers["content-type"], hashlib.md5(answer.read()).hexdigest() == hashlib.md5(data).hexdigest()]
url = s3.generate_presigned_url("put_object", Params={"Bucket": "signed-anew", "Key": "by url"})
with urllib.request.urlopen(urllib.request.Request(url, data=b"hi", method="PUT")) as answer:
    said["presigned put"] = answer.status
said["list"] = [o["Key"] for o in s3.list_objects_v2(Bucket="signed-anew", Delimiter="/")["Contents"]]
said["identity"] = client("sts").get_caller_identity()["Arn"]
said["trails"] = client("cloudtrail").list_trails()["Trails"]
for service, call in (("s3", lambda c: c.list_buckets()), ("sts", lambda c: c.get_caller_identity()), ("cloudtrail", lambda c: c.list_trails())):
    try:
        call(client(service, "a guess"))
        said["guess " + service] = "let in"
    except Exception as error:
        said["guess " + service] = error.response["Error"]["Code"]
print(json.dumps(said))
`;

testWith(
  ['boto3'],
  'boto3, signed anew, onto an upstream that verifies; a wrong secret gets no further than the gateway',
  async () => {
    const upstream = await startOpenTrail();
    const server = await resigning(upstream, 'require');
    const done = await run('python3', ['-c', SCRIPT, server.gateway!, CLIENT.secretAccessKey], {});
    expect(done.stderr).toBe('');
    const said = JSON.parse(done.stdout) as Record<string, unknown>;
    expect(said).toMatchObject({
      put: expect.stringMatching(/^"[0-9a-f]{32}"$/),
      range: true,
      metadata: { who: 'me  too' },
      parts: true,
      presigned: ['a/b', true],
      'presigned put': 200,
      list: ['by url', 'in parts'],
      trails: [],
      'guess s3': 'SignatureDoesNotMatch',
      'guess sts': 'SignatureDoesNotMatch',
      'guess cloudtrail': 'InvalidSignatureException',
    });
    expect(said.identity).toMatch(/:user\/opentrail$/);

    const records = await recordsOf(server, 13);
    expect(new Set(records.map((r) => (r.userIdentity as { userName: string }).userName))).toEqual(new Set(['client']));
    expect(records.filter((r) => r.errorCode !== undefined)).toEqual([]);
    expect(records.map((r) => r.eventName)).toContain('GetCallerIdentity');
    expect(JSON.stringify(records)).not.toContain(upstream.accessKeyId);
    expect(await rejections(server)).toEqual({ SignatureDoesNotMatch: 2, InvalidSignatureException: 1 });
    expect(server.log()).not.toMatch(/"level":50/);
    expect(server.log()).not.toContain(upstream.secretAccessKey);
    await Promise.all([server.stop(), upstream.stop()]);
  },
  300_000,
);

test('what was changed on the way is refused, and does not reach the upstream', async () => {
  const upstream = await startOpenTrail();
  const server = await resigning(upstream, 'verify');
  const signer = { ...CLIENT, endpoint: server.gateway! };
  const put = (path: string, signed: string, sent: string) => {
    const { host: _host, ...headers } = signedHeaders(signer, 'PUT', path, signed, { service: 's3' });
    return fetch(new URL(path, signer.endpoint), { method: 'PUT', headers, body: sent });
  };
  expect((await put('/guarded', '', '')).status).toBe(200);
  expect((await put('/guarded/good', 'what was signed', 'what was signed')).status).toBe(200);
  const changed = await put('/guarded/bad', 'what was signed', 'what was SIGNED');
  expect([changed.status, await changed.text()]).toEqual([400, expect.stringContaining('XAmzContentSHA256Mismatch')]);
  const large = 'x'.repeat(3_000_000);
  expect((await put('/guarded/large', large, `${large.slice(1)}y`)).status).toBe(400);
  const { host: _host, ...moved } = signedHeaders(signer, 'DELETE', '/guarded/other', '', { service: 's3' });
  const elsewhere = await fetch(new URL('/guarded/good', signer.endpoint), { method: 'DELETE', headers: moved });
  expect([elsewhere.status, await elsewhere.text()]).toEqual([403, expect.stringContaining('SignatureDoesNotMatch')]);

  const listed = await signedFetch(upstream, 'GET', '/guarded?list-type=2', '', { service: 's3' });
  expect([...(await listed.text()).matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key)).toEqual(['good']);
  const records = await recordsOf(server, 2);
  expect(records.map((r) => r.eventName)).toEqual(['CreateBucket', 'PutObject']);
  expect(await rejections(server)).toEqual({ XAmzContentSHA256Mismatch: 2, SignatureDoesNotMatch: 1 });
  await Promise.all([server.stop(), upstream.stop()]);
});

test('a request for another service than JSON: the body counts where no header tells its hash', async () => {
  const upstream = await startUpstream(() => ({ status: 200, body: '{}' }));
  const server = await gatewayBefore(upstream.endpoint, { signatures: 'verify' });
  const send = (body: string) => {
    const client = new DynamoDBClient({
      ...{ endpoint: server.gateway!, region: 'us-east-1', maxAttempts: 1, credentials: { ...CLIENT } },
    });
    // After the signature: somebody on the way.
    client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: string };
        if (body !== '') request.body = body;
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    return client.send(new DeleteTableCommand({ TableName: 'mine' })).then(
      () => 'done',
      (error) => error.name,
    );
  };
  expect(await send('')).toBe('done');
  expect(await send('{"TableName":"ours"}')).toBe('InvalidSignatureException');
  await Promise.all([server.stop(), upstream.stop()]);
});

test('strangers are passed on, or refused; a session past its end is refused', async () => {
  const pastEnd = new Date(Date.now() - 60_000).toISOString();
  const session = { accessKeyId: 'ASIAENDED', secretAccessKey: 'session secret', sessionToken: 'the token' };
  const assumed = `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${session.accessKeyId}</AccessKeyId>
    <SecretAccessKey>${session.secretAccessKey}</SecretAccessKey><SessionToken>${session.sessionToken}</SessionToken>
    <Expiration>${pastEnd}</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/app/me</Arn>
    <AssumedRoleId>AROAAPP:me</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>`;
  const seen: string[] = [];
  const upstream = await startUpstream(({ headers, body }) => {
    seen.push(/Credential=(\w+)/.exec(String(headers.authorization))![1]!);
    if (body.includes('Action=AssumeRole&'))
      return { status: 200, headers: { 'content-type': 'text/xml' }, body: assumed };
    return { status: 200, body: '<GetCallerIdentityResponse/>' };
  });
  for (const [signatures, expected] of [
    ['verify', ['done', 'done', 'ExpiredToken']],
    ['require', ['InvalidClientTokenId', 'done', 'ExpiredToken']],
  ] as const) {
    seen.length = 0;
    const server = await gatewayBefore(upstream.endpoint, { signatures });
    const call = (credentials: typeof CLIENT, command: unknown = new GetCallerIdentityCommand({})) =>
      new STSClient({ endpoint: server.gateway!, region: 'us-east-1', maxAttempts: 1, credentials: { ...credentials } })
        .send(command as GetCallerIdentityCommand)
        .then(
          () => 'done',
          (error) => error.Code ?? error.name,
        );
    const role = { RoleArn: 'arn:aws:iam::123456789012:role/app', RoleSessionName: 'me' };
    expect([await call(STRANGER), await call(CLIENT, new AssumeRoleCommand(role)), await call(session)]).toEqual(
      expected,
    );
    expect(seen).toEqual(signatures === 'verify' ? [STRANGER.accessKeyId, CLIENT.accessKeyId] : [CLIENT.accessKeyId]);
    await server.stop();
  }
  await upstream.stop();
});

test('settings that do not go together, and keys that are not there, are told', async () => {
  const said = (flags: Record<string, string>, env = {}) =>
    gatewayBefore('http://127.0.0.1:1', flags, env).then(
      () => 'started',
      (error) => String(error),
    );
  expect(await said({ 'upstream-profile': 'x' })).toMatch(/needs signatures to be verify or require/);
  const file = identitiesFile();
  const env = { AWS_SHARED_CREDENTIALS_FILE: file };
  expect(await said({ 'upstream-profile': 'x', signatures: 'verify' }, env)).toMatch(/no profile \[x\] with keys in/);
  writeFileSync(file, readFileSync(file, 'utf8').replace('accountId', 'account'));
  expect(await said({ identities: file })).toMatch(/docs\/gateway\/identities\.md/);
});
