import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  consoleOf,
  DESKTOP,
  enter,
  expectAccessible,
  openPage,
  PHONE,
  pictures,
  usingBrowser,
} from '../support/browser.ts';
import { has } from '../support/clients.ts';
import { INCIDENT } from '../support/company/records.ts';
import { type Company, startCompany } from '../support/company/world.ts';
import { cleanUp } from '../support/opentrail.ts';
import { ACCOUNT } from '../support/trail.ts';

usingBrowser();
let company: Company;
beforeAll(async () => {
  if (!has('chromium')) return;
  company = await startCompany();
});
afterAll(cleanUp);

interface Shown {
  readonly path: () => string;
  /** Until the page shows what it is there for. */
  readonly ready: (page: Page) => Promise<unknown>;
  readonly signedOut?: true;
}

const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name }).first().waitFor();
const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name }).first().waitFor();
const query = (filter: string) => `/events?range=90d&q=${encodeURIComponent(filter)}`;
const deletion = () =>
  company.records.findLast(({ eventName, errorCode }) => eventName === 'DeleteBucket' && !errorCode)!;

/** Every page as the company sees it. Its pictures stand in docs/images (scripts/screenshots.mjs). */
const PAGES: Readonly<Record<string, Shown>> = {
  'sign-in': { path: () => '/', ready: (page) => page.getByLabel('Access key ID').waitFor(), signedOut: true },
  overview: { path: () => '/?range=30d', ready: (page) => page.getByText('Top callers').waitFor() },
  'event-history': {
    // What the test itself has called since is left out.
    path: () => `/events?from=${company.records[0]!.eventTime}&to=${company.records.at(-1)!.eventTime}`,
    async ready(page) {
      await page.getByRole('button', { name: 'Show counts' }).click();
      await page.locator('.history-facet').first().waitFor();
      await row(page, 'StopLogging');
    },
  },
  'event-history-filtered': {
    path: () => query(`eventName = DeleteBucket and requestParameters.bucketName = ${INCIDENT.bucket}`),
    ready: (page) => row(page, 'DeleteBucket'),
  },
  event: {
    path: () => `/events/${ACCOUNT}/${deletion().eventID}`,
    ready: (page) => page.getByText(INCIDENT.user).first().waitFor(),
  },
  trails: { path: () => '/trails', ready: (page) => row(page, 'archive') },
  trail: { path: () => `/trails/${company.trailArn}`, ready: (page) => heading(page, 'main') },
  'trail-edit': {
    path: () => `/trails/edit/${company.trailArn}`,
    ready: (page) => page.getByRole('button', { name: 'Next' }).waitFor(),
  },
  'trail-create': { path: () => '/trails/create', ready: (page) => page.getByLabel('Trail name').waitFor() },
  integrity: {
    path: () => '/integrity',
    async ready(page) {
      await page.getByRole('button', { name: /^Trail/ }).click();
      await page.getByRole('option', { name: /^main/ }).click();
      await page.getByRole('button', { name: 'Verify', exact: true }).click();
      await page.getByText('Every digest and every log file of this range').waitFor();
    },
  },
  notifications: { path: () => '/notifications', ready: (page) => page.getByText('security-alerts').first().waitFor() },
  alarms: {
    path: () => '/alarms',
    async ready(page) {
      await page
        .getByRole('row', { name: /bucket-deleted/ })
        .getByRole('radio')
        .click();
      await page.getByText('deleted bucket').first().waitFor();
    },
  },
  users: { path: () => '/users', ready: (page) => row(page, 'mira.koch') },
  user: { path: () => `/users/${INCIDENT.user}`, ready: (page) => heading(page, INCIDENT.user) },
  roles: { path: () => '/roles', ready: (page) => row(page, 'backup') },
  role: { path: () => `/roles/${INCIDENT.role}`, ready: (page) => heading(page, INCIDENT.role) },
  keys: { path: () => '/keys', ready: (page) => page.getByText('audit-logs').first().waitFor() },
  key: {
    path: () => `/keys/arn:aws:kms:us-east-1:${ACCOUNT}:key/${company.keyId}`,
    ready: (page) => page.getByText('audit-logs').first().waitFor(),
  },
};

test.each(Object.entries(PAGES))(
  '%s: in light and dark, on a desktop and a phone',
  async (name, shown) => {
    const page = await openPage();
    if (shown.signedOut) await page.goto(consoleOf(company.server) + shown.path());
    else await enter(page, company.server, shown.path());
    await shown.ready(page);
    await page.waitForLoadState('networkidle');
    await expect
      .poll(() =>
        page
          .getByText(/^(Loading|Searching)/)
          .filter({ visible: true })
          .count(),
      )
      .toBe(0);
    await pictures(page, name);
    for (const viewport of [DESKTOP, PHONE]) {
      await page.setViewportSize(viewport);
      await expectAccessible(page);
      const wider = () => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      await expect.poll(wider, { message: `wider than ${viewport.width} pixels` }).toBeLessThanOrEqual(0);
    }
  },
  300_000,
);
