import * as iam from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { consoleOf, expectAccessible, expectProblem, openPage, usingBrowser } from '../support/browser.ts';
import { codesOf } from '../support/console.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { clientConfig } from '../support/sdk.ts';

usingBrowser();
let server: RunningOpenTrail;
let code: (steps: number) => string;
beforeAll(async () => {
  server = await startOpenTrail();
  const client = new iam.IAMClient(clientConfig(server));
  const UserName = 'mia';
  await client.send(new iam.CreateUserCommand({ UserName }));
  const PolicyArn = 'arn:aws:iam::aws:policy/IAMUserChangePassword';
  await client.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
  const login = { Password: 'Correct-Horse-9', PasswordResetRequired: true };
  await client.send(new iam.CreateLoginProfileCommand({ UserName, ...login }));
  const made = await client.send(new iam.CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: UserName }));
  const { SerialNumber, Base32StringSeed } = made.VirtualMFADevice!;
  code = codesOf(Buffer.from(Base32StringSeed!).toString());
  const pair = { AuthenticationCode1: code(-2), AuthenticationCode2: code(-1) };
  await client.send(new iam.EnableMFADeviceCommand({ UserName, SerialNumber, ...pair }));
});
afterAll(cleanUp);

test('who has a device, and a password that must be changed, is asked for both in turn', async () => {
  const page = await openPage();
  expectProblem(page, /status of 40[13]/);
  await page.goto(`${consoleOf(server)}/users/mia?tab=credentials`);
  await page.getByText('IAM user', { exact: true }).click();
  await page.getByLabel('Account ID or alias').fill('123456789012');
  await page.getByLabel('User name').fill('mia');
  await page.getByLabel('Password', { exact: true }).fill('Correct-Horse-9');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Enter the code of your MFA device.').waitFor();
  await expectAccessible(page);
  await page.getByLabel('MFA code').fill(code(0));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('You must change your password to go on.').waitFor();
  await page.getByLabel('New password').fill('Battery-Staple-7');
  await page.getByLabel('MFA code').fill(code(0)); // not used yet; it may be another one by now
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname === '/users/mia'); // where she wanted to go
  await page.getByText('mia @ 1234-5678-9012').filter({ visible: true }).first().waitFor();
  expect(page.url()).toContain('tab=credentials');
});
