import { execFile, spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../../../../tests/support/opentrail.ts';
import type { KnownIdentity } from '../access/directory.ts';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { createMetrics } from '../base/metrics.ts';
import { readRequest } from '../wire/request.ts';
import { sha256Hex } from '../wire/sigv4/canonical.ts';
import { type Claimed, createAdmission } from './admit.ts';

/** boto3 with a key that only the gateway knows; the upstream is OpenTrail itself, which verifies all signatures. */
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

const SECRET = 'the client’s secret';
const hasBoto = spawnSync('python3', ['-c', 'import boto3']).status === 0;

describe.skipIf(!hasBoto)('boto3, re-signed, onto an upstream that verifies', () => {
  let upstream: RunningOpenTrail;
  let gateway: Server;
  let said: Record<string, unknown>;

  beforeAll(async () => {
    upstream = await startOpenTrail();
    gateway = await startGateway(upstream);
    const { port } = gateway.address() as AddressInfo;
    const args = ['-c', SCRIPT, `http://127.0.0.1:${port}`, SECRET];
    said = JSON.parse((await promisify(execFile)('python3', args)).stdout);
  }, 120_000);
  afterAll(async () => {
    gateway?.close();
    await upstream?.stop();
    cleanUp();
  });

  test('everything arrives as it was sent', () => {
    expect(said).toMatchObject({
      put: expect.stringMatching(/^"[0-9a-f]{32}"$/),
      range: true,
      metadata: { who: 'me  too' },
      parts: true,
      presigned: ['a/b', true],
      'presigned put': 200,
      list: ['by url', 'in parts'],
      trails: [],
    });
    expect(said.identity).toMatch(/:user\/opentrail$/);
  });

  test('a wrong secret gets no further than the gateway', () => {
    expect(said).toMatchObject({
      'guess s3': 'SignatureDoesNotMatch',
      'guess sts': 'SignatureDoesNotMatch',
      'guess cloudtrail': 'InvalidSignatureException',
    });
  });
});

const PROTOCOLS = { s3: 'restXml', sts: 'awsQuery', cloudtrail: 'awsJson1_1' } as const;

/** As little of a gateway as admission needs around it. */
async function startGateway(upstream: RunningOpenTrail): Promise<Server> {
  const key: KnownIdentity = {
    ...{ accessKeyId: 'AKIACLIENT', secretAccessKey: SECRET, accountId: '1', identity: {}, active: true },
    ...{ owner: { kind: 'root' }, source: 'file' },
  };
  const admission = createAdmission({
    directory: { find: (id) => (id === key.accessKeyId ? key : undefined) },
    signatures: 'require',
    resign: { credentials: upstream, host: new URL(upstream.endpoint).host },
    clock: systemClock,
    logger: silentLogger,
    metrics: createMetrics(),
  });
  const server = createServer(async (req, res) => {
    const http = readRequest(req);
    const scope = http.headers.authorization ?? new URLSearchParams(http.rawQuery).get('X-Amz-Credential') ?? '';
    const signingName = scope.split('/')[3] as keyof typeof PROTOCOLS;
    const claimed: Claimed = { signingName, detected: { protocol: PROTOCOLS[signingName] } };
    try {
      const bytes = admission.needsBodyHash(http, claimed) ? await bytesOf(req) : undefined;
      const admitted = await admission.admit(http, claimed, bytes && sha256Hex(bytes));
      const headers = Object.fromEntries(
        Object.entries({ ...http.headers, ...admitted.headers }).filter(([, v]) => v !== undefined),
      );
      const path = http.rawPath + (admitted.rawQuery && `?${admitted.rawQuery}`);
      const up = request(upstream.endpoint, { method: http.method, path, headers }, (answer) => {
        res.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(res);
      });
      const body = bytes ? Readable.from([bytes]) : req;
      (admitted.body ? body.pipe(admitted.body()) : body).pipe(up);
    } catch (error) {
      const { code, status } = error as { code: string; status: number };
      const isJson = signingName === 'cloudtrail';
      res.writeHead(status, { 'content-type': isJson ? 'application/x-amz-json-1.1' : 'text/xml' });
      const xml = `<Code>${code}</Code><Message>no</Message>`;
      const wrapped =
        signingName === 's3' ? `<Error>${xml}</Error>` : `<ErrorResponse><Error>${xml}</Error></ErrorResponse>`;
      res.end(isJson ? JSON.stringify({ __type: code }) : wrapped);
    }
  });
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  return server;
}

const bytesOf = async (req: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts);
};
