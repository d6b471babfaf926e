import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientOf } from './client.mjs';
import { filledFolder } from './fill.mjs';
import { eventually, quantiles, round } from './measure.mjs';
import { startServer } from './server.mjs';

/** Of each kind of filter. */
const CHANGES = 24;
const PAGE_MS = 300;
const FACETS_MS = 1_000;
/** As `console` has it. */
const OPENED_MS = 1_500;
const INGEST_PER_SECOND = 10_000;
const RANGE_MS = 90 * 86_400_000;
const CATCH_UP_MS_MAX = 3_600_000;
/** Longer than any merge takes. */
const STILL_SECONDS = 15;
const FACETS = ['eventSource', 'eventName', 'userName', 'resourceType', 'errorCode', 'sourceIPAddress', 'readOnly'];

/**
 * SearchEvents over a filled folder, as the console asks: when a filter changes, the first page, eight facets and the
 * histogram of 90 days at once, all over again for each filter. Before that the lake takes in what is not in it yet: how
 * fast it can, with nothing else to do. The first question of all is the one without a filter: nobody changes what is not there.
 */
export async function lake(options) {
  const filled = await filledFolder(options);
  const stored = storedIn(join(filled.dataDir, 'lake'));
  const server = await startServer({ dataDir: filled.dataDir, profileDir: options.profileDir });
  const client = clientOf(server);
  const { takenIn, seconds } = await catchUp(server, stored, options.say);
  await tidied(join(filled.dataDir, 'lake'));
  const events = (await server.metrics()).value('opentrail_log_end_sequence');
  options.say(`searching in ${events} events`);
  const figures = {};
  const all = { page: [], facets: [], histogram: [] };
  const opened = { page: [], facets: [], histogram: [] };
  await change(client, '', filled.span.newestMs, opened);
  for (const [kind, filters] of Object.entries(changes(filled.questions))) {
    const times = { page: [], facets: [], histogram: [] };
    for (const Filter of filters) await change(client, Filter, filled.span.newestMs, times);
    figures[kind] = Object.fromEntries(Object.entries(times).map(([part, list]) => [part, quantiles(list)]));
    for (const [part, list] of Object.entries(times)) all[part].push(...list);
  }
  const peakRssMb = Math.round(server.peakRssMb());
  client.close();
  await server.stop();

  const columns = Object.entries(figures).filter(([kind]) => !IN_RECORDS.includes(kind));
  const worst = (part) => Math.max(...columns.map(([, figure]) => figure[part].p95Ms));
  const below = (name, value, target) => ({ name, value, unit: 'ms', atMost: target, met: value <= target });
  const rate = round(takenIn / seconds);
  const ingest = { name: 'events taken into the lake', value: rate, unit: 'events/s', atLeast: INGEST_PER_SECOND };
  return {
    figures: [
      ...(takenIn > 100_000 ? [{ ...ingest, met: rate >= INGEST_PER_SECOND }] : []),
      below('a filter changes, all kinds together: first page, p95', quantiles(all.page).p95Ms, PAGE_MS),
      below('the same: eight facets, p95', quantiles(all.facets).p95Ms, FACETS_MS),
      below(`a filter changes, ${events} events of 90 days: first page, worst p95`, worst('page'), PAGE_MS),
      below('the same: eight facets, worst p95', worst('facets'), FACETS_MS),
      below('the same: histogram, worst p95', worst('histogram'), FACETS_MS),
      below('event history opened for the first time after the start, without a filter', opened.page[0], OPENED_MS),
      ...IN_RECORDS.flatMap((kind) => [
        below(`first page by ${kind}, p95`, figures[kind].page.p95Ms, PAGE_MS),
        below('the same: eight facets, p95', figures[kind].facets.p95Ms, FACETS_MS),
      ]),
    ],
    details: { opened, events, takenIn, seconds: round(seconds), figures, peakRssMb },
  };
}

/** These have to read the records, or parts of them. */
const IN_RECORDS = [
  ...['a path into the record', 'a common value at a path', 'a pasted name'],
  ...['free text that is rare', 'free text that many records have'],
];

/** Up to where the lake holds the Log: it tells itself only when it has been opened. */
function storedIn(directory) {
  const path = join(directory, 'manifest.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).storedEnd : 0;
}

async function catchUp(server, stored, say) {
  const lag = async () => (await server.metrics()).lag('lake');
  const start = performance.now();
  const takenIn = (await server.metrics()).value('opentrail_log_end_sequence') - stored;
  say(`taking ${takenIn} events into the lake`);
  await eventually('all in the lake', async () => (await lag()) === 0, { timeoutMs: CATCH_UP_MS_MAX, everyMs: 250 });
  return { takenIn, seconds: (performance.now() - start) / 1000 };
}

/** Files are merged for a while after so much at once, which is not what people search beside. */
async function tidied(directory) {
  let [before, still] = ['', 0];
  const names = () => {
    try {
      return String(readdirSync(directory, { recursive: true }).sort());
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      return undefined; // a folder went meanwhile
    }
  };
  const isStill = () => {
    const now = names();
    still = now !== undefined && now === before ? still + 1 : 0;
    before = now;
    return still >= STILL_SECONDS;
  };
  await eventually('files of the lake merged', isStill, { timeoutMs: CATCH_UP_MS_MAX, everyMs: 1_000 });
}

const quoted = (text) => JSON.stringify(text);

/** Filters of each kind, none twice: what was asked before would say nothing. */
function changes({ EventName, Username, EventSource, ResourceName, AccessKeyId, EventId }) {
  const each = (list, filter) => list.slice(0, CHANGES).map((value) => filter(quoted(value)));
  const frequent = [EventName, Username, EventSource, AccessKeyId].map(({ frequent }) => quoted(frequent));
  return {
    'one frequent value': [
      ...['readOnly = false', 'readOnly = true', 'errorCode exists', 'not errorCode exists', 'awsRegion = us-east-1'],
      ...[`eventName = ${frequent[0]}`, `userName = ${frequent[1]}`, `eventSource = ${frequent[2]}`],
      `accessKeyId = ${frequent[3]}`,
    ],
    'one rare value': each(Username.rare, (value) => `userName = ${value}`),
    'several conditions': each(
      EventName.rare,
      (value) =>
        `(eventName = ${value} or readOnly = false) and userName != ${frequent[1]} and not errorCode ^ Throttl`,
    ),
    'contains and prefix': each(Username.rare, (value) => `userName : ${quoted(value.slice(1, 4))} or eventName ^ Del`),
    'a resource': each(ResourceName.rare, (value) => `resourceName = ${value}`),
    'an event ID': each(EventId.rare, (value) => `eventId = ${value}`),
    'a path into the record': each(
      ResourceName.rare,
      (value) => `requestParameters.bucketName = ${value} or requestParameters.roleName ^ a`,
    ),
    'a common value at a path': [
      ...[
        'responseElements.status = ACTIVE',
        'requestParameters.instanceType = t3.medium',
        'resources[*].type = "AWS::KMS::Key"',
      ],
      ...['requestParameters.bucketName exists', 'requestParameters.encryptionContext exists'],
    ],
    'a pasted name': [
      ...each(Username.rare, (value) => JSON.stringify(`user/${JSON.parse(value)}`)),
      JSON.stringify(`/${Username.frequent}`),
    ],
    'free text that is rare': each(Username.rare, (value) => value),
    'free text that many records have': [
      ...['AccessDenied', 'AssumeRole', 'us-east-1', 'terraform', 's3.amazonaws.com', 'assumed-role', 'bucketName'],
      ...[EventName, Username, AccessKeyId].map(({ frequent }) => quoted(frequent)),
    ],
  };
}

const timeOf = (ms) => new Date(ms).toISOString();

/** What the console asks when a filter changes, at once. */
async function change(client, Filter, newestMs, times) {
  const range = { Filter, StartTime: timeOf(newestMs - RANGE_MS), EndTime: timeOf(newestMs) };
  const ask = async (part, input) => {
    const start = performance.now();
    await client.searchEvents({ ...range, ...input });
    times[part].push(performance.now() - start);
  };
  await Promise.all([
    ask('page', { Limit: 50 }),
    ask('facets', { Limit: 0, Facets: [...FACETS, 'awsRegion'] }),
    ask('histogram', { Limit: 0, Histogram: { Buckets: 60 } }),
  ]);
}
