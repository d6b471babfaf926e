import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { clientOf } from './client.mjs';
import { dist } from './dist.mjs';
import { filledFolder } from './fill.mjs';
import { createPool, sendSteadily } from './load.mjs';
import { eventually, median, pause, quantiles, round } from './measure.mjs';
import { startServer } from './server.mjs';

const { findCredentials } = await dist('cli/credentials.js');

const CHROMIUM = process.env.OPENTRAIL_CHROMIUM ?? '/usr/bin/chromium';
/** As root in a container, without a graphics card, and without reaching for the world outside. */
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
const FIRST_LOAD_KB = 700;
const INTERACTIVE_MS = 1_500;
const LOADS = 9;
const HISTORY = '/events?range=90d';
const FIRST_PAGE_MS = 300;
const FACETS_MS = 1_000;
const LIVE_PER_SECOND = 500;
const LIVE_SECONDS = 20;
const LIVE_BATCH_EVENTS = 25;
const LONGEST_TASK_MS = 100;
/** What a browser does when a page begins is not live mode: it is over by then. */
const SETTLE_MS = 2_000;

/**
 * The console in Chromium over a filled folder: what a first visit fetches, how soon event history is there, how soon it
 * answers a changed filter, and how long live mode keeps a person waiting at most.
 */
export async function webConsole(options) {
  const { profileDir, say } = options;
  if (!existsSync(CHROMIUM)) return { figures: [{ name: 'console', value: 0, unit: '', skipped: 'no Chromium' }] };
  const filled = await filledFolder(options);
  const server = await startServer({ dataDir: filled.dataDir, profileDir });
  await eventually('all in the lake', async () => (await server.metrics()).lag('lake') === 0, { timeoutMs: 1_800_000 });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    const session = await signIn(browser, server);
    say('event history in Chromium');
    const loads = [];
    for (let i = 0; i < LOADS; i++) loads.push(await load(browser, server, session));
    say('changing the filter');
    const changes = await changeFilter(browser, server, session);
    say(`live mode, ${LIVE_PER_SECOND} events/s`);
    const live = await watchLive(browser, server, session);
    return { figures: figuresOf({ loads, changes, live }), details: { loads, changes, live } };
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Cookies of a session, got as the sign-in page gets them. */
async function signIn(browser, server) {
  const context = await browser.newContext();
  const { accessKeyId, secretAccessKey } = findCredentials({}, join(server.dataDir, 'credentials'));
  const answer = await context.request.post(`${server.webConsole}/session`, {
    data: { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey },
  });
  if (!answer.ok()) throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`);
  // The sign-in page sets it, so that the console asks who is signed in.
  await context.addCookies([{ name: 'opentrail-signed-in', value: '1', url: server.webConsole }]);
  const state = await context.storageState();
  await context.close();
  return state;
}

async function openHistory(browser, session, prepare = async () => {}) {
  const context = await browser.newContext({ storageState: session, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(NOTE_FIRST_ROW);
  await prepare(page, context);
  return { page, close: () => context.close() };
}

/** A row of events is there, and painted: the time since the navigation began. */
const NOTE_FIRST_ROW = `
  new MutationObserver((_, observer) => {
    if (!document.querySelector('tbody a[href^="/events/"]')) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.firstRowMs = performance.now(); }));
  }).observe(document, { childList: true, subtree: true });
`;

/** A first visit with nothing cached: bytes of pages, scripts, styles, fonts and pictures, and the time until rows are there. */
async function load(browser, server, session) {
  let bytes = 0;
  const { page, close } = await openHistory(browser, session, async (opened, context) => {
    const devtools = await context.newCDPSession(opened);
    const urls = new Map();
    devtools.on('Network.requestWillBeSent', ({ requestId, request }) => urls.set(requestId, new URL(request.url)));
    devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      if (!/^\/(aws|session)\b/.test(urls.get(requestId)?.pathname ?? '')) bytes += encodedDataLength;
    });
    await devtools.send('Network.enable');
  });
  await page.goto(server.webConsole + HISTORY);
  const ms = await untilFirstRow(page);
  await page.waitForLoadState('networkidle');
  await close();
  return { ms, kb: round(bytes / 1000) };
}

const untilFirstRow = async (page) => {
  const ms = await eventually('rows of event history', () => page.evaluate('window.firstRowMs'), { everyMs: 20 });
  return Math.round(ms);
};

/** From the change of the address, as a click on a facet makes it, until what the server answered is painted. */
async function changeFilter(browser, server, session) {
  const { page, close } = await openHistory(browser, session);
  await page.goto(server.webConsole + HISTORY);
  await untilFirstRow(page);
  const counts = page.getByRole('button', { name: 'Show counts' });
  if (await counts.isVisible()) await counts.click();
  await page.waitForLoadState('networkidle');
  const times = { page: [], facets: [] };
  for (const filter of FILTERS) {
    const asked = (kind) =>
      page.waitForResponse(
        async (response) => isSearch(response.request(), kind) && (await response.finished()) === null,
      );
    const start = performance.now();
    const shown = async (kind, answer) => {
      await answer;
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))');
      times[kind].push(performance.now() - start);
    };
    const both = [shown('page', asked('page')), shown('facets', asked('facets'))];
    await page.evaluate(
      `history.pushState(null, '', ${JSON.stringify(`${HISTORY}&q=${encodeURIComponent(filter)}`)}); dispatchEvent(new PopStateEvent('popstate'))`,
    );
    await Promise.all(both);
    await page.waitForLoadState('networkidle');
  }
  await close();
  return { page: quantiles(times.page), facets: quantiles(times.facets) };
}

const isSearch = (request, kind) => {
  if (!request.url().endsWith('/opentrail/v1/search')) return false;
  const asked = request.postDataJSON();
  return kind === 'facets' ? asked.Facets !== undefined : asked.Limit > 0 && asked.NextToken === undefined;
};

/** What people ask: frequent and rare, one condition and several. What columns do not answer is measured by `lake`. */
const FILTERS = [
  'errorCode exists',
  'eventName = RunInstances',
  'eventName = StopLogging',
  'readOnly = false',
  'userName : terraform',
  'userType = Root',
  'eventSource = kms.amazonaws.com and errorCode exists',
  'eventName ^ Describe or eventName ^ List',
  'sourceIPAddress ^ 12.',
  'awsRegion = eu-west-1 and readOnly = false',
  'not userType = AWSService and eventName in (CreateRole, CreateAccessKey)',
  'resourceType = AWS::S3::Bucket',
  'errorCode = AccessDenied and userType = AssumedRole',
  'userAgent : Terraform',
  'eventName != Decrypt and eventName != AssumeRole',
  'resourceName : billing-role',
  'userAgent ^ aws-cli and awsRegion != us-east-1',
  'eventName = ThereIsNoSuchEvent',
  'userName : alice and readOnly = false',
  'managementEvent = true',
];

/** Live mode while events come at a steady rate: what was the longest time in which the page could not answer a click. */
async function watchLive(browser, server, session) {
  const { page, close } = await openHistory(browser, session);
  await page.goto(`${server.webConsole}/events?range=90d&live=1`);
  await page.getByText('Live', { exact: true }).last().waitFor();
  await pause(SETTLE_MS);
  await page.evaluate(
    "window.longTasks = []; new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) longTasks.push(duration); }).observe({ type: 'longtask' })",
  );
  const client = clientOf(server);
  const pool = createPool({ batchEvents: LIVE_BATCH_EVENTS });
  const sending = sendSteadily(LIVE_PER_SECOND, { client, pool });
  await pause(LIVE_SECONDS * 1_000);
  const sentPerSecond = await sending.stop();
  client.close();
  const sent = Math.floor(sentPerSecond * LIVE_SECONDS);
  const received = await eventually(
    'all live events received',
    async () => {
      const text = await page.locator('.history-live-counts').textContent();
      const count = Number(/([\d,.\s]+) received/.exec(text)?.[1].replaceAll(/\D/g, ''));
      return count >= sent ? count : undefined;
    },
    { timeoutMs: 10_000 },
  ).catch(() => 0);
  const longTasks = await page.evaluate('longTasks');
  await close();
  return {
    sentPerSecond,
    sent,
    received,
    /** Of a page that had none: they begin at 50 ms. */
    longestMs: round(Math.max(0, ...longTasks)),
    longTasks: longTasks.length,
  };
}

function figuresOf({ loads, changes, live }) {
  const below = (name, value, unit, target, met = true) => ({
    name,
    value,
    unit,
    atMost: target,
    met: met && value <= target,
  });
  const kept = live.received >= live.sent;
  return [
    below(
      'console, first load of event history, compressed',
      Math.max(...loads.map(({ kb }) => kb)),
      'kB',
      FIRST_LOAD_KB,
    ),
    below('console, event history there, nothing cached', median(loads.map(({ ms }) => ms)), 'ms', INTERACTIVE_MS),
    below('console, filter changed, first page of 90 days shown, p95', changes.page.p95Ms, 'ms', FIRST_PAGE_MS),
    below('console, filter changed, facets of 90 days shown, p95', changes.facets.p95Ms, 'ms', FACETS_MS),
    below(
      `console, live mode, ${live.sentPerSecond} events/s, longest task`,
      live.longestMs,
      'ms',
      LONGEST_TASK_MS,
      kept,
    ),
  ];
}
