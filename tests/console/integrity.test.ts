import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { AddTagsCommand, StopLoggingCommand } from '@aws-sdk/client-cloudtrail';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  enter,
  expectAccessible,
  expectProblem,
  openPage,
  PHONE,
  screenshot,
  usingBrowser,
} from '../support/browser.ts';
import { eventually } from '../support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { clientConfig, cloudTrail, s3, signedFetch } from '../support/sdk.ts';
import { ACCOUNT, makeTrail } from '../support/trail.ts';

usingBrowser();
/** Digests come every two seconds, on a machine that may have much else to do. */
const PATIENCE_MS = 60_000;
const BUCKET = 'evidence';
const LOGS = `AWSLogs/${ACCOUNT}/CloudTrail/us-east-1/`;
const DIGESTS = `AWSLogs/${ACCOUNT}/CloudTrail-Digest/us-east-1/`;
let server: RunningOpenTrail;
let arn: string;

beforeAll(async () => {
  server = await startOpenTrail({
    flags: { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 2, regions: 'us-east-1,eu-west-1' },
  });
  arn = await makeTrail(server, { Name: 'main', S3BucketName: BUCKET });
  const ct = cloudTrail(server);
  await eventually(
    async () => {
      await ct.send(new AddTagsCommand({ ResourceId: arn, TagsList: [{ Key: 'now', Value: String(Date.now()) }] }));
      return (await keysUnder(DIGESTS)).length >= 5 && (await keysUnder(LOGS)).length >= 4;
    },
    'five digests and four log files',
    PATIENCE_MS,
  );
  await ct.send(new StopLoggingCommand({ Name: 'main' }));
  await eventually(
    async () => {
      const answer = await signedFetch(server, 'POST', '/opentrail/v1/verify', JSON.stringify({ Trail: arn }), {
        headers: { 'content-type': 'application/json' },
      });
      return (await answer.text()).includes('"Findings":[]');
    },
    'the final digest',
    PATIENCE_MS,
  );
}, 3 * PATIENCE_MS);
afterAll(cleanUp);

/** Of log files and digests; the markers that CloudTrail wrote to see that it may are neither. */
async function keysUnder(Prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3(server).send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix }));
  return Contents.map(({ Key = '' }) => Key)
    .filter((key) => key.endsWith('.gz'))
    .sort();
}

const verify = (page: Page) => page.getByRole('button', { name: 'Verify', exact: true }).click();

async function exported(page: Page, item: string): Promise<string> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('menuitem', { name: item }).click();
  return readFileSync(await (await download).path(), 'utf8');
}

describe('integrity', () => {
  test('a trail as it was delivered is valid, with its timeline, and the report can be taken away', async () => {
    const page = await openPage();
    await enter(page, server, '/integrity');
    await page.getByText('Proves by digests').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'integrity-empty');
    await verify(page);
    await page.getByText('Every digest and every log file of this range').waitFor();
    await page
      .getByRole('img', { name: /^Digests: \d+ valid$/ })
      .first()
      .waitFor();
    await page
      .getByRole('img', { name: /^Log files: \d+ valid$/ })
      .first()
      .waitFor();
    await expectAccessible(page);
    await screenshot(page, 'integrity-valid');
    expect(JSON.parse(await exported(page, 'Report as JSON'))).toMatchObject({ Result: 'valid', TrailARN: arn });
    expect(await exported(page, 'Report as text')).toContain(
      'VALID: all digests and log files are as they were delivered',
    );
    expect(await exported(page, 'Digests and log files as CSV')).toMatch(/^State,Kind,Time/);
  });

  test('what is missing and what was changed is seen, named and explained', async () => {
    const store = s3(server);
    const [changed, missing] = (await keysUnder(LOGS)) as [string, string];
    await store.send(new PutObjectCommand({ Bucket: BUCKET, Key: changed, Body: gzipSync('{"Records":[]}') }));
    await store.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: missing }));
    const page = await openPage();
    await enter(page, server, `/integrity?trail=${encodeURIComponent(arn)}`);
    await verify(page);
    await page.getByText('Not valid', { exact: true }).waitFor();
    await page.getByRole('img', { name: /^Log files: \d+ valid, 1 missing, 1 changed$/ }).waitFor();
    const findings = page.getByRole('table', { name: 'Findings' });
    await findings.getByText('it was deleted or moved').waitFor();
    await findings.getByText('the file was changed after it was delivered').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'integrity-invalid');
    const objects = page.getByRole('table', { name: 'Digests and log files' });
    await page.getByRole('button', { name: /^State/ }).click();
    await page.getByRole('option', { name: 'All but valid' }).click();
    await objects.scrollIntoViewIfNeeded();
    await expect.poll(() => objects.getByRole('row').count()).toBe(3);
    await expectAccessible(page);
    await screenshot(page, 'integrity-objects');
    const { Findings, Objects } = JSON.parse(await exported(page, 'Report as JSON')) as {
      Findings: { Code: string }[];
      Objects: { Key: string; State: string }[];
    };
    expect(Findings.map(({ Code }) => Code).sort()).toEqual(['log-file-hash-mismatch', 'log-file-missing']);
    expect(Objects.find(({ Key }) => Key === missing)?.State).toBe('missing');
    await objects.getByRole('link', { name: changed.split('/').at(-1)! }).click();
    await page.getByText('No records in this file').waitFor();
  });

  test('nothing is claimed of a range without digests, nor by who may not read', async () => {
    const page = await openPage({ viewport: PHONE });
    await enter(
      page,
      server,
      '/integrity?time=from%3D2020-01-01T00%253A00%253A00.000Z%26to%3D2020-01-02T00%253A00%253A00.000Z',
    );
    await verify(page);
    await page.getByText('There is no digest in this range').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'integrity-phone');

    const iam = new IAMClient(clientConfig(server));
    await iam.send(new CreateUserCommand({ UserName: 'lister' }));
    const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: 'lister' }));
    const statement = { Effect: 'Allow', Action: ['cloudtrail:*', 's3:ListBucket'], Resource: '*' };
    await iam.send(
      new PutUserPolicyCommand({
        UserName: 'lister',
        PolicyName: 'p',
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
      }),
    );
    const lister = { accessKeyId: key!.AccessKeyId!, secretAccessKey: key!.SecretAccessKey! };
    const hers = await openPage();
    expectProblem(hers, /status of 403 /);
    await enter(hers, server, '/integrity', lister);
    await verify(hers);
    await hers.getByText('You need permission for opentrail:VerifyTrail').waitFor();
    await expectAccessible(hers);
    await screenshot(hers, 'integrity-no-permission');
  });

  test('is cancelled, by the keyboard alone', async () => {
    const page = await openPage({ colorScheme: 'dark' });
    await enter(page, server, `/integrity?trail=${encodeURIComponent(arn)}`);
    // Only the first lines of the answer come: the server is as slow as one wants.
    await page.route('**/opentrail/v1/verify', (route) => new Promise<void>(() => void route));
    // As soon as the trails are there it can be pressed.
    await page.getByRole('button', { name: 'Verify', exact: true }).click({ trial: true });
    await page.getByRole('button', { name: 'Verify', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Asking for the trail').waitFor();
    await screenshot(page, 'integrity-running');
    await page.getByRole('button', { name: 'Cancel' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Cancelled', { exact: true }).waitFor();
    await expectAccessible(page);
  });
});
