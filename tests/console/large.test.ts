import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realDataDir, realFiles } from '../../packages/server/src/testing/real-data.ts';
import { consoleOf, openPage, type Session, startSession, usingBrowser } from '../support/browser.ts';
import { has } from '../support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { playMany, putRecords, untilSearchable } from '../support/play.ts';

usingBrowser();
/** What the suite has time for. `npm run console:million` is the same with a million, as many minutes longer. */
const GENERATED = Number(process.env.OPENTRAIL_CONSOLE_EVENTS ?? 20_000);
let server: RunningOpenTrail;
let session: Session;
let real: readonly string[] = [];

beforeAll(async () => {
  if (!has('chromium')) return;
  server = await startOpenTrail();
  real = realFiles('events', '.ndjson').flatMap(({ bytes }) =>
    bytes
      .toString()
      .split('\n')
      .filter((line) => line !== ''),
  );
  if (!realDataDir)
    process.stderr.write('LEFT OUT, because there are none beside the project: real records in the console\n');
  await putRecords(server, real);
  await playMany(server, GENERATED);
  await untilSearchable(server, 500_000);
  session = await startSession(server);
}, 600_000);
afterAll(cleanUp);

/** Every page that shows events, and what it shows of these. */
const PAGES = {
  '/?range=90d': /Top callers/,
  '/events?range=all': /Events \(?\d/,
  '/events?range=90d&q=errorCode+exists+userType+%3D+Root':
    /Client\.UnauthorizedOperation|AccessDenied|GetBucketAcl|Describe/,
  '/trails': /No trails|Create trail/,
  '/integrity': /Verify/,
  '/users': /opentrail/,
  '/roles': /Roles/,
  '/keys': /Keys/,
  '/alarms': /Alarms/,
  '/notifications': /Notifications/,
};

/** As many as there is time for: each is another's, and odd in another way. */
const REAL_PAGES = 12;

describe(`over ${GENERATED} generated events and the real records`, () => {
  test.each(Object.entries(PAGES))('%s', async (path, shows) => {
    const page = await openPage({ session });
    await page.goto(consoleOf(server) + path);
    await page.getByRole('main').getByText(shows).first().waitFor();
    await page.waitForLoadState('networkidle');
    expect(await page.getByText('Try again').count()).toBe(0);
  });

  test.skipIf(!realDataDir)('pages of real records', async () => {
    const page = await openPage({ session });
    const records = real.map((line) => JSON.parse(line)).filter(({ eventID }) => /^[0-9a-f-]{36}$/.test(eventID));
    for (let i = 0; i < REAL_PAGES; i++) {
      const { recipientAccountId, userIdentity, eventID, eventName } =
        records[Math.floor((i * records.length) / REAL_PAGES)];
      const account = recipientAccountId ?? userIdentity?.accountId;
      await page.goto(`${consoleOf(server)}/events/${account}/${eventID}`);
      await page.getByRole('main').getByRole('link', { name: eventName, exact: true }).first().waitFor();
    }
  });
});
