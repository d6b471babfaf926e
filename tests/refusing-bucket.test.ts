import {
  AddTagsCommand,
  GetTrailStatusCommand,
  type GetTrailStatusResponse,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { eventually } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail, readBucket, s3 } from './support/sdk.ts';
import { allowDelivery, makeTrail } from './support/trail.ts';

afterAll(cleanUp);

const BUCKET = 'refusing-logs';
const FLAGS = { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 1 };

/** Of all counts of a metric, those whose labels match. */
async function deliveries(server: RunningOpenTrail, kind: string, outcome: string): Promise<number> {
  const page = await (await fetch(`${server.endpoint}/metrics`)).text();
  const line = page
    .split('\n')
    .find((l) => l.startsWith(`opentrail_deliveries_total{kind="${kind}",outcome="${outcome}"}`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

/** Another call, so that there is something to deliver, and the status after it. */
async function worked(server: RunningOpenTrail, arn: string): Promise<GetTrailStatusResponse> {
  const ct = cloudTrail(server);
  await ct.send(new AddTagsCommand({ ResourceId: arn, TagsList: [{ Key: 'at', Value: String(Date.now()) }] }));
  return ct.send(new GetTrailStatusCommand({ Name: arn }));
}

const until = (server: RunningOpenTrail, arn: string, holds: (s: GetTrailStatusResponse) => boolean, what: string) =>
  eventually(async () => {
    const status = await worked(server, arn);
    return holds(status) && status;
  }, what);

test('a bucket that refuses shows in the status by its own code, and a mended one clears it', async () => {
  const server = await startOpenTrail({ flags: FLAGS });
  const [ct, store] = [cloudTrail(server), s3(server)];
  const arn = await makeTrail(server, { Name: 'main', S3BucketName: BUCKET, IsMultiRegionTrail: false });
  const good = await until(server, arn, (s) => s.LatestDeliveryTime !== undefined, 'a delivery');
  expect(good.LatestDeliveryError).toBeUndefined();
  expect(good.LatestDeliveryAttemptSucceeded).toBe(good.LatestDeliveryAttemptTime);

  await allowDelivery(store, BUCKET, true);
  const denied = await until(
    server,
    arn,
    (s) => s.LatestDeliveryError === 'AccessDenied' && s.LatestDigestDeliveryError === 'AccessDenied',
    'AccessDenied for log files and digests',
  );
  const later = await until(
    server,
    arn,
    (s) => s.LatestDeliveryAttemptTime! > denied.LatestDeliveryAttemptSucceeded!,
    'another attempt',
  );
  expect(later.LatestDeliveryAttemptSucceeded).toBe(denied.LatestDeliveryAttemptSucceeded);
  expect(later.LatestDeliveryTime).toEqual(denied.LatestDeliveryTime);
  expect(await deliveries(server, 'log', 'failed')).toBeGreaterThan(0);
  expect(await deliveries(server, 'digest', 'failed')).toBeGreaterThan(0);

  await allowDelivery(store, BUCKET, false);
  await ct.send(new UpdateTrailCommand({ Name: arn })); // the mended trail is tried at once
  const mended = await until(
    server,
    arn,
    (s) => s.LatestDeliveryError === undefined && s.LatestDigestDeliveryError === undefined,
    'no error any more',
  );
  expect(mended.LatestDeliveryTime!.getTime()).toBeGreaterThan(denied.LatestDeliveryTime!.getTime());
  expect(mended.LatestDeliveryAttemptSucceeded! > denied.LatestDeliveryAttemptSucceeded!).toBe(true);
  const keys = [...(await readBucket(store, BUCKET, 'AWSLogs/')).keys()].filter((key) => key.endsWith('.gz'));
  await eventually(async () => {
    const counted = (await deliveries(server, 'log', 'delivered')) + (await deliveries(server, 'digest', 'delivered'));
    return counted >= keys.length;
  }, 'all files are counted');
  await server.stop();
});

test('a bucket that was deleted is NoSuchBucket, also after a restart, until it is there again', async () => {
  const first = await startOpenTrail({ flags: FLAGS });
  const arn = await makeTrail(first, { Name: 'main', S3BucketName: BUCKET, IsMultiRegionTrail: false });
  await until(first, arn, (s) => s.LatestDeliveryTime !== undefined, 'a delivery');
  await eventually(async () => {
    for (const Key of (await readBucket(s3(first), BUCKET, '')).keys())
      await s3(first).send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
    return s3(first)
      .send(new DeleteBucketCommand({ Bucket: BUCKET }))
      .then(() => true)
      .catch((error) => {
        if (error.name !== 'BucketNotEmpty') throw error; // a delivery came in between
        return undefined;
      });
  }, 'the bucket deleted');
  const gone = await until(first, arn, (s) => s.LatestDeliveryError === 'NoSuchBucket', 'NoSuchBucket');
  await first.stop();

  const server = await startOpenTrail({ flags: FLAGS, dataDir: first.dataDir });
  const restarted = await cloudTrail(server).send(new GetTrailStatusCommand({ Name: arn }));
  expect(restarted.LatestDeliveryError).toBe('NoSuchBucket');
  expect(restarted.LatestDeliveryTime).toEqual(gone.LatestDeliveryTime);
  expect(restarted.IsLogging).toBe(true);
  await s3(server).send(new CreateBucketCommand({ Bucket: BUCKET }));
  await allowDelivery(s3(server), BUCKET);
  await cloudTrail(server).send(new UpdateTrailCommand({ Name: arn }));
  await until(server, arn, (s) => s.LatestDeliveryError === undefined, 'no error any more');
  await server.stop();
});
