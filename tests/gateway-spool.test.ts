import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, expect, test } from 'vitest';
import { eventually } from './support/clients.ts';
import { startGateway, startUpstream, stopGateways } from './support/gateway.ts';
import { freePort } from './support/moto.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { signedFetch } from './support/sdk.ts';

afterAll(async () => {
  stopGateways();
  await cleanUp();
});

async function tableNames(server: RunningOpenTrail): Promise<string[]> {
  const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?from=0&follow=false&eventName=DeleteTable');
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  return lines.map(
    (line) => (JSON.parse(line) as { requestParameters: { tableName: string } }).requestParameters.tableName,
  );
}

const table = (endpoint: string) => {
  const credentials = { accessKeyId: 'AKIASTRANGER00000000', secretAccessKey: 'x' };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', maxAttempts: 1, credentials });
  return (name: string) => client.send(new DeleteTableCommand({ TableName: name }));
};

test('a gateway on its own: records wait for the server, survive kill -9 on either side, and arrive once', async () => {
  const upstream = await startUpstream(() => ({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'ABC' },
    body: '{"TableDescription":{"TableStatus":"DELETING"}}',
  }));
  const port = await freePort(); // it comes back there
  let server = await startOpenTrail({ flags: { port } });
  const flags = {
    dir: newFolder('spool'),
    upstream: `*=${upstream.endpoint}`,
    sendTo: server.endpoint,
    dataDir: server.dataDir,
  };
  let gateway = await startGateway(flags);
  const made: string[] = [];
  const call = async (count: number) => {
    const remove = table(gateway.endpoint);
    for (let i = 0; i < count; i++) {
      const name = `table-${made.length}`;
      await remove(name);
      made.push(name);
    }
  };

  await call(20);
  await eventually(async () => (await tableNames(server)).length === 20, 'the first records arrive');

  await server.kill();
  await call(20);
  const health = gateway.health;
  const notReady = await eventually(async () => {
    const page = await fetch(`${health}/readyz`);
    return page.status === 503 && (await page.text());
  }, 'it says that records do not arrive');
  expect(notReady).toContain('records do not arrive at the server');
  await gateway.kill();

  gateway = await startGateway(flags);
  await call(20);
  server = await startOpenTrail({ dataDir: server.dataDir, flags: { port } });
  await eventually(async () => (await tableNames(server)).length >= made.length, 'all records arrive');
  expect(await tableNames(server)).toEqual(made);
  await eventually(async () => {
    const metrics = await (await fetch(`${gateway.health}/metrics`)).text();
    return /opentrail_follower_lag_events\{follower="forwarding"\} 0/.test(metrics);
  }, 'it knows that all have arrived');

  expect(await gateway.stop()).toBe(0);
  expect(gateway.log()).not.toMatch(/"level":50/);
  await server.stop();
  await upstream.stop();
});
