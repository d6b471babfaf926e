import { randomUUID } from 'node:crypto';
import { AddTagsCommand, type CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import type { RunningOpenTrail } from '../opentrail.ts';
import { type Next, pick } from '../random.ts';
import { signedFetch } from '../sdk.ts';
import { ACCOUNT } from '../trail.ts';
import type { Ledger } from './ledger.ts';

export const REGIONS = ['us-east-1', 'eu-west-1'];
/** The user of all events that are written. */
export const USER = 'alice';
/** The second one is what trail `home` leaves out at times. */
export const SOURCES = ['ec2.amazonaws.com', 'kms.amazonaws.com'];
const BATCH_EVENTS_MAX = 15;

const record = (region: string, eventSource: string, eventID: string) =>
  JSON.stringify({
    eventVersion: '1.08',
    userIdentity: {
      type: 'IAMUser',
      principalId: 'AIDAEXAMPLE',
      arn: `arn:aws:iam::${ACCOUNT}:user/${USER}`,
      accountId: ACCOUNT,
      userName: USER,
    },
    eventTime: `${new Date().toISOString().slice(0, 19)}Z`,
    eventSource,
    eventName: eventSource.startsWith('kms') ? 'Decrypt' : 'RunInstances',
    awsRegion: region,
    sourceIPAddress: '192.0.2.1',
    userAgent: 'crash-test',
    requestParameters: null,
    responseElements: null,
    requestID: randomUUID(),
    eventID,
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
  });

/** Sends batches until the server is gone. */
export async function writeEvents(
  server: RunningOpenTrail,
  ledger: Ledger,
  round: number,
  next: Next,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const region = pick(next, REGIONS);
    const source = SOURCES[next() < 0.8 ? 0 : 1]!;
    const ids = Array.from({ length: 1 + Math.floor(next() * BATCH_EVENTS_MAX) }, () => randomUUID());
    for (const id of ids) ledger.sent.add(id);
    try {
      const body = ids.map((id) => record(region, source, id)).join('\n');
      const answer = await signedFetch(server, 'POST', '/opentrail/v1/records?deduplicate=true', body, { signal });
      if (answer.status !== 200) continue;
      const { Results } = (await answer.json()) as { Results: { Status: string; EventId: string }[] };
      for (const r of Results)
        if (r.Status === 'ACCEPTED') ledger.acknowledged.set(r.EventId, { region, source, round });
    } catch {
      // The server was killed under us: what it had taken is unknown, and may be there once or not at all.
    }
  }
}

/** Makes real calls; their own records are part of the trail. The tags are large, so that State's journal fills. */
export async function callApi(
  client: CloudTrailClient,
  arn: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  for (let i = 0; !signal.aborted; i++) {
    const TagsList = Array.from({ length: 40 }, (_, n) => ({ Key: `k${n}`, Value: String(i).padEnd(250, 'v') }));
    await client.send(new AddTagsCommand({ ResourceId: arn, TagsList }), { abortSignal: signal }).then(
      (answer) => ledger.calls.add(answer.$metadata.requestId!),
      () => undefined,
    );
  }
}
