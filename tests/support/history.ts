import type { Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { enter, openPage, usingBrowser } from './browser.ts';
import { has } from './clients.ts';
import type { CompanyRecord } from './company/records.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './opentrail.ts';
import { playCompany, putRecords, untilSearchable } from './play.ts';
import { signedFetch } from './sdk.ts';

export const OTHER_ACCOUNT = '210987654321';
export const HOSTILE = {
  eventVersion: '1.11',
  eventTime: new Date(Date.now() - 3_600_000).toISOString(),
  eventSource: 's3.amazonaws.com',
  eventName: 'PutObject',
  awsRegion: 'eu-west-1',
  eventID: 'hostile-1',
  eventType: 'AwsApiCall',
  eventCategory: 'Management',
  readOnly: false,
  recipientAccountId: OTHER_ACCOUNT,
  sourceIPAddress: '203.0.113.66',
  userAgent: '<img src=x onerror="document.title=1">\u202egnp.exe',
  userIdentity: { type: 'IAMUser', userName: '<script>alert(1)</script>', accountId: OTHER_ACCOUNT },
  requestParameters: { bucketName: 'b', size: 4711 },
  responseElements: null,
};

/** A server with what the company did, and one hostile record of another account; for all tests of a file. */
export function usingHistory() {
  const world = {} as { server: RunningOpenTrail; company: readonly CompanyRecord[] };
  usingBrowser();
  beforeAll(async () => {
    if (!has('chromium')) return;
    world.server = await startOpenTrail();
    const other = JSON.stringify({ AccountId: OTHER_ACCOUNT });
    const headers = { 'content-type': 'application/json' };
    await signedFetch(world.server, 'POST', '/opentrail/v1/accounts', other, { headers });
    world.company = await playCompany(world.server, 2_000);
    await putRecords(world.server, [JSON.stringify(HOSTILE)]);
    await untilSearchable(world.server);
  });
  afterAll(cleanUp);

  /** A page of the administrator, without the sign-in page. */
  async function openSigned(path: string, options: Parameters<typeof openPage>[0] = {}): Promise<Page> {
    const page = await openPage(options);
    await enter(page, world.server, path);
    await page.getByRole('heading', { name: 'Event history' }).waitFor();
    return page;
  }

  async function openList(path: string, options: Parameters<typeof openPage>[0] = {}): Promise<Page> {
    const page = await openSigned(path, options);
    await counted(page);
    return page;
  }

  return { world, openSigned, openList };
}

/** The list of the company's events alone: what the tests themselves do is recorded as well. */
export const ONLY_COMPANY = 'accountId = 123456789012 and sourceIPAddress !^ 127.';
export const listed = (filter: string, more = '') => `/events?q=${encodeURIComponent(filter)}&range=90d${more}`;

/** Waits until the search that the page now shows has its number. */
export async function counted(page: Page): Promise<number> {
  const heading = page.getByRole('heading', { name: /^Events \([\d,]+\)$/ });
  await heading.waitFor();
  return Number((await heading.textContent())!.replaceAll(/\D/g, ''));
}

export const bodyRows = (page: Page) => page.locator('.history-table tbody tr');
export const namesOf = (page: Page) => page.locator('.history-table tbody th').allInnerTexts();
export const filterOf = (page: Page) => new URL(page.url()).searchParams.get('q');
export const filterInput = (page: Page) => page.getByRole('combobox', { name: 'Filter events' });
export const named = (name: string) => (record: CompanyRecord) => record.eventName === name;

/** Waits for the number of events to be this one. */
export const waitCount = (page: Page, count: number) =>
  page.getByRole('heading', { name: `Events (${count.toLocaleString('en-US')})` }).waitFor();
