import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import type { Download, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  consoleOf,
  expectAccessible,
  expectProblem,
  openPage,
  PHONE,
  type Session,
  screenshot,
  signIn,
  startSession,
  usingBrowser,
} from '../support/browser.ts';
import { has } from '../support/clients.ts';
import type { CompanyRecord } from '../support/company/records.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { playCompany, playMany, putRecords, untilSearchable } from '../support/play.ts';
import { clientConfig, signedFetch } from '../support/sdk.ts';

const OTHER_ACCOUNT = '210987654321';
const HOSTILE = {
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

let server: RunningOpenTrail;
let session: Session;
/** What the company did: newest last. */
let company: readonly CompanyRecord[];

usingBrowser();
beforeAll(async () => {
  if (!has('chromium')) return;
  server = await startOpenTrail();
  await signedFetch(server, 'POST', '/opentrail/v1/accounts', JSON.stringify({ AccountId: OTHER_ACCOUNT }), {
    headers: { 'content-type': 'application/json' },
  });
  company = await playCompany(server, 2_000);
  await putRecords(server, [JSON.stringify(HOSTILE)]);
  await untilSearchable(server);
  session = await startSession(server);
});
afterAll(cleanUp);

/** The list of the company's events alone: what this test itself does is recorded as well. */
const ONLY_COMPANY = 'accountId = 123456789012 and sourceIPAddress !^ 127.';
const listed = (filter: string, more = '') => `/events?q=${encodeURIComponent(filter)}&range=90d${more}`;

/** A page of the administrator, without the sign-in page. */
async function openSigned(path: string, options: Parameters<typeof openPage>[0] = {}): Promise<Page> {
  const page = await openPage({ session, ...options });
  await page.goto(consoleOf(server) + path);
  await page.getByRole('heading', { name: 'Event history' }).waitFor();
  return page;
}

async function openList(path: string, options: Parameters<typeof openPage>[0] = {}): Promise<Page> {
  const page = await openSigned(path, options);
  await counted(page);
  return page;
}

/** Waits until the search that the page now shows has its number. */
async function counted(page: Page): Promise<number> {
  const heading = page.getByRole('heading', { name: /^Events \([\d,]+\)$/ });
  await heading.waitFor();
  return Number((await heading.textContent())!.replaceAll(/\D/g, ''));
}

const bodyRows = (page: Page) => page.locator('.history-table tbody tr');
const namesOf = (page: Page) => page.locator('.history-table tbody th').allInnerTexts();
const filterOf = (page: Page) => new URL(page.url()).searchParams.get('q');
const filterInput = (page: Page) => page.getByRole('combobox', { name: 'Filter events' });
const named = (name: string) => (record: CompanyRecord) => record.eventName === name;

async function addCondition(page: Page, text: string): Promise<void> {
  await filterInput(page).fill(text);
  await page.keyboard.press('Enter');
}

/** Waits for the number of events to be this one. */
const waitCount = (page: Page, count: number) =>
  page.getByRole('heading', { name: `Events (${count.toLocaleString('en-US')})` }).waitFor();

describe('the list', () => {
  test('AWS’s columns, newest first, with number, counts and histogram', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    await waitCount(page, company.length);
    for (const name of [
      'Event name',
      'Event time (UTC)',
      'User name',
      'Event source',
      'Resource type',
      'Resource name',
    ]) {
      await page.getByRole('columnheader', { name, exact: true }).first().waitFor({ state: 'attached' });
    }
    expect(await bodyRows(page).count()).toBe(50);
    expect((await namesOf(page))[0]).toBe(company.at(-1)!.eventName);
    await page.getByRole('img', { name: /^Events over time: [\d,]+ events, [\d,]+ with errors$/ }).waitFor();
    await page.locator('.history-chart canvas').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'history');
  });

  test('an address that says nothing shows what changed something in the last 90 days, and says so from then on', async () => {
    const page = await openList('/events');
    expect(new URL(page.url()).search).toBe('?q=readOnly+%21%3D+true&range=90d');
  });

  test('the next page is there before it is asked for, and pages hold together while events come', async () => {
    const page = await openPage();
    const tokens: string[] = [];
    page.on('request', (request) => {
      const token = /"NextToken":"([^"]+)"/.exec(request.postData() ?? '')?.[1];
      if (token !== undefined) tokens.push(token);
    });
    await signIn(page, server, listed(ONLY_COMPANY));
    await counted(page);
    await expect.poll(() => tokens.length).toBe(1);
    const seen = [...(await namesOf(page))];
    await page.getByRole('button', { name: 'Next page' }).click();
    await expect.poll(async () => (await namesOf(page)).join()).not.toBe(seen.join());
    seen.push(...(await namesOf(page)));
    await expect.poll(() => tokens.length).toBe(2);
    expect(seen).toEqual(
      [...company]
        .reverse()
        .slice(0, 100)
        .map(({ eventName }) => eventName),
    );
    await page.getByRole('button', { name: 'Previous page' }).click();
    await expect.poll(() => namesOf(page)).toEqual(seen.slice(0, 50));
    expect(tokens.length).toBe(2);
  });

  test('oldest first', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    await page.locator('.history-table').getByText('Event time (UTC)').first().click();
    await page.waitForURL(/order=oldest/);
    await expect
      .poll(async () => (await namesOf(page)).slice(0, 10))
      .toEqual(company.slice(0, 10).map(({ eventName }) => eventName));
  });

  test('what records hold is text, and what cannot be seen in it is shown', async () => {
    const page = await openList(listed('eventId = hostile-1', '&column=eventName&column=userName&column=userAgent'));
    await page.getByText('<script>alert(1)</script>').first().waitFor();
    await page.getByText('\\u202egnp.exe').first().waitFor();
    expect(await page.title()).toBe('Event history | OpenTrail');
  });

  test('nothing found, and what to do about it', async () => {
    const page = await openList(listed('eventName = NoSuchThing'));
    await page.getByText('No events match').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Clear filters' }).last().click();
    await expect.poll(() => filterOf(page)).toBeNull();
    await expect.poll(() => bodyRows(page).count()).toBe(50);
  });

  test('who may not search is told what to ask for', async () => {
    const users = new IAMClient(clientConfig(server));
    await users.send(new CreateUserCommand({ UserName: 'newcomer' }));
    const { AccessKey } = await users.send(new CreateAccessKeyCommand({ UserName: 'newcomer' }));
    const page = await openPage();
    expectProblem(page, /status of (400|403)/);
    const keys = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
    await signIn(page, server, '/events', keys);
    await page.getByText('You need permission for opentrail:SearchEvents').first().waitFor();
    await expectAccessible(page);
  });
});

describe('filters', () => {
  test('conditions of every kind, in the address, without a question for each key', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    const asked: string[] = [];
    page.on('request', (request) => {
      const data = request.postData() ?? '';
      if (data.includes('"Limit":50')) asked.push(data);
    });
    await page.locator('body').press('/');
    await page.keyboard.type('Event name = DeleteBucket');
    expect(asked).toEqual([]);
    await page.keyboard.press('Enter');
    await waitCount(page, company.filter(named('DeleteBucket')).length);
    await addCondition(page, 'Error code exists');
    await waitCount(page, company.filter((r) => r.eventName === 'DeleteBucket' && r.errorCode).length);
    expect(filterOf(page)).toBe(`${ONLY_COMPANY} and eventName = DeleteBucket and errorCode exists`);
    await page.reload();
    await waitCount(page, company.filter((r) => r.eventName === 'DeleteBucket' && r.errorCode).length);
  });

  test('paths, prefixes, text, and numbers', async () => {
    const page = await openList(listed('eventSource = s3.amazonaws.com'));
    await addCondition(page, 'requestParameters.size > 4000');
    await waitCount(page, 1);
    await addCondition(page, 'User agent : <IMG');
    await addCondition(page, 'gnp.exe');
    await expect
      .poll(() => filterOf(page))
      .toBe('eventSource = s3.amazonaws.com and requestParameters.size > 4000 and userAgent : "<IMG" and gnp.exe');
    await waitCount(page, 1);
  });

  test('a pasted link shows its groups', async () => {
    const page = await openList(listed('eventName = DeleteBucket and (errorCode exists or userName = nobody)'));
    await page.getByText('Error code exists').waitFor();
    await waitCount(page, company.filter((r) => r.eventName === 'DeleteBucket' && r.errorCode).length);
    await expectAccessible(page);
  });

  test('what conditions cannot show is text, which says what is wrong with it', async () => {
    const deep = 'eventSource = s3.amazonaws.com and (readOnly = true or (errorCode exists and eventName ^ Delete))';
    const page = await openList(listed(deep));
    const text = page.getByRole('textbox', { name: 'Filter in the search language' });
    expect(await text.inputValue()).toBe(deep);
    await text.fill('eventName = DeleteBucket and (');
    await page.getByText(/Invalid filter at position \d+/).waitFor();
    await text.fill('eventName = DeleteBucket');
    await text.press('Enter');
    await waitCount(page, company.filter(named('DeleteBucket')).length);
    await expectAccessible(page);
  });

  test('a link with a filter that cannot be read says so', async () => {
    const page = await openSigned(listed('eventName = ('));
    await page
      .getByText(/Invalid filter at position \d+/)
      .first()
      .waitFor();
    await page.getByText('The filter cannot be read').waitFor();
    expect(filterOf(page)).toBe('eventName = (');
  });

  test('a click on a count includes or leaves out a value, several of one field are alternatives', async () => {
    const page = await openList(listed(ONLY_COMPANY), { viewport: { width: 1_500, height: 900 } });
    const of = (source: string) => company.filter(({ eventSource }) => eventSource === source).length;
    const sources = page.getByRole('list', { name: 'Event source' });
    await sources.getByRole('button', { name: /^s3\.amazonaws\.com [\d,]+$/ }).click();
    await waitCount(page, of('s3.amazonaws.com'));
    await sources.getByRole('button', { name: /^ec2\.amazonaws\.com [\d,]+$/ }).click();
    await waitCount(page, of('s3.amazonaws.com') + of('ec2.amazonaws.com'));
    expect(filterOf(page)).toBe(`${ONLY_COMPANY} and eventSource in (s3.amazonaws.com, ec2.amazonaws.com)`);
    await page.getByRole('button', { name: 'Leave out Event source ec2.amazonaws.com' }).click();
    await waitCount(page, of('s3.amazonaws.com'));
    await expectAccessible(page);
    await screenshot(page, 'history-counts');
  });

  test('a stale answer does not replace a newer one', async () => {
    const page = await openList(listed('eventName = ListBuckets'));
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(/\/v1\/search$/, async (route) => {
      if (route.request().postData()?.includes('StopLogging')) await held;
      await route.continue().catch(() => undefined);
    });
    const go = (filter: string) =>
      page.evaluate(
        `history.pushState(null, '', ${JSON.stringify(listed(filter))}); dispatchEvent(new PopStateEvent('popstate'))`,
      );
    await go('eventName = StopLogging');
    await go('eventName = DeleteBucket');
    await expect.poll(async () => new Set(await namesOf(page))).toEqual(new Set(['DeleteBucket']));
    release!();
    await page.getByRole('button', { name: 'Refresh' }).click();
    await waitCount(page, company.filter(named('DeleteBucket')).length);
    expect(new Set(await namesOf(page))).toEqual(new Set(['DeleteBucket']));
  });
});

describe('time and place', () => {
  test('dragging over the histogram narrows the range to what was under it', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    const box = (await page.locator('.history-chart .u-over').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=/);
    const params = new URL(page.url()).searchParams;
    const [from, to] = [Date.parse(params.get('from')!), Date.parse(params.get('to')!)];
    const within = company.filter(({ eventTime }) => Date.parse(eventTime) >= from && Date.parse(eventTime) <= to);
    await waitCount(page, within.length);
  });

  test('ranges to choose from, and all time', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    await page.getByRole('button', { name: /Last 90 days/ }).click();
    await page.getByRole('radio', { name: 'Last 7 days' }).click();
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.waitForURL(/range=7d/);
    await counted(page);
    await page.getByRole('button', { name: /Last 7 days/ }).click();
    await page.getByRole('button', { name: 'All time' }).click();
    await page.waitForURL(/range=all/);
    await waitCount(page, company.length);
  });

  test('all accounts and Regions at once, or those that are chosen', async () => {
    const page = await openList('/events?q=eventID+%3D+hostile-1&range=90d');
    await waitCount(page, 1);
    await page.getByRole('button', { name: /Accounts/ }).click();
    await page.getByRole('option', { name: '1234-5678-9012' }).click();
    await page.waitForURL(/account=123456789012/);
    await waitCount(page, 0);
    await page.getByRole('option', { name: '2109-8765-4321' }).click();
    await waitCount(page, 1);
    await page.keyboard.press('Escape');
    await page
      .getByRole('button', { name: /Regions/ })
      .last()
      .click();
    await page.getByRole('option', { name: 'us-east-1' }).click();
    await waitCount(page, 0);
  });
});

describe('an event', () => {
  test('opens beside the list, stays in the link, and is reached by keys', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    const last = company.at(-1)!;
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
    await signIn(other, server, pathname + search);
    await other.getByRole('heading', { name: last.eventName }).waitFor();
    await other.getByRole('button', { name: 'Only events with this User name' }).click();
    await expect.poll(() => filterOf(other)).toContain('userName = ');
    await other.getByRole('link', { name: 'Open event' }).click();
    await other.waitForURL((url) => url.pathname === `/events/${last.recipientAccountId}/${last.eventID}`);
  });

  test('that is on no page that was loaded is found by its link, with its time or without', async () => {
    const first = company[0]!;
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
    await page.goto(`${consoleOf(server)}/events`);
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
    await page.goto(`${consoleOf(server)}/events`);
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
    expect(lines.slice(1, -1).map((line) => line.split(',')[0])).toEqual(company.map(({ eventName }) => eventName));
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
    expect(Records).toEqual(company.filter(named('DeleteBucket')).reverse());
  });

  test('one that is cancelled, or whose server dies, leaves no file, and says so', async () => {
    const big = await startOpenTrail();
    await playMany(big, 8_000);
    await untilSearchable(big);
    const page = await openPage();
    await signIn(page, big, '/events?range=90d');
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
    await putRecords(server, [record(1), record(2)]);
    await page.getByRole('link', { name: 'Live2' }).waitFor();
    await expectAccessible(page);
    await screenshot(page, 'history-live');
    await bodyRows(page).first().hover();
    await page.getByText('Paused while you look').waitFor();
    await putRecords(server, [record(3)]);
    await page.getByText(/1 waiting/).waitFor();
    expect(await page.getByRole('link', { name: 'Live3' }).count()).toBe(0);
    await page.getByRole('heading', { name: 'Event history' }).hover();
    await page.getByRole('link', { name: 'Live3' }).waitFor();
    await putRecords(
      server,
      Array.from({ length: 2_000 }, (_, i) => record(10 + i)),
    );
    await page.getByText(/^2,003 received, [\d,]+ came too fast to be shown$/).waitFor();
    expect(await bodyRows(page).count()).toBe(25);
    await page.getByRole('button', { name: 'Search them' }).click();
    await waitCount(page, 2_003);
  });

  test('a stream that breaks off is taken up again, and nothing is missing or twice', async () => {
    const again = (n: number) => record(n).replace(`"Live${n}"`, `"Again${n}"`);
    const first = again(1);
    await putRecords(server, [first]);
    const page = await openPage();
    let streams = 0;
    // The first stream ends after its first record, as one does whose server is replaced.
    await page.route(/\/v1\/tail/, async (route) => {
      if (++streams === 1) return route.fulfill({ body: `${first}\n` });
      if (streams === 2) await putRecords(server, [again(2)]);
      return route.continue();
    });
    await signIn(page, server, '/events?live=1&q=eventName+%5E+Again');
    await page.getByRole('link', { name: 'Again2' }).waitFor();
    expect(streams).toBe(2);
    expect(await namesOf(page)).toEqual(['Again2', 'Again1']);
  });
});

describe('looks', () => {
  test('a narrow screen scrolls the table, not the page', async () => {
    const page = await openList(listed(ONLY_COMPANY), { viewport: PHONE });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
    await screenshot(page, 'history-phone');
  });

  test('dark', async () => {
    const page = await openList(listed(ONLY_COMPANY), { colorScheme: 'dark' });
    await page.locator('.history-chart canvas').waitFor();
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
    await signIn(page, real, '/events?range=all');
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
