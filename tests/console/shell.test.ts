import * as iam from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  consoleOf,
  DESKTOP,
  enter,
  expectAccessible,
  expectProblem,
  openPage,
  PHONE,
  screenshot,
  signIn,
  usingBrowser,
} from '../support/browser.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { clientConfig } from '../support/sdk.ts';

const ACCOUNT = '123456789012';
const PASSWORD = 'Correct-Horse-9';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/Auditor`;

let server: RunningOpenTrail;
let users: iam.IAMClient;

usingBrowser();
beforeAll(async () => {
  server = await startOpenTrail();
  users = new iam.IAMClient(clientConfig(server));
  await users.send(new iam.CreateUserCommand({ UserName: 'ada' }));
  await users.send(new iam.CreateLoginProfileCommand({ UserName: 'ada', Password: PASSWORD }));
  const trust = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  await users.send(new iam.CreateRoleCommand({ RoleName: 'Auditor', AssumeRolePolicyDocument }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await users.send(new iam.AttachRolePolicyCommand({ RoleName: 'Auditor', PolicyArn }));
});
afterAll(cleanUp);

describe('signing in', () => {
  test('leads back to where one was', async () => {
    const page = await openPage();
    await signIn(page, server, '/?range=7d&auto=1');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(new URL(page.url()).search).toBe('?range=7d&auto=1');
  });

  test('with a wrong secret says so, and no more', async () => {
    const page = await openPage();
    expectProblem(page, /status of 401/);
    await page.goto(consoleOf(server));
    await page.getByLabel('Access key ID').fill(server.accessKeyId);
    await page.getByLabel('Secret access key').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('Your authentication information is incorrect.').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'sign-in');
  });

  test('asks for what is missing', async () => {
    const page = await openPage({ viewport: PHONE });
    await page.goto(consoleOf(server));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => page.getByText('Fill this in.').count()).toBe(2);
    await expectAccessible(page);
  });

  test('as a user by password, who may do nothing yet, and told so', async () => {
    const page = await openPage();
    expectProblem(page, /status of (400|403)/);
    await page.goto(consoleOf(server));
    await page.getByRole('button', { name: 'IAM user' }).click();
    await page.getByLabel('Account ID or alias').fill('1234-5678-9012');
    await page.getByLabel('User name').fill('ada');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('You need permission for opentrail:SearchEvents').waitFor();
    await page.getByRole('button', { name: 'ada @ 1234-5678-9012' }).waitFor();
    await expectAccessible(page);
  });

  test('too often with a wrong password is told, and how long to wait', async () => {
    const page = await openPage();
    expectProblem(page, /status of (401|429)/);
    await page.goto(consoleOf(server));
    await page.getByRole('button', { name: 'IAM user' }).click();
    await page.getByLabel('Account ID or alias').fill(ACCOUNT);
    await page.getByLabel('User name').fill('eve');
    const message = page.getByText(/Too many failed attempts. Try again in \d+ seconds/);
    // From the sixth on there is a wait, which doubles each time: so there is one that this machine is quicker than.
    for (let attempt = 0; attempt < 12 && !(await message.isVisible()); attempt++) {
      await page.getByLabel('Password', { exact: true }).fill(`guess ${attempt}`);
      const answered = page.waitForResponse(/\/session$/);
      await page.keyboard.press('Enter');
      await answered;
      await page.getByText(/incorrect|Too many/).waitFor();
    }
    await message.waitFor();
  });
});

describe('the frame', () => {
  test('role, and back', async () => {
    const page = await openPage();
    await signIn(page, server);
    const menu = page.getByRole('button', { name: /opentrail @ / });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Switch role' }).click();
    await page.getByLabel('Role ARN').fill(ROLE);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Switch role' }).last().click();
    const asRole = page.getByRole('button', { name: /Auditor\/.* @ / });
    await asRole.click();
    await page.getByRole('menuitem', { name: 'Switch back to opentrail' }).click();
    await menu.waitFor();
  });

  test('preferences hold after a reload', async () => {
    const page = await openPage();
    await enter(page, server);
    await page.getByRole('button', { name: /opentrail @ / }).click();
    await page.getByRole('menuitem', { name: 'Preferences' }).click();
    await page.getByLabel('Dark').click();
    await page.getByLabel('Compact').click();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('body.awsui-dark-mode.awsui-compact-mode').waitFor();
    await page.reload();
    await page.locator('body.awsui-dark-mode.awsui-compact-mode').waitFor();
  });

  test('Region', async () => {
    const page = await openPage();
    await enter(page, server);
    await page.getByRole('button', { name: 'Region us-east-1' }).click();
    await page.getByRole('menuitem', { name: 'eu-central-1' }).click();
    const asked = page.waitForRequest(/\/aws\/cloudtrail\/eu-central-1\//);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await asked;
  });

  test('keys', async () => {
    const page = await openPage();
    await enter(page, server);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    // Keys that follow each other have a second and a half for it: so none is sent only when the one before was answered.
    const together = (...keys: string[]) => Promise.all(keys.map((key) => page.keyboard.press(key)));
    await together('g', 'e');
    await page.getByRole('heading', { name: 'Event history' }).waitFor();
    await together('g', 'o');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('?');
    const shortcuts = page.getByRole('heading', { name: 'Keyboard shortcuts' });
    await shortcuts.waitFor();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await shortcuts.waitFor({ state: 'hidden' });
    await page.keyboard.press('/');
    await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('INPUT');
    await page.keyboard.type('DeleteBucket');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/events\?q=DeleteBucket/);
    await page.goBack();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });

  test('a page that is not there', async () => {
    const page = await openPage();
    await enter(page, server, '/nowhere');
    await page.getByText('There is no page /nowhere').waitFor();
    await page.getByRole('link', { name: 'Go to the overview' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });

  test('on a narrow screen', async () => {
    const page = await openPage({ viewport: PHONE });
    await enter(page, server);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    const wider = () => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    await expect.poll(wider).toBeLessThanOrEqual(0);
    await expectAccessible(page);
  });

  test('a window that was narrow for a while has its navigation again', async () => {
    const page = await openPage();
    await enter(page, server);
    const link = page.locator('nav a[href="/trails"]');
    await link.waitFor();
    await page.setViewportSize(PHONE);
    await link.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Open side navigation' }).click();
    await link.click();
    await page.waitForURL(/\/trails$/);
    await link.waitFor({ state: 'hidden' });
    await page.setViewportSize(DESKTOP);
    await link.waitFor();
    await page.reload();
    await link.waitFor();
  });

  test('a session that ended elsewhere, and on where one was', async () => {
    const page = await openPage();
    expectProblem(page, /status of 401/);
    await signIn(page, server, '/?range=30d');
    const other = await page.context().newPage();
    await other.goto(consoleOf(server));
    await other.getByRole('button', { name: /opentrail @ / }).click();
    await other.getByRole('menuitem', { name: 'Sign out' }).click();
    await other.getByLabel('Access key ID').waitFor();
    const ended = page.getByText('Your session has ended.');
    const refresh = page.getByRole('button', { name: 'Refresh' });
    await ended.or(refresh).first().waitFor();
    // Something that was still being loaded may tell it already, or while the button is looked for.
    if (!(await ended.isVisible())) await refresh.click({ timeout: 20_000 }).catch(() => undefined);
    await ended.waitFor();
    await page.getByLabel('Access key ID').fill(server.accessKeyId);
    await page.getByLabel('Secret access key').fill(server.secretAccessKey);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/\?range=30d$/);
  });
});
