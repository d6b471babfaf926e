import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { consoleOf, openPage, pictures, usingBrowser } from '../support/browser.ts';
import { needsClients } from '../support/clients.ts';
import { cleanUp, newFolder, startOpenTrail } from '../support/opentrail.ts';
import { blockOf, typeAsWritten } from '../support/walk.ts';

usingBrowser();
needsClients('aws', 'aws-endpoint-env');
afterAll(cleanUp);

const ROOT = join(import.meta.dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
test('a new user finds who deleted a bucket by the three steps of the README', async () => {
  const started = Date.now();
  const server = await startOpenTrail();
  const typed = await typeAsWritten(blockOf(README, 'walk-through: a bucket is deleted'), server, newFolder('walk'));
  expect(typed.code, typed.stderr + typed.stdout).toBe(0);

  const page = await openPage();
  await page.goto(consoleOf(server));
  const credentials = readFileSync(join(server.dataDir, 'credentials'), 'utf8');
  const field = (name: string) => new RegExp(`^${name}\\s*=\\s*(\\S+)`, 'm').exec(credentials)![1]!;
  await page.getByLabel('Access key ID').fill(field('aws_access_key_id'));
  await page.getByLabel('Secret access key').fill(field('aws_secret_access_key'));
  await page.getByRole('button', { name: 'Sign in' }).click();

  const search = page.getByRole('searchbox', { name: 'Search events' });
  await search.fill('DeleteBucket');
  await search.press('Enter');
  const found = page.getByRole('link', { name: 'DeleteBucket', exact: true }).first();
  await found.waitFor();
  await page.waitForLoadState('networkidle');
  await pictures(page, 'walk-search');
  await found.click();
  await page
    .getByRole('heading', { name: /^opentrail deleted bucket customer-exports from 127\.0\.0\.1 at / })
    .waitFor();
  await page.waitForLoadState('networkidle');
  await pictures(page, 'walk-event');
  // The word is a minute, of which reading and typing take a person half; what is left depends on the machine.
  process.stderr.write(`from the first start to who deleted it: ${Date.now() - started} ms\n`);
});
