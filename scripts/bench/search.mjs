import { randomUUID } from 'node:crypto';
import { clientOf } from './client.mjs';
import { createPool, sendSteadily } from './load.mjs';
import { pause, quantiles } from './measure.mjs';
import { startServer } from './server.mjs';

const LOAD_PER_SECOND = 2_000;
const PROBES = 300;
const POLL_MS = 2;
const TARGET_MS = 1_000;
const GIVE_UP_MS = 30_000;

/** Searchable after accept: from PutRecords' answer until LookupEvents finds the event, while others come in. */
export async function search({ newFolder, profileDir, say }) {
  const server = await startServer({ dataDir: newFolder(), profileDir });
  const [client, loadClient] = [clientOf(server), clientOf(server)];
  say(`finding ${PROBES} events, each as soon as it is accepted, among ${LOAD_PER_SECOND} events/s`);
  const load = sendSteadily(LOAD_PER_SECOND, { client: loadClient, pool: createPool() });
  const probes = createPool({ batchEvents: 1, seed: 2 });
  const times = [];
  for (let i = 0; i < PROBES; i++) {
    const eventId = randomUUID();
    const record = { ...JSON.parse(probes.take().toString('utf8')), eventID: eventId };
    await client.putRecords(Buffer.from(JSON.stringify(record)));
    times.push(await untilFound(client, eventId));
  }
  const loadPerSecond = await load.stop();
  for (const c of [client, loadClient]) c.close();
  await server.stop();
  const found = quantiles(times);
  return {
    figures: [
      {
        name: `searchable after accept, p99, under ${loadPerSecond} events/s`,
        value: found.p99Ms,
        unit: 'ms',
        atMost: TARGET_MS,
        met: found.p99Ms <= TARGET_MS,
      },
    ],
    details: { loadPerSecond, ...found },
  };
}

async function untilFound(client, eventId) {
  const input = { LookupAttributes: [{ AttributeKey: 'EventId', AttributeValue: eventId }] };
  const start = performance.now();
  for (;;) {
    const answer = await client.lookupEvents(input);
    const ms = performance.now() - start;
    if (answer.includes(`"EventId":"${eventId}"`)) return ms;
    if (ms > GIVE_UP_MS) throw new Error(`${eventId} was accepted and is not found`);
    await pause(POLL_MS);
  }
}
