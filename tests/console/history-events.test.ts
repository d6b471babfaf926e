import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Download, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { consoleOf, enter, expectAccessible, expectProblem, openPage, PHONE, screenshot } from '../support/browser.ts';
import {
  bodyRows,
  counted,
  filterOf,
  HOSTILE,
  listed,
  named,
  namesOf,
  ONLY_COMPANY,
  usingHistory,
  waitCount,
} from '../support/history.ts';
import { startOpenTrail } from '../support/opentrail.ts';
import { playMany, putRecords, untilSearchable } from '../support/play.ts';
import { signedFetch } from '../support/sdk.ts';

const { world, openSigned, openList } = usingHistory();

describe('an event', () => {
  test('opens beside the list, stays in the link, and is reached by keys', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    const last = world.company.at(-1)!;
    await bodyRows(page).first().getByRole('checkbox').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForURL(/event=/);
    await page.getByRole('heading', { name: last.eventName }).waitFor();
    await page.getByRole('tree').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'history-event');
    const other = await openPage();
    const { pathname, search } = new URL(page.url());
    await enter(other, world.server, pathname + search);
    await other.getByRole('heading', { name: last.eventName }).waitFor();
    await other.getByRole('button', { name: 'Only events with this User name' }).click();
    await expect.poll(() => filterOf(other)).toContain('userName = ');
    await other.getByRole('link', { name: 'Open event' }).click();
    await other.waitForURL((url) => url.pathname === `/events/${last.recipientAccountId}/${last.eventID}`);
  });

  test('that is on no page that was loaded is found by its link, with its time or without', async () => {
    const first = world.company[0]!;
    const page = await openList(listed(ONLY_COMPANY, `&event=${first.recipientAccountId}/${first.eventID}`));
    await page.getByRole('heading', { name: first.eventName }).waitFor();
    await page.goto(`${page.url()}&at=${first.eventTime}`);
    await page.getByRole('heading', { name: first.eventName }).waitFor();
    await page.goto(page.url().replace(first.eventID, 'nothing'));
    await page.getByText('There is no such event.').waitFor();
  });

  test('two are compared on the page of the first', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    await bodyRows(page).nth(0).getByRole('checkbox').check();
    await bodyRows(page).nth(1).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.waitForURL(/\/events\/\d+\/[^/]+\?at=.*&compare=/);
  });
});

describe('what is kept', () => {
  test('columns, page size and density hold the next time, and columns are in the link', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    await page.getByRole('button', { name: 'List preferences' }).click();
    await page.getByLabel('25 events').check();
    await page.getByLabel('Compact mode').check();
    await page.getByLabel('Add other columns').fill('requestParameters.bucketName\nnonsense.path');
    await page.getByText('nonsense.path is no field').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect.poll(() => bodyRows(page).count()).toBe(25);
    const column = page.getByRole('columnheader', { name: 'Request: bucketName' }).first();
    await column.waitFor({ state: 'attached' });
    await page.goto(`${consoleOf(world.server)}/events`);
    await column.waitFor({ state: 'attached' });
    await page.locator('body.awsui-compact-mode').waitFor();
    expect(new URL(page.url()).searchParams.getAll('column')).toContain('requestParameters.bucketName');
    await expect.poll(() => bodyRows(page).count()).toBe(25);
  });

  test('searches by name', async () => {
    const page = await openList(listed('eventName = DeleteBucket'));
    const menu = page.getByRole('button', { name: 'Saved searches' });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Save this search' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Buckets gone');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.goto(`${consoleOf(world.server)}/events`);
    await menu.click();
    await page.getByRole('menuitem', { name: 'Buckets gone' }).click();
    await expect.poll(() => filterOf(page)).toBe('eventName = DeleteBucket');
    await menu.click();
    await page.getByRole('menuitem', { name: 'Delete "Buckets gone"' }).click();
    await menu.click();
    await page.getByText('No saved searches yet').waitFor();
  });
});

describe('downloads', () => {
  /** A dialogue of the browser's own, which nobody is there to answer. */
  const withoutPicker = (page: Page) => page.evaluate('void (window.showSaveFilePicker = undefined)');

  async function download(page: Page, kind: RegExp): Promise<Download> {
    await page.getByRole('button', { name: 'Download events' }).click();
    const begun = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: kind }).click();
    return begun;
  }

  test('CSV: what the list shows, all of it, with its columns, in its order', async () => {
    const page = await openList(
      listed(ONLY_COMPANY, '&order=oldest&column=eventName&column=requestParameters.bucketName'),
    );
    await withoutPicker(page);
    const file = await download(page, /^CSV/);
    expect(file.suggestedFilename()).toMatch(/^opentrail-events-[\dT-]+Z\.csv$/);
    await page.getByText(/^Downloaded opentrail-events/).waitFor();
    const lines = readFileSync((await file.path())!, 'utf8').split('\r\n');
    expect(lines[0]).toBe('Event name,requestParameters.bucketName');
    expect(lines.slice(1, -1).map((line) => line.split(',')[0])).toEqual(
      world.company.map(({ eventName }) => eventName),
    );
  });

  test('JSON: whole records; written as they come where the person may choose a file', async () => {
    const page = await openList(listed('eventName = DeleteBucket'));
    await page.evaluate(`
      const pieces = [];
      const writable = {
        write: async (piece) => void pieces.push(piece),
        close: async () => void (window.written = await new Blob(pieces).text()),
      };
      window.showSaveFilePicker = async () => ({ createWritable: async () => writable });
    `);
    await page.getByRole('button', { name: 'Download events' }).click();
    await page.getByRole('menuitem', { name: /^JSON/ }).click();
    await page.getByText(/^Downloaded opentrail-events/).waitFor();
    const { Records } = JSON.parse(await page.evaluate<string>('written'));
    expect(Records).toEqual(world.company.filter(named('DeleteBucket')).reverse());
  });

  test('one that is cancelled, or whose server dies, leaves no file, and says so', async () => {
    const big = await startOpenTrail();
    await playMany(big, 8_000);
    await untilSearchable(big);
    const page = await openPage();
    await enter(page, big, '/events?range=90d');
    await counted(page);
    await withoutPicker(page);
    const files: Download[] = [];
    page.on('download', (file) => files.push(file));
    const slow = await page.context().newCDPSession(page);
    const limits = { offline: false, latency: 0, uploadThroughput: -1, downloadThroughput: 500_000 };
    await slow.send('Network.emulateNetworkConditions', limits);
    const begin = async () => {
      await page.getByRole('button', { name: 'Download events' }).click();
      await page.getByRole('menuitem', { name: /^JSON/ }).click();
      await page.getByText(/of 8,0\d\d events, [\d.]+ [kM]B/).waitFor();
    };
    await begin();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText(/^Cancelled .* No file was kept\.$/).waitFor();
    expectProblem(page, /export|ERR_/);
    await begin();
    await big.kill();
    await page.getByText('The connection broke off before the end. No file was kept.').waitFor();
    expect(files).toEqual([]);
  });
});

describe('live', () => {
  const record = (n: number) =>
    JSON.stringify({ ...HOSTILE, eventID: `live-${n}`, eventTime: new Date().toISOString(), eventName: `Live${n}` });

  test('new events appear as they come, wait while somebody looks, and are counted when they are too many', async () => {
    const page = await openSigned('/events?live=1&q=eventName+%5E+Live');
    await page.getByText('Live', { exact: true }).last().waitFor();
    await page.getByText('Nothing yet').waitFor();
    await putRecords(world.server, [record(1), record(2)]);
    await page.getByRole('link', { name: 'Live2' }).waitFor();
    await expectAccessible(page);
    await screenshot(page, 'history-live');
    await bodyRows(page).first().hover();
    await page.getByText('Paused while you look').waitFor();
    await putRecords(world.server, [record(3)]);
    await page.getByText(/1 waiting/).waitFor();
    expect(await page.getByRole('link', { name: 'Live3' }).count()).toBe(0);
    await page.getByRole('heading', { name: 'Event history' }).hover();
    await page.getByRole('link', { name: 'Live3' }).waitFor();
    await putRecords(
      world.server,
      Array.from({ length: 2_000 }, (_, i) => record(10 + i)),
    );
    await page.getByText(/^2,003 received, [\d,]+ came too fast to be shown$/).waitFor();
    expect(await bodyRows(page).count()).toBe(25);
    await untilSearchable(world.server); // else the page says how many it has not searched yet
    await page.getByRole('button', { name: 'Search them' }).click();
    await waitCount(page, 2_003);
  });

  /** The newest event that a filter finds, as the stream sends it. */
  const lastEvent = async (filter: string) => {
    const query = `format=events&last=1&follow=false&filter=${encodeURIComponent(filter)}`;
    return (await signedFetch(world.server, 'GET', `/opentrail/v1/tail?${query}`)).text();
  };

  test('old records, which have no event ID, are opened by their place in the log', async () => {
    const { eventID: _, ...old } = JSON.parse(record(1));
    const page = await openSigned('/events?live=1&q=eventName+%3D+LiveOld');
    await page.getByText('Nothing yet').waitFor();
    await putRecords(world.server, [JSON.stringify({ ...old, eventName: 'LiveOld' })]);
    await page.getByRole('link', { name: 'LiveOld' }).click();
    await page.waitForURL(/\/events\/\d{12}\/seq-\d+/);
    await page.getByRole('main').getByText('LiveOld').first().waitFor();
  });

  test('a stream that breaks off is taken up again, and nothing is missing or twice', async () => {
    const again = (n: number) => record(n).replace(`"Live${n}"`, `"Again${n}"`);
    await putRecords(world.server, [again(1)]);
    const first = await lastEvent('eventName = Again1');
    const page = await openPage();
    let streams = 0;
    // The first stream ends after its first record, as one does whose server is replaced.
    await page.route(/\/v1\/tail/, async (route) => {
      if (++streams === 1) return route.fulfill({ body: first });
      if (streams === 2) await putRecords(world.server, [again(2)]);
      return route.continue();
    });
    await enter(page, world.server, '/events?live=1&q=eventName+%5E+Again');
    await page.getByRole('link', { name: 'Again2' }).waitFor();
    expect(streams).toBe(2);
    expect(await namesOf(page)).toEqual(['Again2', 'Again1']);
  });
});

describe('looks', () => {
  test('a narrow screen scrolls the table, not the page', async () => {
    const page = await openList(listed(ONLY_COMPANY), { viewport: PHONE });
    const width = () => page.evaluate<number>('document.documentElement.scrollWidth');
    await expect.poll(width).toBeLessThanOrEqual(PHONE.width);
    await screenshot(page, 'history-phone');
  });

  test('dark', async () => {
    const page = await openList(listed(ONLY_COMPANY), { colorScheme: 'dark' });
    await page.locator('.ot-histogram-bars canvas').waitFor();
    await screenshot(page, 'history-dark');
  });
});

const REAL_EVENTS = new URL('../../../shared/data/events', import.meta.url).pathname;
if (!existsSync(REAL_EVENTS)) {
  process.stderr.write(`LEFT OUT, because ${REAL_EVENTS} is not on this machine: event history of real records\n`);
}

describe.skipIf(!existsSync(REAL_EVENTS))('real records (../shared/data)', () => {
  test('each is listed, opened and downloaded as it is', async () => {
    const files = readdirSync(REAL_EVENTS).filter((name) => name.endsWith('.ndjson'));
    const lines = files.flatMap((name) => readFileSync(join(REAL_EVENTS, name), 'utf8').split('\n').filter(Boolean));
    const real = await startOpenTrail();
    await putRecords(real, lines);
    await untilSearchable(real);
    const page = await openPage({ viewport: { width: 1_500, height: 900 } });
    await enter(page, real, '/events?range=all');
    expect(await counted(page)).toBeGreaterThanOrEqual(lines.length);
    for (let i = 0; i < 4; i++) {
      const names = (await namesOf(page)).join();
      const rows = bodyRows(page).filter({ has: page.locator('a[href^="/events/"]') });
      for (const n of [1, 20, 40]) {
        const name = await rows.nth(n).locator('th').textContent();
        await rows.nth(n).locator('td').last().dispatchEvent('click'); // it may lie under the panel
        await page.getByRole('heading', { level: 2, name: name!, exact: true }).first().waitFor();
      }
      await page.getByRole('button', { name: 'Next page' }).click();
      await expect.poll(async () => (await namesOf(page)).join()).not.toBe(names);
    }
    await page.evaluate('void (window.showSaveFilePicker = undefined)');
    const begun = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download events' }).click();
    await page.getByRole('menuitem', { name: /^JSON/ }).click();
    const { Records } = JSON.parse(readFileSync((await (await begun).path())!, 'utf8'));
    const downloaded = new Set((Records as object[]).map((record) => JSON.stringify(record)));
    const missing = lines.filter((line) => !downloaded.has(JSON.stringify(JSON.parse(line))));
    expect(missing).toEqual([]);
  });
});
