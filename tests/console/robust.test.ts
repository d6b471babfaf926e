import * as iam from '@aws-sdk/client-iam';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  consoleOf,
  enter,
  expectAccessible,
  expectProblem,
  openPage,
  PHONE,
  screenshot,
  usingBrowser,
} from '../support/browser.ts';
import { has } from '../support/clients.ts';
import { freePort } from '../support/moto.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { putRecords, untilSearchable } from '../support/play.ts';
import { clientConfig } from '../support/sdk.ts';
import { ACCOUNT } from '../support/trail.ts';

usingBrowser();
let server: RunningOpenTrail;
const users = () => new iam.IAMClient(clientConfig(server));
beforeAll(async () => {
  if (!has('chromium')) return;
  server = await startOpenTrail();
  await putRecords(
    server,
    [hostile(1), hostile(2), ...PLAIN].map((record) => JSON.stringify(record)),
  );
  await untilSearchable(server);
});
afterAll(cleanUp);

const LONG_WORD = 'w'.repeat(20_000);
const MARKUP = '"><img src=x onerror="document.title=\'hacked\'"><script>document.title="hacked"</script>';
/** Turned around, without width, a bell, an escape sequence of terminals. */
const UNSEEN = 'gnp\u202eexe\u200b\u0007\u001b[31m';
const when = (minutesAgo: number) => `${new Date(Date.now() - minutesAgo * 60_000).toISOString().slice(0, 19)}Z`;
const common = (n: number) => ({
  eventVersion: '1.11',
  eventTime: when(10 + n),
  eventSource: 's3.amazonaws.com',
  awsRegion: 'us-east-1',
  recipientAccountId: ACCOUNT,
  readOnly: false,
});

/** As long and as hostile as a record can be. */
const hostile = (n: number) => ({
  ...common(n),
  eventID: `0000000${n}-1111-4111-8111-111111111111`,
  eventName: `Evil${n}${UNSEEN}`,
  sourceIPAddress: `${MARKUP}${LONG_WORD}`,
  userAgent: MARKUP + UNSEEN,
  userIdentity: {
    type: 'IAMUser',
    userName: `eve${UNSEEN}${MARKUP}`,
    arn: `arn:aws:iam::${ACCOUNT}:user/${LONG_WORD}`,
    accountId: ACCOUNT,
    accessKeyId: LONG_WORD,
  },
  errorCode: `Access${UNSEEN}${LONG_WORD}`,
  errorMessage: MARKUP.repeat(500),
  requestParameters: {
    bucketName: LONG_WORD,
    [`${MARKUP}${UNSEEN}`]: null,
    policy: 'p'.repeat(600_000),
    many: Array.from({ length: 5_000 }, (_, i) => ({ i, value: UNSEEN })),
    ['__proto__']: { polluted: true },
    deep: JSON.parse('['.repeat(60) + ']'.repeat(60)),
  },
  responseElements: { constructor: 'c', toString: 't', hasOwnProperty: false },
  resources: [{ ARN: `arn:aws:s3:::${LONG_WORD}`, type: MARKUP, accountId: UNSEEN }],
  requestID: LONG_WORD,
});

const PLAIN = Array.from({ length: 60 }, (_, i) => ({
  ...common(i),
  eventID: `22222222-2222-4222-8222-${String(i).padStart(12, '0')}`,
  eventName: i % 2 === 0 ? 'CreateBucket' : 'DeleteBucket',
  sourceIPAddress: '198.51.100.7',
  userIdentity: { type: 'IAMUser', userName: 'alice', arn: `arn:aws:iam::${ACCOUNT}:user/alice`, accountId: ACCOUNT },
  requestParameters: { bucketName: `b${i}` },
}));

const go = async (path: string, options: Parameters<typeof openPage>[0] = {}): Promise<Page> => {
  const page = await openPage(options);
  await enter(page, server, path);
  return page;
};
const history = (filter: string, more = '&range=90d') => `/events?q=${encodeURIComponent(filter)}${more}`;
const ALICE = history('userName = alice');
const events = (page: Page, count: number) => page.getByRole('heading', { name: `Events (${count})` }).waitFor();

describe('a hostile record', () => {
  async function expectHarmless(page: Page) {
    expect(await page.title()).not.toContain('hacked');
    expect(await page.locator('#content img[src=x], main script, main img[src=x]').count()).toBe(0);
    const shown = await page.evaluate<string>('document.body.innerText');
    expect(/[\p{Cc}\p{Cf}]/u.exec(shown.replace(/\s/g, '')), 'what cannot be seen is written out').toBeNull();
    const wider = () => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    await expect.poll(wider).toBeLessThanOrEqual(0);
    expect(await page.evaluate('({}).polluted')).toBeUndefined();
  }

  test('is a row, a panel, a page and a comparison like any other', async () => {
    const page = await go(history('eventName ^ Evil'));
    await events(page, 2);
    await page.getByRole('button', { name: 'Show counts' }).click();
    await page.locator('.history-facet').first().waitFor();
    await expectHarmless(page);
    await page.getByRole('row', { name: /Evil1/ }).getByText('s3.amazonaws.com').click();
    await page.getByRole('tree').waitFor();
    await expectHarmless(page);
    await expectAccessible(page);
    await screenshot(page, 'hostile-history');
    await page.getByRole('link', { name: 'Open event' }).click();
    await page.getByRole('heading', { level: 1, name: /^eve/ }).waitFor();
    await page.getByRole('button', { name: /^Compare with eve/ }).click();
    await page.getByRole('table', { name: 'Differences' }).waitFor();
    await page.getByText('Record as JSON').click();
    await page.locator('.cm-content').waitFor();
    await expectHarmless(page);
    await expectAccessible(page);
    await screenshot(page, 'hostile-event');
    await page.setViewportSize(PHONE);
    await expectHarmless(page);
    await screenshot(page, 'hostile-event-phone');
  });

  test('is counted on the overview', async () => {
    const page = await go('/?range=24h');
    await page.getByText('Top callers').waitFor();
    await page.waitForLoadState('networkidle');
    await expectHarmless(page);
    await screenshot(page, 'hostile-overview');
  });
});

describe('many', () => {
  test('5,000 users are listed, found and sorted without waiting', async () => {
    const page = await openPage();
    const member = (i: number) =>
      `<member><UserName>user-${i}</UserName><UserId>AIDA${i}</UserId><Path>/</Path><Arn>arn:aws:iam::${ACCOUNT}:user/user-${i}</Arn>` +
      '<CreateDate>2026-01-01T00:00:00Z</CreateDate><GroupList><member>staff</member></GroupList></member>';
    await page.route(/\/aws\/iam\//, async (route) => {
      const form = new URLSearchParams(route.request().postData() ?? '');
      if (form.get('Action') !== 'GetAccountAuthorizationDetails') return route.continue();
      const first = Number(form.get('Marker') ?? 0);
      const list = Array.from({ length: 1_000 }, (_, i) => member(first + i)).join('');
      const more = first < 4_000 ? `<IsTruncated>true</IsTruncated><Marker>${first + 1_000}</Marker>` : '';
      const body = `<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult><UserDetailList>${list}</UserDetailList>${more}</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>`;
      return route.fulfill({ body, contentType: 'text/xml' });
    });
    await enter(page, server, '/users');
    await page.getByRole('heading', { name: 'Users (5,000)' }).waitFor();
    await expect.poll(() => page.getByRole('row').count()).toBe(51);
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByRole('button', { name: 'Page 2', exact: true }).waitFor();
    await page.getByLabel('Find users').fill('user-4711');
    await page.getByText('1 found').first().waitFor();
    await page.getByRole('link', { name: 'user-4711' }).waitFor();
    await expectAccessible(page);
  });
});

describe('back and forward', () => {
  test('undo and redo what was asked', async () => {
    const page = await go(ALICE);
    await events(page, 60);
    await page.goto(consoleOf(server) + history('userName = alice and eventName = DeleteBucket'));
    await events(page, 30);
    await page.locator('.history-table').getByText('Event time (UTC)').locator('visible=true').first().click();
    await page.waitForURL(/order=oldest/);
    await page
      .getByRole('row', { name: /DeleteBucket/ })
      .first()
      .getByText('s3.amazonaws.com')
      .click();
    await page.getByRole('tree').waitFor();
    await page.goBack();
    await page.getByRole('tree').waitFor({ state: 'detached' });
    await page.goBack();
    await expect.poll(() => page.url()).not.toContain('order=oldest');
    await page.goBack();
    await events(page, 60);
    await page.goForward();
    await events(page, 30);
    await page.goForward();
    await page.waitForURL(/order=oldest/);
  });

  test('go through the tabs of a page', async () => {
    const page = await go('/users/opentrail');
    await page.getByRole('tab', { name: 'Tags' }).click();
    await page.waitForURL(/tab=tags/);
    await page.getByRole('tab', { name: 'Permissions' }).click();
    await page.waitForURL(/tab=permissions/);
    await page.goBack();
    await page.getByRole('tab', { name: 'Tags', selected: true }).waitFor();
    await page.goBack();
    await page.getByRole('tab', { name: 'Activity', selected: true }).waitFor();
    expect(new URL(page.url()).search).toBe('');
  });
});

test('a word is searched for twice without finding the first search, and too many words are said to be too many', async () => {
  const page = await go('/');
  const search = page.getByRole('searchbox', { name: 'Search events' });
  for (const _ of ['once', 'again']) {
    await search.fill('alice');
    await search.press('Enter');
    await events(page, 60);
  }
  await search.fill('who deleted alice?');
  await search.press('Enter');
  await page.getByText('Each word has to be in the event').waitFor();
});

test('times are those of where one is, with the zone said, or UTC', async () => {
  const page = await go(ALICE, { timeZone: 'Asia/Kathmandu' });
  await events(page, 60);
  await page
    .getByRole('columnheader', { name: 'Event time (UTC+5:45)' })
    .or(page.getByRole('columnheader', { name: 'Event time (UTC+05:45)' }))
    .first()
    .waitFor();
  const newest = Date.parse(PLAIN[0]!.eventTime);
  const there = new Date(newest + 345 * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  await page.getByText(there).first().waitFor();
  expect(await page.locator('time').first().getAttribute('title')).toContain(
    `${new Date(newest).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
  );
});

test('two tabs are one person: a role that one of them takes is the other’s as well', async () => {
  const trust = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  await users().send(new iam.CreateRoleCommand({ RoleName: 'Auditor', AssumeRolePolicyDocument }));
  await users().send(
    new iam.AttachRolePolicyCommand({ RoleName: 'Auditor', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }),
  );
  const page = await openPage();
  expectProblem(page, /status of 40[13]/);
  await enter(page, server, ALICE);
  await events(page, 60);
  const other = await page.context().newPage();
  await other.goto(`${consoleOf(server)}/roles/Auditor`);
  await other.getByRole('button', { name: 'Switch to this role' }).click();
  await other.getByRole('button', { name: /^Auditor/ }).waitFor();
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByRole('button', { name: /^Auditor/ }).waitFor();
});

test('a server that goes away is said so, and found again when it is back', async () => {
  const port = await freePort(); // one that nobody is given while it is away, the browser that tries again least of all
  const first = await startOpenTrail({ flags: { 'console-port': port } });
  await putRecords(
    first,
    PLAIN.map((record) => JSON.stringify(record)),
  );
  await untilSearchable(first);
  const page = await openPage();
  expectProblem(page, /ERR_|status of 50[234]|dynamically imported module/);
  await enter(page, first, ALICE);
  await events(page, 60);
  const live = await page.context().newPage();
  await live.goto(`${consoleOf(first)}/events?live=1&q=${encodeURIComponent('eventName = Again')}`);
  await live.getByText('Nothing yet').waitFor();
  await first.kill();
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText('No answer from OpenTrail').first().waitFor();
  await live.getByText(/Connection lost, trying again/).waitFor();
  await screenshot(page, 'server-away');
  await page.getByRole('link', { name: 'Trails', exact: true }).click();
  await page
    .getByText(/No answer from OpenTrail|could not be loaded/)
    .first()
    .waitFor();
  await page.goBack();
  const second = await startOpenTrail({ dataDir: first.dataDir, flags: { 'console-port': port } });
  await untilSearchable(second);
  await page
    .getByRole('button', { name: /^(Try again|Reload)$/ })
    .first()
    .click();
  await events(page, 60);
  await putRecords(second, [
    JSON.stringify({ ...PLAIN[0], eventID: 'again-1', eventName: 'Again', eventTime: when(0) }),
  ]);
  await live.getByRole('link', { name: 'Again' }).waitFor();
});
