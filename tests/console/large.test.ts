import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realDataDir, realFiles } from '../../packages/server/src/testing/real-data.ts';
import { consoleOf, enter, openPage, usingBrowser } from '../support/browser.ts';
import { has } from '../support/clients.ts';
import { INCIDENT } from '../support/company/records.ts';
import { type Company, startCompany } from '../support/company/world.ts';
import { pagePatterns } from '../support/console-pages.ts';
import { cleanUp } from '../support/opentrail.ts';
import { playMany, putRecords, untilSearchable } from '../support/play.ts';
import { ACCOUNT } from '../support/trail.ts';

usingBrowser();
/**
 * What the suite has time for. `npm run console:million` is the same with a million: seven minutes on two cores that have
 * nothing else to do, most of it the lake's, which lets everybody else go first.
 */
const GENERATED = Number(process.env.OPENTRAIL_CONSOLE_EVENTS ?? 20_000);
/** Of a million, on a machine that is busy with other things. */
const SEARCHABLE_MS_MAX = 1_000_000;
/** Of the company, which also has the trail, users, roles and keys that pages are about. */
const OF_THE_COMPANY = 2_000;
let company: Company;
let real: readonly string[] = [];

beforeAll(async () => {
  if (!has('chromium')) return;
  company = await startCompany(OF_THE_COMPANY);
  real = realFiles('events', '.ndjson').flatMap(({ bytes }) =>
    bytes
      .toString()
      .split('\n')
      .filter((line) => line !== ''),
  );
  if (!realDataDir)
    process.stderr.write('LEFT OUT, because there are none beside the project: real records in the console\n');
  await putRecords(company.server, real);
  await playMany(company.server, GENERATED);
  await untilSearchable(company.server, SEARCHABLE_MS_MAX);
}, 2 * SEARCHABLE_MS_MAX);
afterAll(cleanUp);

const open = async (path: string): Promise<Page> => {
  const page = await openPage();
  await enter(page, company.server, path);
  return page;
};

/** Every page, and what it shows when all that it asks has been answered. */
const PAGES: Readonly<Record<string, readonly [path: () => string, shows: RegExp]>> = {
  '/': [() => '/?range=90d', /Top callers/],
  '/events': [() => '/events?range=all', /Events \(\d/],
  '/events/:accountId/:eventId': [
    () => `/events/${ACCOUNT}/${company.records.at(-1)!.eventID}`,
    /Before and after|Same session|Related events/,
  ],
  '/trails': [() => '/trails', /archive/],
  '/trails/create': [() => '/trails/create', /Name and scope/],
  '/trails/edit/:arn…': [() => `/trails/edit/${company.trailArn}`, /A trail keeps its name/],
  '/trails/:arn…': [() => `/trails/${company.trailArn}`, /Last log file/],
  '/integrity': [() => '/integrity', /Verify/],
  '/notifications': [() => '/notifications', /security-alerts/],
  '/alarms': [() => '/alarms', /bucket-deleted/],
  '/users': [() => '/users', /mira\.koch/],
  '/users/:name': [() => `/users/${INCIDENT.user}`, /What this user did/],
  '/roles': [() => '/roles', /backup/],
  '/roles/:name': [() => `/roles/${INCIDENT.role}`, /Who acted as this role/],
  '/keys': [() => '/keys', /audit-logs/],
  '/keys/:arn…': [() => `/keys/arn:aws:kms:us-east-1:${ACCOUNT}:key/${company.keyId}`, /Uses and changes of this key/],
};

/** As many as there is time for: each is another's, and odd in another way. */
const REAL_PAGES = 12;

describe(`over ${GENERATED} generated events and the real records`, () => {
  test('these are all pages', () => {
    expect(Object.keys(PAGES)).toEqual(pagePatterns());
  });

  test.each(Object.entries(PAGES))('%s', async (_, [path, shows]) => {
    const page = await open(path());
    await page.getByRole('main').getByText(shows).filter({ visible: true }).first().waitFor();
    await page.waitForLoadState('networkidle');
    expect(await page.getByText('Try again').count()).toBe(0);
  });

  test('a search is counted, narrowed by a count, turned over, and taken away', async () => {
    const page = await open('/events?range=90d&q=errorCode+exists');
    const heading = page.getByRole('heading', { name: /^Events \(/ });
    await heading.waitFor();
    const before = await heading.textContent();
    await page.getByRole('button', { name: 'Show counts' }).click();
    await page.getByRole('list', { name: 'Event name' }).getByRole('button', { pressed: false }).first().click();
    await expect.poll(() => heading.textContent(), { timeout: 60_000 }).not.toBe(before);
    const first = await page.locator('tbody tr').nth(0).textContent();
    await page.getByRole('button', { name: 'Next page' }).click();
    await expect.poll(() => page.locator('tbody tr').nth(0).textContent(), { timeout: 60_000 }).not.toBe(first);
    await page.evaluate('void (window.showSaveFilePicker = undefined)'); // a dialogue that nobody is there to answer
    await page.getByRole('button', { name: 'Download events' }).click();
    const begun = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: /^CSV/ }).click();
    const lines = readFileSync(await (await begun).path(), 'utf8').split('\r\n');
    const count = Number((await heading.textContent())!.replaceAll(/\D/g, ''));
    expect(lines.length).toBeGreaterThan(count);
  });

  test.skipIf(!realDataDir)('pages of real records', async () => {
    const page = await open('/trails');
    const records = real.map((line) => JSON.parse(line)).filter(({ eventID }) => /^[0-9a-f-]{36}$/.test(eventID));
    for (let i = 0; i < REAL_PAGES; i++) {
      const { recipientAccountId, userIdentity, eventID, eventName } =
        records[Math.floor((i * records.length) / REAL_PAGES)];
      const account = recipientAccountId ?? userIdentity?.accountId;
      await page.goto(`${consoleOf(company.server)}/events/${account}/${eventID}`);
      await page.getByRole('main').getByRole('link', { name: eventName, exact: true }).first().waitFor();
    }
  });
});
