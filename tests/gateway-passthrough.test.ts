import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { systemClock } from '../packages/server/src/base/clock.ts';
import { systemRandom } from '../packages/server/src/base/random.ts';
import { openLocalCa, USUAL_NAMES } from '../packages/server/src/gateway/local-ca.ts';
import { closeAll, type Gateway, startGateway } from '../packages/server/src/gateway/testing/sockets.ts';
import { aws, boto3, has, testWith } from './support/clients.ts';
import { type Moto, startMoto, stopMotos } from './support/moto.ts';

/** The vendor's clients through the gateway onto an emulator: they notice nothing, and nothing passes unnoticed. */
const needed = ['moto', 'aws', 'boto3', 'aws-endpoint-env'] as const;
const able = needed.every((client) => has(client));
const SIZE = 50_000_000;

let moto: Moto;
let folder: string;
beforeAll(async () => {
  if (!able) return;
  folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  moto = await startMoto();
});
afterAll(async () => {
  await closeAll();
  stopMotos();
  if (folder) rmSync(folder, { recursive: true });
});

const port = () => Number(new URL(moto.endpoint).port);
const environment = (endpoint: string) => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_MAX_ATTEMPTS: '1',
});
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const calls = ({ exchanges }: Gateway) => exchanges.map(({ http }) => `${http.method} ${http.rawPath}`);

describe('through the gateway', () => {
  testWith(needed, 'the AWS CLI copies 50 MB up, in parts, and down, in ranges', async () => {
    const gateway = await startGateway(port(), { wants: { requestBytes: 0, answerBytes: 0 } });
    const env = environment(`http://127.0.0.1:${gateway.port}`);
    const [source, copy] = [join(folder, 'source'), join(folder, 'copy')];
    const bytes = randomBytes(SIZE);
    writeFileSync(source, bytes);
    await aws(env, 's3', 'mb', 's3://upload');
    await aws(env, 's3', 'cp', '--quiet', source, 's3://upload/a key/ü+%.bin');
    await aws(env, 's3', 'cp', '--quiet', 's3://upload/a key/ü+%.bin', copy);
    expect(sha256(readFileSync(copy))).toBe(sha256(bytes));
    const { exchanges } = gateway;
    expect(exchanges.filter(({ failure }) => failure)).toEqual([]);
    const parts = exchanges.filter(({ http }) => /partNumber=/.test(http.rawQuery));
    expect(parts.length).toBeGreaterThan(4);
    expect(parts.reduce((sum, { requestBody }) => sum + requestBody.totalBytes, 0)).toBeGreaterThanOrEqual(SIZE);
    const gets = exchanges.filter(({ http }) => http.method === 'GET' && http.rawPath.startsWith('/upload/a'));
    expect(gets.reduce((sum, { answer }) => sum + answer!.body.totalBytes, 0)).toBe(SIZE);
  });

  testWith(needed, 'boto3 sees the same as without it: ranges, presigned URLs, errors, other protocols', async () => {
    const gateway = await startGateway(port());
    const program = `
import urllib.request
s3 = client('s3')
s3.create_bucket(Bucket='through')
s3.put_object(Bucket='through', Key='k', Body=b'0123456789', Metadata={'a': 'b'})
part = s3.get_object(Bucket='through', Key='k', Range='bytes=2-4')
url = s3.generate_presigned_url('get_object', Params={'Bucket': 'through', 'Key': 'k'})
put = s3.generate_presigned_url('put_object', Params={'Bucket': 'through', 'Key': 'p'})
urllib.request.urlopen(urllib.request.Request(put, data=b'presigned', method='PUT', headers={'Content-Type': 'text/plain'}))
errors = []
for call in [lambda: s3.get_object(Bucket='through', Key='none'),
             lambda: s3.head_object(Bucket='through', Key='none'),
             lambda: client('sqs').get_queue_url(QueueName='none'),
             lambda: client('iam').get_user(UserName='none')]:
    try:
        call()
    except Exception as e:
        errors.append(e.response['Error']['Code'])
print(json.dumps({
    'part': part['Body'].read().decode(), 'status': part['ResponseMetadata']['HTTPStatusCode'],
    'presigned': urllib.request.urlopen(url).read().decode(),
    'put': s3.get_object(Bucket='through', Key='p')['Body'].read().decode(),
    'head': s3.head_object(Bucket='through', Key='k')['Metadata'],
    'errors': errors,
    'account': client('sts').get_caller_identity()['Account'],
    'instances': client('ec2').describe_instances()['Reservations'],
    'queue': client('sqs').create_queue(QueueName='q')['QueueUrl'].split('/')[-1],
}))
`;
    const through = await boto3(environment(`http://127.0.0.1:${gateway.port}`), program);
    expect(through).toEqual({
      part: '234',
      status: 206,
      presigned: '0123456789',
      put: 'presigned',
      head: { a: 'b' },
      errors: ['NoSuchKey', '404', 'AWS.SimpleQueueService.NonExistentQueue', 'NoSuchEntity'],
      account: '123456789012',
      instances: [],
      queue: 'q',
    });
    expect(gateway.exchanges).toHaveLength(14);
    expect(calls(gateway)).toContain('PUT /through/p');
    expect(gateway.exchanges.filter(({ failure }) => failure)).toEqual([]);
  });

  testWith(needed, 'over TLS, with the local CA in AWS_CA_BUNDLE', async () => {
    const ca = openLocalCa({ directory: folder, clock: systemClock, random: systemRandom });
    const gateway = await startGateway(port(), { tls: ca.tls(USUAL_NAMES) });
    for (const host of ['localhost', '127.0.0.1']) {
      const env = { ...environment(`https://${host}:${gateway.port}`), AWS_CA_BUNDLE: ca.certificatePath };
      expect(await aws(env, 'sts', 'get-caller-identity')).toMatchObject({ Account: '123456789012' });
    }
    expect(gateway.exchanges[0]!.http.tls).toMatchObject({
      tlsVersion: 'TLSv1.3',
      clientProvidedHostHeader: 'localhost',
    });
    expect(gateway.exchanges[1]!.http.tls).toMatchObject({ clientProvidedHostHeader: '127.0.0.1' });
  });
});
