import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { clientConfig, s3, signedFetch } from './support/sdk.ts';

afterAll(cleanUp);

type Signer = Parameters<typeof signedFetch>[0];
interface Frame {
  readonly head: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

const ask = (as: Signer, Keys: readonly string[]) =>
  signedFetch(as, 'POST', '/opentrail/v1/objects', JSON.stringify({ Bucket: 'things', Keys }), {
    service: 'opentrail',
    headers: { 'content-type': 'application/json' },
  });

async function readObjects(as: Signer, keys: readonly string[]): Promise<Frame[]> {
  const answer = await ask(as, keys);
  expect(answer.status).toBe(200);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\n', at) + 1;
    const head = JSON.parse(bytes.toString('utf8', at, end)) as Frame['head'];
    at = end + (head.Bytes as number);
    frames.push({ head, body: bytes.subarray(end, at) });
  }
  return frames;
}

/** The records of GetObject, oldest first. */
async function gets(server: RunningOpenTrail) {
  const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?eventName=GetObject&follow=false&last=100', '', {
    service: 'opentrail',
  });
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

test('ReadObjects gives many objects, each allowed and recorded as a GetObject of its own', async () => {
  const server = await startOpenTrail();
  const store = s3(server);
  await store.send(new CreateBucketCommand({ Bucket: 'things' }));
  const large = Buffer.alloc(3_000_000, 'large ');
  const things: [string, Buffer | string][] = [
    ['a', 'first'],
    ['b/ü x', ''],
    ['large', large],
    ['last', 'end'],
  ];
  for (const [Key, Body] of things) {
    await store.send(new PutObjectCommand({ Bucket: 'things', Key, Body, Metadata: { kind: 'thing' } }));
  }
  const iam = new IAMClient(clientConfig(server));
  await iam.send(new CreateUserCommand({ UserName: 'alice' }));
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
  const mayRead = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::things/a' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [mayRead] });
  await iam.send(new PutUserPolicyCommand({ UserName: 'alice', PolicyName: 'p', PolicyDocument }));
  const alice = { ...server, accessKeyId: key!.AccessKeyId!, secretAccessKey: key!.SecretAccessKey! };

  const frames = await readObjects(server, ['last', 'a', 'gone', 'large', 'b/ü x', 'a']);
  expect(frames.map(({ head: { Key, Status, ErrorCode } }) => [Key, Status, ErrorCode])).toEqual([
    ['last', 200, undefined],
    ['a', 200, undefined],
    ['gone', 404, 'NoSuchKey'],
    ['large', 200, undefined],
    ['b/ü x', 200, undefined],
    ['a', 200, undefined],
  ]);
  expect(frames[3]!.body.equals(large)).toBe(true);
  expect(frames.filter((_, i) => i !== 3).map(({ body }) => String(body))).toEqual(['end', 'first', '', '', 'first']);
  expect(frames[0]!.head.Metadata).toEqual({ kind: 'thing' });

  const hers = await readObjects(alice, ['a', 'last', 'gone']);
  expect(hers.map(({ head: { Status, ErrorCode }, body }) => [Status, ErrorCode, String(body)])).toEqual([
    [200, undefined, 'first'],
    [403, 'AccessDenied', ''],
    [403, 'AccessDenied', ''],
  ]);
  expect(hers[1]!.head.ErrorMessage).toMatch(/user\/alice is not authorized to perform: s3:GetObject on resource/);

  await store.send(new GetObjectCommand({ Bucket: 'things', Key: 'a' }));
  const records = await gets(server);
  expect(
    records.map(({ userIdentity, requestParameters, errorCode }) => [
      userIdentity.userName,
      requestParameters?.key,
      errorCode,
    ]),
  ).toEqual(
    expect.arrayContaining([
      ['opentrail', 'last', undefined],
      ['opentrail', 'gone', 'NoSuchKey'],
      ['opentrail', 'large', undefined],
      ['alice', 'a', undefined],
      ['alice', 'last', 'AccessDenied'],
    ]),
  );
  expect(records).toHaveLength(6 + 3 + 1);
  // As the one that an AWS client asked for by itself, but for what is its own.
  const alone = records.at(-1);
  const inBulk = records.find(
    ({ requestParameters, userIdentity }) => requestParameters.key === 'a' && userIdentity.userName === 'opentrail',
  );
  const own = ['eventID', 'requestID', 'eventTime', 'userAgent', 'additionalEventData', 'requestParameters'];
  const rest = (record: object) => Object.fromEntries(Object.entries(record).filter(([name]) => !own.includes(name)));
  expect(rest(inBulk)).toEqual(rest(alone));
  expect(Object.keys(inBulk)).toEqual(Object.keys(alone));
  expect(inBulk.requestParameters).toEqual({ bucketName: 'things', Host: alone.requestParameters.Host, key: 'a' });
  const data = (record: { additionalEventData: object }) => ({ ...record.additionalEventData, 'x-amz-id-2': '' });
  expect(data(inBulk)).toEqual(data(alone));

  // More than are opened together, with a large one at the end of those and of all.
  const many = await readObjects(server, [...Array.from({ length: 31 }, () => 'a'), 'large', 'last', 'large']);
  expect(many.map(({ body }) => body.length)).toEqual([
    ...Array.from({ length: 31 }, () => 5),
    3_000_000,
    3,
    3_000_000,
  ]);
  await server.stop();
});

test('what it does not take', async () => {
  const server = await startOpenTrail();
  for (const keys of [[], Array.from({ length: 1_001 }, (_, i) => `k${i}`)]) {
    const answer = await ask(server, keys);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ message: expect.stringContaining('1 to 1000 objects') }),
    ]);
  }
  // No bucket of that name: each of its objects says so.
  expect((await readObjects(server, ['a']))[0]!.head).toMatchObject({ Status: 404, ErrorCode: 'NoSuchBucket' });
  await server.stop();
});
