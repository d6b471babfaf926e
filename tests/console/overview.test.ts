import { afterAll, beforeAll, expect, test } from 'vitest';
import { DESKTOP, enter, expectAccessible, openPage, PHONE, screenshot, usingBrowser } from '../support/browser.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { playCompany, untilSearchable } from '../support/play.ts';

const DAY_MS = 86_400_000;

let server: RunningOpenTrail;
let records: Awaited<ReturnType<typeof playCompany>>;

usingBrowser();
beforeAll(async () => {
  server = await startOpenTrail();
  records = await playCompany(server, 3_000);
  await untilSearchable(server);
});
afterAll(cleanUp);

const inLastDays = (days: number) => records.filter((r) => Date.parse(r.eventTime) >= Date.now() - days * DAY_MS);

test('numbers are those of the records, and lead to them', async () => {
  const page = await openPage();
  await enter(page, server, '/?range=30d');
  const failed = inLastDays(30).filter((r) => r.errorCode !== undefined);
  const denied = failed.filter((r) => /AccessDenied|Unauthorized/.test(r.errorCode!));
  expect(denied.length).toBeGreaterThan(0);
  await page.getByRole('link', { name: `Access denied: ${denied.length}`, exact: true }).waitFor();
  await page.getByRole('link', { name: `Errors: ${failed.length}`, exact: true }).click();
  await page.getByRole('heading', { name: `Events (${failed.length})` }).waitFor();
  expect(new URL(page.url()).searchParams.get('q')).toBe('errorCode exists');
  expect(new URL(page.url()).searchParams.get('range')).toBe('30d');
});

test('what is not searched yet is told, and counted when it is', async () => {
  const page = await openPage();
  let isBehind = true;
  await page.route(/\/v1\/search$/, async (route) => {
    const answer = await route.fetch();
    const json = await answer.json();
    await route.fulfill({ response: answer, json: isBehind ? { ...json, EventsBehind: 40 } : json });
  });
  await enter(page, server, '/?range=30d');
  const told = page.getByText('Not counted yet: 40 events');
  await told.waitFor();
  await expectAccessible(page);
  isBehind = false;
  await told.waitFor({ state: 'detached' });
});

test('a caller leads to what they did', async () => {
  const page = await openPage();
  await enter(page, server, '/?range=90d');
  const error = page.getByRole('link', { name: 'AccessDenied', exact: true });
  await error.click();
  await page.waitForURL(/\/events\?q=errorCode/);
  const denied = inLastDays(90).filter((r) => r.errorCode === 'AccessDenied');
  await page.getByRole('heading', { name: `Events (${denied.length})` }).waitFor();
});

test('a range without events before it has nothing to compare with, and one with them tells what is new', async () => {
  const page = await openPage();
  await enter(page, server, '/?range=90d');
  await page.getByText('Nothing to compare with').waitFor();
  await page.getByRole('button', { name: '1 hour' }).click();
  await page.getByText('Services (').waitFor();
  await page.getByRole('link', { name: 'opentrail.amazonaws.com' }).first().waitFor();
});

test.each([
  ['desktop', DESKTOP],
  ['phone', PHONE],
])('is readable on a %s', async (name, viewport) => {
  const page = await openPage({ viewport });
  await enter(page, server, '/?range=30d');
  await page.getByText('Takes events').waitFor();
  await page.getByText('Top callers').waitFor();
  await expect
    .poll(() => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'))
    .toBeLessThanOrEqual(0);
  await expectAccessible(page);
  await screenshot(page, `overview-${name}`);
});
