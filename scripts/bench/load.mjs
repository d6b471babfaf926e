import { randomBytes } from 'node:crypto';
import { dist } from './dist.mjs';
import { pause } from './measure.mjs';
import { ACCOUNT, REGION } from './server.mjs';

const { createGenerator } = await dist('testing/generate.js');

export const BATCH_EVENTS = 100;
/** 25 MB in all: far more than gzip's window of 32 KB remembers, so that going round is not noticed there. */
const POOL_BATCHES = 200;
const TIME = 'YYYY-MM-DDTHH:MM:SS'.length;

/**
 * Batches made beforehand, so that making them does not take the time of the server on the other core. Each time one
 * is taken its records get new eventIDs and the time that it is now, in place: no event is ever sent twice.
 */
export function createPool({ batchEvents = BATCH_EVENTS, seed = 1 } = {}) {
  const generate = createGenerator({ seed, accounts: [ACCOUNT], regions: [REGION], dataEvents: false });
  const batches = Array.from({ length: POOL_BATCHES }, () => makeBatch(generate, batchEvents));
  const bytes = batches.reduce((sum, { body }) => sum + body.length, 0);
  let taken = 0;
  return {
    batchEvents,
    bytesPerEvent: bytes / (POOL_BATCHES * batchEvents),
    /** The bytes are free to be taken again after `POOL_BATCHES` more. */
    take: () => renew(batches[taken++ % POOL_BATCHES]),
    /** All of it, for the yardstick. */
    bodies: batches.map(({ body }) => body),
  };
}

function makeBatch(generate, count) {
  const records = Array.from({ length: count }, () => generate().json);
  const [ids, times, parts] = [[], [], []];
  let at = 0;
  for (const json of records) {
    ids.push(at + json.indexOf('"eventID":"') + '"eventID":"'.length);
    times.push(at + json.indexOf('"eventTime":"') + '"eventTime":"'.length);
    parts.push(json, NEWLINE);
    at += json.length + 1;
  }
  return { body: Buffer.concat(parts), ids, times };
}

/** Where the last group of a UUID begins. */
const LAST_GROUP = 24;
const NEWLINE = Buffer.from('\n');
const ID_BYTES = 10;

function renew({ body, ids, times }) {
  const now = Buffer.from(new Date().toISOString().slice(0, TIME));
  for (const at of times) now.copy(body, at);
  const hex = randomBytes(ids.length * ID_BYTES).toString('hex');
  for (let i = 0; i < ids.length; i++) {
    const own = i * ID_BYTES * 2;
    body.write(hex.slice(own, own + 8), ids[i], 'latin1');
    body.write(hex.slice(own + 8, own + 20), ids[i] + LAST_GROUP, 'latin1');
  }
  return body;
}

/** As many connections as given send batches one after the other until the time is over. @returns events accepted */
export async function sendFor(seconds, { client, pool, connections }) {
  const end = performance.now() + seconds * 1000;
  let sent = 0;
  const sender = async () => {
    while (performance.now() < end) {
      await client.putRecords(pool.take());
      sent += pool.batchEvents;
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  return sent;
}

const PACE_MS = 20;
/** A server that does not keep up gets no more than this at once: then the pace is missed, and said. */
const UNANSWERED_MAX = 16;

/** Sends at a steady rate until stopped. `stop` tells the rate that was reached. */
export function sendSteadily(eventsPerSecond, { client, pool }) {
  const start = performance.now();
  const unanswered = new Set();
  let going = true;
  let sent = 0;
  let failure;
  const done = (async () => {
    while (going && !failure) {
      const due = ((performance.now() - start) / 1000) * eventsPerSecond;
      while (sent < due && unanswered.size < UNANSWERED_MAX) {
        sent += pool.batchEvents;
        const request = client.putRecords(pool.take()).catch((error) => {
          failure = error;
        });
        unanswered.add(request);
        request.finally(() => unanswered.delete(request));
      }
      await pause(PACE_MS);
    }
    await Promise.all(unanswered);
    if (failure) throw failure;
    return Math.round((1000 * sent) / (performance.now() - start));
  })();
  done.catch(() => {}); // told by stop
  return {
    stop: () => {
      going = false;
      return done;
    },
  };
}
