import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { signRequest } from '../packages/server/src/wire/sigv4/index.ts';
import { aws, awsRaw, boto3, eventually, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';

afterAll(cleanUp);

interface CreatedKey {
  readonly KeyMetadata: { readonly KeyId: string; readonly Arn: string; readonly KeyState: string };
}

/** A call as the SDKs make it; the workspace has no client of KMS. */
async function call<T = Record<string, unknown>>(
  server: RunningOpenTrail,
  operation: string,
  input: object,
): Promise<T> {
  const body = Buffer.from(JSON.stringify(input));
  const signed = signRequest({
    method: 'POST',
    url: new URL(server.endpoint),
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` },
    body,
    credentials: server,
    region: 'us-east-1',
    service: 'kms',
    nowMs: Date.now(),
  });
  const { host: _host, ...headers } = signed.headers;
  const answer = await fetch(signed.url, { method: 'POST', headers, body });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return (text === '' ? {} : JSON.parse(text)) as T;
}

/** All bytes below a folder, file by file. */
function* contentsOf(dir: string): Generator<{ readonly file: string; readonly bytes: Buffer }> {
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    const file = join(dir, name);
    if (statSync(file).isFile()) yield { file, bytes: readFileSync(file) };
  }
}

testWith(
  ['aws'],
  'AWS CLI: keys, aliases, policies, rotation and deletion; what was encrypted opens after a restart; nothing is in clear',
  async () => {
    let server = await startOpenTrail();
    const kms = <T = Record<string, never>>(...args: string[]) => aws<T>(server.env, 'kms', ...args);
    const refused = async (...args: string[]) => (await awsRaw(server.env, 'kms', ...args)).stderr;
    const { KeyMetadata: key } = await kms<CreatedKey>('create-key', '--description', 'of the test');
    expect(key).toMatchObject({ KeyState: 'Enabled', Arn: `arn:aws:kms:us-east-1:123456789012:key/${key.KeyId}` });
    await kms('create-alias', '--alias-name', 'alias/app', '--target-key-id', key.KeyId);
    expect(await refused('create-alias', '--alias-name', 'alias/app', '--target-key-id', key.KeyId)).toContain(
      '(AlreadyExistsException)',
    );

    const plain = 'a secret that nobody may find';
    const file = join(newFolder('kms'), 'plain');
    writeFileSync(file, plain);
    const encrypt = (...more: string[]) =>
      kms<{ CiphertextBlob: string }>('encrypt', '--key-id', 'alias/app', '--plaintext', `fileb://${file}`, ...more);
    const { CiphertextBlob: blob } = await encrypt('--encryption-context', 'purpose=test');
    writeFileSync(`${file}.blob`, Buffer.from(blob, 'base64'));
    const decrypt = (...more: string[]) =>
      awsRaw(server.env, 'kms', 'decrypt', '--ciphertext-blob', `fileb://${file}.blob`, ...more);
    const opened = async () => {
      const done = await decrypt('--encryption-context', 'purpose=test');
      expect(done.code, done.stderr).toBe(0);
      return Buffer.from(JSON.parse(done.stdout).Plaintext, 'base64').toString();
    };
    expect(await opened()).toBe(plain);
    expect((await decrypt()).stderr).toContain('(InvalidCiphertextException)');

    const dataKey = await kms<{ Plaintext: string }>(
      'generate-data-key',
      '--key-id',
      'alias/app',
      '--key-spec',
      'AES_256',
    );
    await kms('enable-key-rotation', '--key-id', key.KeyId, '--rotation-period-in-days', '180');
    await kms('rotate-key-on-demand', '--key-id', key.KeyId);
    expect(await opened()).toBe(plain);
    expect(await kms('get-key-rotation-status', '--key-id', key.KeyId)).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 180,
    });
    expect(await kms('get-key-policy', '--key-id', key.KeyId, '--policy-name', 'default')).toMatchObject({
      Policy: expect.stringContaining('arn:aws:iam::123456789012:root'),
    });
    expect(await kms<{ Aliases: object[] }>('list-aliases')).toMatchObject({ Aliases: [{ AliasName: 'alias/app' }] });

    // What is on disk holds neither the plaintexts nor the master key's file for others.
    await server.stop();
    const master = join(server.dataDir, 'kms-master-key');
    expect(statSync(master).mode & 0o777).toBe(0o600);
    const dataKeyBytes = Buffer.from(dataKey.Plaintext, 'base64');
    const secrets = [
      Buffer.from(plain),
      dataKeyBytes,
      Buffer.from(dataKey.Plaintext),
      Buffer.from(dataKeyBytes.toString('hex')),
    ];
    for (const { file: path, bytes } of contentsOf(server.dataDir)) {
      for (const secret of secrets) expect(bytes.includes(secret), path).toBe(false);
      if (path !== master) expect(bytes.includes(readFileSync(master, 'utf8').trim()), path).toBe(false);
    }
    expect(server.log()).not.toContain(dataKey.Plaintext);

    // Without the master key it does not start, and makes no new one in its place.
    renameSync(master, `${file}.master`);
    await expect(startOpenTrail({ dataDir: server.dataDir })).rejects.toThrow(/kms-master-key is missing/);
    const env = { OPENTRAIL_KMS_MASTER_KEY: readFileSync(`${file}.master`, 'utf8').trim() };
    const wrong = { OPENTRAIL_KMS_MASTER_KEY: Buffer.alloc(32, 1).toString('base64') };
    await expect(startOpenTrail({ dataDir: server.dataDir, env: wrong })).rejects.toThrow(/not the one that sealed/);
    server = await startOpenTrail({ dataDir: server.dataDir, env });
    expect(await opened()).toBe(plain);

    await kms('disable-key', '--key-id', key.KeyId);
    expect((await decrypt('--encryption-context', 'purpose=test')).stderr).toContain('(DisabledException)');
    await kms('schedule-key-deletion', '--key-id', key.KeyId, '--pending-window-in-days', '7');
    expect(await refused('enable-key', '--key-id', key.KeyId)).toContain('(KMSInvalidStateException)');
    await kms('cancel-key-deletion', '--key-id', key.KeyId);
    await kms('enable-key', '--key-id', key.KeyId);
    expect(await opened()).toBe(plain);

    // The records: no secrets, the key behind the alias.
    const events = await eventually(async () => {
      const { Events } = await aws<{ Events: { CloudTrailEvent: string }[] }>(
        ...([
          server.env,
          'cloudtrail',
          'lookup-events',
          '--lookup-attributes',
          'AttributeKey=EventName,AttributeValue=Encrypt',
        ] as const),
      );
      return Events.length > 0 && Events;
    }, 'the record of Encrypt');
    const record = JSON.parse(events[0]!.CloudTrailEvent);
    expect(record).toMatchObject({
      eventSource: 'kms.amazonaws.com',
      readOnly: true,
      requestParameters: {
        keyId: 'alias/app',
        encryptionContext: { purpose: 'test' },
        encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      },
      responseElements: null,
      resources: [{ accountId: '123456789012', type: 'AWS::KMS::Key', ARN: key.Arn }],
    });
    await server.stop();
  },
  300_000,
);

testWith(['boto3'], 'boto3: pages, grants, tags, errors by their names, two clients at once', async () => {
  const server = await startOpenTrail();
  const seen = await boto3<Record<string, unknown>>(
    server.env,
    `
import threading
kms = client('kms')
out = {}
def code(f):
    try:
        f(); return None
    except Exception as e:
        return e.response['Error']['Code']
ids = [kms.create_key(Tags=[{'TagKey': 'n', 'TagValue': str(i)}])['KeyMetadata']['KeyId'] for i in range(12)]
pages = list(kms.get_paginator('list_keys').paginate(PaginationConfig={'PageSize': 5}))
out['pages'] = [len(p['Keys']) for p in pages]
out['all'] = sorted(k['KeyId'] for p in pages for k in p['Keys']) == sorted(ids)
out['bad_marker'] = code(lambda: kms.list_keys(Marker='x'))
key = ids[0]
out['tags'] = kms.list_resource_tags(KeyId=key)['Tags']
grant = kms.create_grant(KeyId=key, GranteePrincipal='arn:aws:iam::123456789012:role/worker', Operations=['Decrypt', 'Encrypt'], Name='one', Constraints={'EncryptionContextSubset': {'a': 'b'}})
again = kms.create_grant(KeyId=key, GranteePrincipal='arn:aws:iam::123456789012:role/worker', Operations=['Decrypt', 'Encrypt'], Name='one', Constraints={'EncryptionContextSubset': {'a': 'b'}})
out['same_grant'] = grant['GrantId'] == again['GrantId'] and grant['GrantToken'] != again['GrantToken']
out['grants'] = [g['GranteePrincipal'] for g in kms.list_grants(KeyId=key)['Grants']]
kms.encrypt(KeyId=key, Plaintext=b'x', GrantTokens=[grant['GrantToken']])
out['bad_token'] = code(lambda: kms.encrypt(KeyId=key, Plaintext=b'x', GrantTokens=['nope']))
kms.retire_grant(GrantToken=grant['GrantToken'])
out['grants_after'] = len(kms.list_grants(KeyId=key)['Grants'])
out['codes'] = [
    code(lambda: kms.describe_key(KeyId='11111111-2222-3333-4444-555555555555')),
    code(lambda: kms.describe_key(KeyId='alias/none')),
    code(lambda: kms.describe_key(KeyId='arn:aws:sqs:us-east-1:123456789012:x')),
    code(lambda: kms.get_key_policy(KeyId='alias/none')),
    code(lambda: kms.put_key_policy(KeyId=key, Policy='{')),
    code(lambda: kms.put_key_policy(KeyId=key, Policy=json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::123456789012:role/x'}, 'Action': 'kms:*', 'Resource': '*'}]}))),
    code(lambda: kms.create_key(KeySpec='RSA_2048', KeyUsage='SIGN_VERIFY')),
    code(lambda: kms.sign(KeyId=key, Message=b'x', SigningAlgorithm='RSASSA_PSS_SHA_256')),
    code(lambda: kms.encrypt(KeyId=key, Plaintext=b'x' * 4097)),
    code(lambda: kms.encrypt(KeyId=key, Plaintext=b'x', DryRun=True)),
    code(lambda: kms.delete_alias(AliasName='alias/aws/s3')),
    code(lambda: kms.tag_resource(KeyId=key, Tags=[{'TagKey': 'aws:x', 'TagValue': 'y'}])),
]
def tag(n):
    c = client('kms')
    for i in range(8):
        c.tag_resource(KeyId=key, Tags=[{'TagKey': f't{n}-{i}', 'TagValue': 'v'}])
threads = [threading.Thread(target=tag, args=(n,)) for n in range(2)]
[t.start() for t in threads]; [t.join() for t in threads]
out['tagged'] = len(kms.list_resource_tags(KeyId=key)['Tags'])
managed = kms.describe_key(KeyId='alias/aws/s3')['KeyMetadata']
out['managed'] = [managed['KeyManager'], kms.describe_key(KeyId='alias/aws/s3')['KeyMetadata']['KeyId'] == managed['KeyId']]
out['managed_closed'] = [code(lambda: kms.schedule_key_deletion(KeyId=managed['KeyId'])), code(lambda: kms.encrypt(KeyId='alias/aws/s3', Plaintext=b'x'))]
out['random'] = len(kms.generate_random(NumberOfBytes=64)['Plaintext'])
print(json.dumps(out))
`,
  );
  expect(seen).toEqual({
    pages: [5, 5, 2],
    all: true,
    bad_marker: 'InvalidMarkerException',
    tags: [{ TagKey: 'n', TagValue: '0' }],
    same_grant: true,
    grants: ['arn:aws:iam::123456789012:role/worker'],
    bad_token: 'InvalidGrantTokenException',
    grants_after: 0,
    codes: [
      ...['NotFoundException', 'NotFoundException', 'InvalidArnException', 'NotFoundException'],
      ...['MalformedPolicyDocumentException', 'MalformedPolicyDocumentException', 'UnsupportedOperationException'],
      ...['UnsupportedOperationException', 'ValidationException', 'DryRunOperationException'],
      ...['NotAuthorizedException', 'TagException'],
    ],
    tagged: 17,
    managed: ['AWS', true],
    managed_closed: ['AccessDeniedException', 'AccessDeniedException'],
    random: 64,
  });
  await server.stop();
});

test('one OpenTrail keeps the master key of another, which survives kill -9 and needs it to start', async () => {
  const keeper = await startOpenTrail();
  const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = keeper;
  const env = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
  const made = await call<CreatedKey>(keeper, 'CreateKey', {});
  await call(keeper, 'CreateAlias', { AliasName: 'alias/master', TargetKeyId: made.KeyMetadata.KeyId });
  const flags = { 'kms-master': `${keeper.endpoint}/alias/master?region=us-east-1` };

  const first = await startOpenTrail({ flags, env });
  const { dataDir } = first;
  const key = await call<CreatedKey>(first, 'CreateKey', {});
  const Plaintext = Buffer.from('kept').toString('base64');
  const { CiphertextBlob } = await call<{ CiphertextBlob: string }>(first, 'Encrypt', {
    KeyId: key.KeyMetadata.KeyId,
    Plaintext,
  });
  await first.kill();
  expect(readdirSync(dataDir).filter((name) => name.startsWith('kms'))).toEqual(['kms-master-key.wrapped']);
  await expect(startOpenTrail({ dataDir })).rejects.toThrow(/--kms-master/);
  const again = await startOpenTrail({ dataDir, flags, env });
  expect(await call(again, 'Decrypt', { CiphertextBlob })).toMatchObject({ Plaintext });
  await again.stop();
  await call(keeper, 'DisableKey', { KeyId: made.KeyMetadata.KeyId });
  await expect(startOpenTrail({ dataDir, flags, env })).rejects.toThrow(/DisabledException/);
  await keeper.stop();
});
