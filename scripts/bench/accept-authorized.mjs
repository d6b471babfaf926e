import { CONNECTIONS, caughtUp } from './accept.mjs';
import { clientOf } from './client.mjs';
import { createPool, sendFor } from './load.mjs';
import { median, round } from './measure.mjs';
import { policies } from './policies.mjs';
import { startServer } from './server.mjs';

const TARGET = 0.9;
/** By turns, so that what neighbours do to the machine falls on both. */
const TURNS = 5;
/** A turn longer than this says no more. */
const TURN_SECONDS_MAX = 10;
const WITHOUT_AUTHORIZER = new URL('./without-authorizer/register.mjs', import.meta.url).pathname;
const BATCHES = [100, 1];

/**
 * Accepting with authorization on, of what it is with it off: PutRecords of a user with ten attached policies, the last
 * of which allows it. One decision a batch, so that batches of one show what it costs at worst.
 */
export async function acceptAuthorized({ newFolder, seconds, say }) {
  const on = await startedAs(newFolder());
  const off = await startedAs(newFolder(), WITHOUT_AUTHORIZER);
  await on.check(false);
  await off.check(true);
  const turnSeconds = Math.min(TURN_SECONDS_MAX, seconds / (2 * TURNS * BATCHES.length));
  const details = { turnSeconds, batches: {} };
  for (const batchEvents of BATCHES) {
    say(`accepting batches of ${batchEvents} with and without authorization`);
    const pool = createPool({ batchEvents });
    const rates = { on: [], off: [] };
    // Where others use the machine this says more: of the server's main thread, which each call goes through.
    const mainThreadMicros = { on: [], off: [] };
    for (let turn = -1; turn < TURNS; turn++) {
      for (const [name, side] of Object.entries({ on, off })) {
        const { rate, cpuMicros } = await side.accept(turnSeconds, pool);
        if (turn < 0) continue; // it warms up
        rates[name].push(Math.round(rate));
        mainThreadMicros[name].push(round(cpuMicros * batchEvents));
      }
    }
    details.batches[batchEvents] = { ...rates, mainThreadMicrosPerCall: mainThreadMicros };
  }
  await Promise.all([on.stop(), off.stop()]);
  return { figures: BATCHES.map((batch) => figure(batch, details.batches[batch])), details: { accepted: details } };
}

function figure(batchEvents, { on, off }) {
  const [value, without] = [median(on), median(off)];
  return {
    name: `accepted with authorization, batches of ${batchEvents}`,
    value,
    unit: 'events/s',
    ratio: round(value / without),
    ratioTo: 'without',
    target: TARGET,
    met: value >= TARGET * without,
  };
}

async function startedAs(dataDir, preload) {
  const server = await startServer({ dataDir, inModules: true, preload });
  const administrator = clientOf(server);
  const allows = { Effect: 'Allow', Action: 'opentrail:PutRecords', Resource: '*' };
  const documents = policies();
  documents.push(
    JSON.stringify({ Version: '2012-10-17', Statement: [...JSON.parse(documents.pop()).Statement, allows] }),
  );
  const clientAs = async (name, attached) =>
    clientOf(server, { connections: CONNECTIONS, credentials: await administrator.makeUser(name, attached) });
  const user = await clientAs('accepter', documents);
  const nobody = await clientAs('nobody', policies());
  return {
    /** That the authorizer is there, or is not: else nothing was compared. */
    async check(allowsAll) {
      const record = createPool({ batchEvents: 1 }).take();
      const allowed = await nobody.putRecords(record).then(
        () => true,
        () => false,
      );
      if (allowed !== allowsAll) throw new Error(`authorization is not ${allowsAll ? 'off' : 'on'}`);
    },
    async accept(seconds, pool) {
      const start = performance.now();
      const before = server.cpuSeconds().mainThread;
      const events = await sendFor(seconds, { client: user, pool, connections: CONNECTIONS });
      const rate = (1000 * events) / (performance.now() - start);
      const cpuMicros = (1e6 * (server.cpuSeconds().mainThread - before)) / events;
      await caughtUp(server); // so that it does not work into the other's turn
      return { rate, cpuMicros };
    },
    async stop() {
      for (const client of [administrator, user, nobody]) client.close();
      await server.stop();
    },
  };
}
