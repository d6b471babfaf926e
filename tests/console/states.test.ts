import * as iam from '@aws-sdk/client-iam';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  DESKTOP,
  enter,
  expectAccessible,
  expectProblem,
  openPage,
  PHONE,
  pictures,
  usingBrowser,
} from '../support/browser.ts';
import { has } from '../support/clients.ts';
import { pagePatterns } from '../support/console-pages.ts';
import { callJson } from '../support/json-call.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { clientConfig } from '../support/sdk.ts';
import { ACCOUNT } from '../support/trail.ts';

usingBrowser();
let server: RunningOpenTrail;
let nobody: { readonly accessKeyId: string; readonly secretAccessKey: string };
let keyArn: string;
beforeAll(async () => {
  if (!has('chromium')) return;
  server = await startOpenTrail();
  const users = new iam.IAMClient(clientConfig(server));
  await users.send(new iam.CreateUserCommand({ UserName: 'nobody' }));
  const { AccessKey } = await users.send(new iam.CreateAccessKeyCommand({ UserName: 'nobody' }));
  keyArn = (await callJson<{ KeyMetadata: { Arn: string } }>(server, 'kms', 'CreateKey', {})).KeyMetadata.Arn;
  nobody = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
});
afterAll(cleanUp);

interface States {
  readonly path: () => string;
  /** What the page says where nothing is there: no such user, or none at all. */
  readonly empty: string;
  /** The first permission that it takes; undefined where it asks for nothing at first. */
  readonly action?: string;
  /** Where that is told, when it is not where nothing is there. */
  readonly deniedPath?: () => string;
}

const NOTHING = '33333333-3333-4333-8333-333333333333';
const TRAIL = `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/nothing`;

/** Each page of the console, where there is nothing to show. */
const PAGES: Readonly<Record<string, States>> = {
  '/': { path: () => '/', empty: 'No errors', action: 'opentrail:SearchEvents' },
  '/events': {
    path: () => '/events?q=eventName+%3D+Nothing',
    empty: 'No events match',
    action: 'opentrail:SearchEvents',
  },
  '/events/:accountId/:eventId': {
    path: () => `/events/${ACCOUNT}/${NOTHING}`,
    empty: 'No such event',
    action: 'opentrail:SearchEvents',
  },
  '/trails': { path: () => '/trails', empty: 'No trails', action: 'cloudtrail:ListTrails' },
  '/trails/create': { path: () => '/trails/create', empty: 'No tags' },
  '/trails/edit/:arn…': { path: () => `/trails/edit/${TRAIL}`, empty: 'No such trail', action: 'cloudtrail:GetTrail' },
  '/trails/:arn…': { path: () => `/trails/${TRAIL}`, empty: 'No such trail', action: 'cloudtrail:GetTrail' },
  '/integrity': { path: () => '/integrity', empty: 'No trails', action: 'cloudtrail:ListTrails' },
  '/notifications': { path: () => '/notifications', empty: 'No topics', action: 'cloudtrail:ListTrails' },
  '/alarms': { path: () => '/alarms', empty: 'No alarms', action: 'cloudwatch:DescribeAlarms' },
  '/users': {
    path: () => '/users?q=nothing',
    empty: 'Nothing found',
    action: 'iam:GetAccountAuthorizationDetails',
  },
  '/users/:name': { path: () => '/users/nothing', empty: 'No such user', action: 'iam:GetUser' },
  '/roles': { path: () => '/roles', empty: 'No roles', action: 'iam:GetAccountAuthorizationDetails' },
  '/roles/:name': { path: () => '/roles/nothing', empty: 'No such role', action: 'iam:GetRole' },
  '/keys': { path: () => '/keys?q=nothing', empty: 'Nothing found', action: 'kms:ListKeys' },
  '/keys/:arn…': {
    path: () => `/keys/arn:aws:kms:us-east-1:${ACCOUNT}:key/${NOTHING}`,
    empty: 'No such key',
    action: 'kms:DescribeKey',
    deniedPath: () => `/keys/${keyArn}`, // KMS tells of keys that are not there before it asks who wants to know
  },
};

test('these are all pages', () => {
  expect(Object.keys(PAGES)).toEqual(pagePatterns());
});

const CALLS = /\/aws\//;

test.each(Object.entries(PAGES))('%s', async (pattern, { path, empty, action }) => {
  const page = await openPage();
  expectProblem(page, /status of (400|404|500)/);
  const picture = pattern.replaceAll(/\W+/g, '-');
  const shows = async (state: string, text: string | RegExp) => {
    await page.getByRole('main').getByText(text).filter({ visible: true }).first().waitFor();
    await page.getByRole('heading', { level: 1 }).waitFor(); // one, or Playwright says so
    await readable(page, `state${picture}-${state}`);
  };

  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route(CALLS, async (route) => {
    await answered;
    await route.fulfill({ status: 500, json: { __type: 'InternalFailure', message: 'The disk is full.' } });
  });
  await enter(page, server, path());
  if (action !== undefined) {
    await shows('loading', /^(Loading|Searching)/);
    answer();
    await shows('error', 'The disk is full.');
  }
  await page.unroute(CALLS);
  const again = page.getByRole('button', { name: 'Try again' });
  for (let left = await again.count(); left > 0; left--) {
    await again.last().click();
    await expect.poll(() => again.count()).toBe(left - 1);
  }
  await shows('empty', empty);
});

test('who may do nothing is told by each page what it would take', async () => {
  const page = await openPage();
  expectProblem(page, /status of 40[03]/);
  for (const [pattern, { path, action, deniedPath = path }] of Object.entries(PAGES)) {
    if (action === undefined) continue;
    await enter(page, server, deniedPath(), nobody);
    await page.getByText(`You need permission for ${action}`).first().waitFor();
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await page.locator('nav a[href="/events"]').first().isVisible()).toBe(true);
    await readable(page, `state${pattern.replaceAll(/\W+/g, '-')}-denied`);
  }
});

/** The states of one page stand in the docs for those of all. */
const IN_THE_DOCS = /^state-trails-\w+$/;

/** In both colours, and no wider than the narrowest screen. */
async function readable(page: Page, name: string): Promise<void> {
  if (IN_THE_DOCS.test(name)) await pictures(page, name);
  await expectAccessible(page);
  await page.setViewportSize(PHONE);
  const wider = () => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  await expect.poll(wider, { message: `${name}: wider than ${PHONE.width} pixels` }).toBeLessThanOrEqual(0);
  await page.setViewportSize(DESKTOP);
}
