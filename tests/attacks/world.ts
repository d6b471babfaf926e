import { CreateTrailCommand, StartLoggingCommand } from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { RunningOpenTrail } from '../support/opentrail.ts';
import { cloudTrail, s3, signedFetch } from '../support/sdk.ts';
import * as calls from './calls.ts';
import { type Answer, type Call, type Credentials, send, signed } from './wire.ts';

export const A = '123456789012';
export const B = '210987654321';

/** Two accounts, each with buckets, a trail and a key. */
export interface World {
  readonly server: RunningOpenTrail;
  /** Administrators. */
  readonly a: Credentials;
  readonly b: Credentials;
  readonly keyOfA: string;
  readonly keyOfB: string;
  readonly trailOfA: string;
  readonly trailOfB: string;
  /** What was encrypted with A's key, base64. */
  readonly ciphertextOfA: string;
  readonly grantOfA: string;
  /** Calls as the administrators make them to set the scene. @throws Error when it is refused */
  readonly must: (as: Credentials, call: Call) => Promise<Answer>;
}

/** Never in clear anywhere but where its owner gets it: looked for in the data folder and the log afterwards. */
export const KMS_PLAINTEXT = 'attackers-look-for-this-plaintext';

export const must = async (as: Credentials, call: Call): Promise<Answer> => {
  const answer = await send(signed(call, as), 'setting-the-scene');
  if (answer.status >= 300) throw new Error(`${call.name} ended with ${answer.status}: ${answer.body}`);
  return answer;
};

export async function makeWorld(server: RunningOpenTrail): Promise<World> {
  const a = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey };
  const made = await signedFetch(server, 'POST', '/opentrail/v1/accounts', JSON.stringify({ AccountId: B }));
  const account = (await made.json()) as { AccessKeyId: string; SecretAccessKey: string };
  const b = { accessKeyId: account.AccessKeyId, secretAccessKey: account.SecretAccessKey };
  const keyOf = async (as: Credentials) =>
    (JSON.parse((await must(as, calls.kms('CreateKey'))).body) as { KeyMetadata: { Arn: string } }).KeyMetadata.Arn;
  const keyOfA = await keyOf(a);
  const Plaintext = Buffer.from(KMS_PLAINTEXT).toString('base64');
  const encrypted = await must(a, calls.kms('Encrypt', { KeyId: keyOfA, Plaintext }));
  await must(a, calls.kms('CreateAlias', { AliasName: 'alias/of-a', TargetKeyId: keyOfA }));
  const grant = { KeyId: keyOfA, GranteePrincipal: `arn:aws:iam::${A}:user/opentrail`, Operations: ['Encrypt'] };
  const granted = await must(a, calls.kms('CreateGrant', grant));
  const [trailOfA, trailOfB] = [await furnish(server, 'a', A, a), await furnish(server, 'b', B, b)];
  return {
    server,
    a,
    b,
    keyOfA,
    keyOfB: await keyOf(b),
    trailOfA,
    trailOfB,
    ciphertextOfA: (JSON.parse(encrypted.body) as { CiphertextBlob: string }).CiphertextBlob,
    grantOfA: (JSON.parse(granted.body) as { GrantId: string }).GrantId,
    must,
  };
}

/** Buckets `<x>-logs` for the account's own trail `main-<x>` alone, and `<x>-private`. @returns the trail's ARN */
async function furnish(server: RunningOpenTrail, x: string, account: string, as: Credentials): Promise<string> {
  const owner = { ...server, ...as };
  const [store, trails] = [s3(owner), cloudTrail(owner)];
  const arn = `arn:aws:cloudtrail:us-east-1:${account}:trail/main-${x}`;
  const bucket = `${x}-logs`;
  await store.send(new CreateBucketCommand({ Bucket: bucket }));
  await store.send(new CreateBucketCommand({ Bucket: `${x}-private` }));
  await store.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: deliveryPolicy(bucket, account, arn) }));
  await store.send(new PutObjectCommand({ Bucket: `${x}-private`, Key: 'doc.txt', Body: `of ${x}` }));
  await store.send(new PutObjectCommand({ Bucket: bucket, Key: logFileOf(account), Body: 'a log file' }));
  await trails.send(new CreateTrailCommand({ Name: `main-${x}`, S3BucketName: bucket }));
  await trails.send(new StartLoggingCommand({ Name: `main-${x}` }));
  return arn;
}

export const logFileOf = (account: string): string =>
  `AWSLogs/${account}/CloudTrail/us-east-1/2026/01/01/${account}_CloudTrail_us-east-1_20260101T0000Z_abcdefghijklmnop.json.gz`;

/** The bucket policy of CloudTrail's user guide, for one account's folder and one trail. */
export function deliveryPolicy(bucket: string, account: string, trailArn: string): string {
  const statement = (Action: string, Resource: string) => ({
    Effect: 'Allow',
    Principal: { Service: 'cloudtrail.amazonaws.com' },
    Action,
    Resource,
    Condition: { StringEquals: { 'aws:SourceArn': trailArn } },
  });
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      statement('s3:GetBucketAcl', `arn:aws:s3:::${bucket}`),
      statement('s3:PutObject', `arn:aws:s3:::${bucket}/AWSLogs/${account}/*`),
    ],
  });
}
