import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { enter, expectAccessible, expectProblem, openPage, screenshot } from '../support/browser.ts';
import {
  bodyRows,
  counted,
  filterInput,
  filterOf,
  listed,
  named,
  namesOf,
  ONLY_COMPANY,
  usingHistory,
  waitCount,
} from '../support/history.ts';
import { clientConfig } from '../support/sdk.ts';

const { world, openSigned, openList } = usingHistory();

async function addCondition(page: Page, text: string): Promise<void> {
  await filterInput(page).fill(text);
  await page.keyboard.press('Enter');
}

describe('the list', () => {
  test('AWS’s columns, newest first, with number, counts and histogram', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    await waitCount(page, world.company.length);
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
    await expect.poll(() => bodyRows(page).count()).toBe(50);
    await expect.poll(async () => (await namesOf(page))[0]).toBe(world.company.at(-1)!.eventName);
    await page.getByRole('img', { name: /^Events over time: [\d,]+ events, [\d,]+ with errors$/ }).waitFor();
    await page.locator('.ot-histogram-bars canvas').waitFor();
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
    await enter(page, world.server, listed(ONLY_COMPANY));
    await counted(page);
    await expect.poll(() => tokens.length).toBe(1);
    const seen = [...(await namesOf(page))];
    await page.getByRole('button', { name: 'Next page' }).click();
    await expect.poll(async () => (await namesOf(page)).join()).not.toBe(seen.join());
    seen.push(...(await namesOf(page)));
    await expect.poll(() => tokens.length).toBe(2);
    expect(seen).toEqual(
      [...world.company]
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
      .toEqual(world.company.slice(0, 10).map(({ eventName }) => eventName));
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
    const users = new IAMClient(clientConfig(world.server));
    await users.send(new CreateUserCommand({ UserName: 'newcomer' }));
    const { AccessKey } = await users.send(new CreateAccessKeyCommand({ UserName: 'newcomer' }));
    const page = await openPage();
    expectProblem(page, /status of (400|403)/);
    const keys = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
    await enter(page, world.server, '/events', keys);
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
      // The next page is asked for when this one is there, which may be now.
      if (data.includes('"Limit":50') && !data.includes('"NextToken"')) asked.push(data);
    });
    await page.locator('body').press('/');
    await page.keyboard.type('Event name = DeleteBucket');
    expect(asked).toEqual([]);
    await page.keyboard.press('Enter');
    await waitCount(page, world.company.filter(named('DeleteBucket')).length);
    await addCondition(page, 'Error code exists');
    await waitCount(page, world.company.filter((r) => r.eventName === 'DeleteBucket' && r.errorCode).length);
    expect(filterOf(page)).toBe(`${ONLY_COMPANY} and eventName = DeleteBucket and errorCode exists`);
    await page.reload();
    await waitCount(page, world.company.filter((r) => r.eventName === 'DeleteBucket' && r.errorCode).length);
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
    await waitCount(page, world.company.filter((r) => r.eventName === 'DeleteBucket' && r.errorCode).length);
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
    await waitCount(page, world.company.filter(named('DeleteBucket')).length);
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
    const of = (source: string) => world.company.filter(({ eventSource }) => eventSource === source).length;
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
    await waitCount(page, world.company.filter(named('DeleteBucket')).length);
    expect(new Set(await namesOf(page))).toEqual(new Set(['DeleteBucket']));
  });
});

describe('time and place', () => {
  test('dragging over the histogram narrows the range to what was under it', async () => {
    const page = await openList(listed(ONLY_COMPANY));
    await bodyRows(page).nth(49).waitFor(); // all has its place by now
    const box = (await page.locator('.ot-histogram-bars .u-over').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=/);
    const params = new URL(page.url()).searchParams;
    const [from, to] = [Date.parse(params.get('from')!), Date.parse(params.get('to')!)];
    const within = world.company.filter(
      ({ eventTime }) => Date.parse(eventTime) >= from && Date.parse(eventTime) <= to,
    );
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
    await waitCount(page, world.company.length);
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
