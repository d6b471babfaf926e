import { readFileSync } from 'node:fs';
import { CloudTrailClient, UpdateTrailCommand } from '@aws-sdk/client-cloudtrail';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import * as iam from '@aws-sdk/client-iam';
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, type Credentials, STSClient } from '@aws-sdk/client-sts';
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
import { eventually } from '../support/clients.ts';
import { callJson } from '../support/json-call.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { putRecords, untilSearchable } from '../support/play.ts';
import { clientConfig, signedFetch } from '../support/sdk.ts';
import { ACCOUNT, makeTrail } from '../support/trail.ts';

usingBrowser();
let server: RunningOpenTrail;
let deletion: FoundRecord;
beforeAll(async () => {
  server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1 } });
  await deleteThroughRoles();
  await putRecords(
    server,
    [HOSTILE, REFUSED, ...OLD].map((record) => JSON.stringify(record)),
  );
  await untilSearchable(server);
  deletion = await recordOf('eventName = DeleteBucket and userType = AssumedRole');
});
afterAll(cleanUp);

interface FoundRecord {
  readonly eventID: string;
  readonly eventTime: string;
}

async function recordOf(Filter: string): Promise<FoundRecord> {
  const asked = async () => {
    const answer = await signedFetch(server, 'POST', '/opentrail/v1/search', JSON.stringify({ Filter, Limit: 1 }));
    const { Events } = (await answer.json()) as { Events: readonly { readonly Record: string }[] };
    return Events[0] && (JSON.parse(Events[0].Record) as FoundRecord);
  };
  return eventually(asked, `a record with ${Filter}`);
}

const trusting = (arn: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole' }],
  });
const ALL = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] });

/** alice, with a key of her own, takes the role deploy, and in it the role admin, in which she deletes a bucket. */
async function deleteThroughRoles(): Promise<void> {
  const users = new iam.IAMClient(clientConfig(server));
  const { User } = await users.send(new iam.CreateUserCommand({ UserName: 'alice' }));
  await users.send(new iam.PutUserPolicyCommand({ UserName: 'alice', PolicyName: 'all', PolicyDocument: ALL }));
  const { AccessKey } = await users.send(new iam.CreateAccessKeyCommand({ UserName: 'alice' }));
  const makeRole = async (RoleName: string, trusted: string) => {
    const { Role } = await users.send(
      new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trusting(trusted) }),
    );
    await users.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'all', PolicyDocument: ALL }));
    return Role!.Arn!;
  };
  const deploy = await makeRole('deploy', User!.Arn!);
  const admin = await makeRole('admin', deploy);
  const own = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  const inDeploy = await assume(own, deploy, 'release');
  const inAdmin = await assume(inDeploy, admin, 'clean-up');
  const store = new S3Client({ ...clientConfig(server), credentials: inAdmin, forcePathStyle: true });
  await store.send(new CreateBucketCommand({ Bucket: 'my-logs' }));
  await store.send(new DeleteBucketCommand({ Bucket: 'my-logs' }));
}

async function assume(
  credentials: { accessKeyId: string; secretAccessKey: string },
  RoleArn: string,
  RoleSessionName: string,
) {
  const sts = new STSClient({ ...clientConfig(server), credentials });
  const { Credentials: given } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName }));
  const { AccessKeyId, SecretAccessKey, SessionToken } = given as Required<Credentials>;
  return { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
}

/** alice signs in to the console with her password, switches role, and looks at trails. @returns the last answer's status */
async function switchInConsole(RoleArn: string): Promise<number> {
  const origin = consoleOf(server);
  const headers = { origin, 'content-type': 'application/json' };
  const proof = { AccountId: ACCOUNT, UserName: 'alice', Password: 'Correct-Horse-9' };
  const signedIn = await fetch(`${origin}/session`, { method: 'POST', headers, body: JSON.stringify(proof) });
  const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!;
  const csrfOf = async (answer: Response) => ((await answer.json()) as { CsrfToken: string }).CsrfToken;
  const post = (path: string, csrf: string, body: object, more = {}) =>
    fetch(origin + path, {
      method: 'POST',
      headers: { ...headers, cookie, 'x-opentrail-csrf': csrf, ...more },
      body: JSON.stringify(body),
    });
  const switched = await post('/session/role', await csrfOf(signedIn), { RoleArn });
  const target = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'CloudTrail_20131101.DescribeTrails' };
  return (await post('/aws/cloudtrail/us-east-1/', await csrfOf(switched), {}, target)).status;
}

const secondsAgo = (seconds: number) => `${new Date(Date.now() - seconds * 1000).toISOString().slice(0, 19)}Z`;
const BASE = {
  eventVersion: '1.11',
  awsRegion: 'us-east-1',
  sourceIPAddress: '198.51.100.7',
  eventType: 'AwsApiCall',
  managementEvent: true,
  recipientAccountId: ACCOUNT,
  eventCategory: 'Management',
  readOnly: false,
};
const EVE = {
  type: 'IAMUser',
  userName: 'eve\u202e',
  arn: `arn:aws:iam::${ACCOUNT}:user/eve`,
  accountId: ACCOUNT,
  accessKeyId: 'AKIAEVE',
};
const POLICY = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
/** A record whose values are markup, script and text that turns around. */
const HOSTILE = {
  ...BASE,
  eventID: '11111111-1111-4111-8111-111111111111',
  eventTime: secondsAgo(120),
  eventSource: 'iam.amazonaws.com',
  eventName: 'PutUserPolicy',
  userAgent: '<img src=x onerror="document.title=\'hacked\'">',
  userIdentity: EVE,
  requestParameters: {
    userName: 'bob',
    policyName: '<script>document.title="hacked"</script>',
    policyDocument: JSON.stringify(POLICY),
    note: 'n'.repeat(5_000),
    '"><svg onload=alert(1)>': 'javascript:alert(1)',
  },
  responseElements: null,
};
/** The same again, refused. */
const REFUSED = {
  ...HOSTILE,
  eventID: '22222222-2222-4222-8222-222222222222',
  eventTime: secondsAgo(60),
  userAgent: 'aws-cli/2.17.4 lang/python#3.11.8 os/linux#6.1',
  errorCode: 'AccessDenied',
  errorMessage: 'User: eve is not authorized to perform: iam:PutUserPolicy',
  requestParameters: { userName: 'bob', policyName: 'p' },
};

/** As records were before 2013, without event IDs; and one whose ID would lead an address astray. */
const OLD = [
  { eventName: 'StartInstances', requestParameters: { instancesSet: { items: [{ instanceId: 'i-1' }] } } },
  { eventName: 'StopInstances', requestParameters: { instancesSet: { items: [{ instanceId: 'i-2' }] } } },
  { eventName: 'TerminateInstances', eventID: '../../integrity' },
].map((rest) => ({
  ...{
    eventVersion: '1.0',
    eventTime: '2012-07-06T21:01:10Z',
    eventSource: 'ec2.amazonaws.com',
    awsRegion: 'us-east-1',
  },
  ...{ sourceIPAddress: '198.51.100.9', userAgent: 'EC2ConsoleBackend' },
  ...{ userIdentity: { type: 'IAMUser', userName: 'old.hand', accountId: ACCOUNT, accessKeyId: 'AKIAOLD' } },
  ...rest,
}));

const pathOf = ({ eventID }: { readonly eventID: string }) => `/events/${ACCOUNT}/${eventID}`;
const open = async (record: { readonly eventID: string }, options = {}): Promise<Page> => {
  const page = await openPage(options);
  await enter(page, server, pathOf(record));
  await page.getByRole('heading', { level: 2, name: 'Who' }).waitFor();
  return page;
};

describe('an event', () => {
  test('who did it is followed back through two roles to the person; every step leads on', async () => {
    const page = await open(deletion);
    await page
      .getByRole('heading', { level: 1, name: /^clean-up \(role admin\) deleted bucket my-logs from .* at / })
      .waitFor();
    const who = page.getByRole('list', { name: /^Who is behind/ });
    await who.getByRole('link', { name: 'alice' }).waitFor();
    await expect
      .poll(async () => (await who.textContent())!.replace(/\s+/g, ' '))
      .toMatch(
        /alice IAM user.*Access key AKIA.*Role deploy, session release.*AssumeRole of alice at .*Role admin, session clean-up.*AssumeRole of release \(role deploy\) at /,
      );
    await page.getByRole('table', { name: 'Before and after' }).getByText('created bucket my-logs').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'event');
    await who.getByRole('link', { name: 'AssumeRole' }).last().click();
    await page.getByRole('heading', { level: 1, name: /assumed role admin as session clean-up/ }).waitFor();
    await page.getByRole('link', { name: 'deploy', exact: true }).click();
    await page.waitForURL((url) => url.pathname === '/events' && url.searchParams.get('q')!.includes('role/deploy'));
  });

  test('a session of the console is followed to its sign-in, a role that was switched to as well', async () => {
    const users = new iam.IAMClient(clientConfig(server));
    await users.send(new iam.CreateLoginProfileCommand({ UserName: 'alice', Password: 'Correct-Horse-9' }));
    const told = await switchInConsole(`arn:aws:iam::${ACCOUNT}:role/deploy`);
    expect(told).toBe(200);
    const page = await open(
      await recordOf('eventName = DescribeTrails and issuerArn ^ arn:aws:iam and userName = alice'),
    );
    const who = page.getByRole('list', { name: /^Who is behind/ });
    await who.getByRole('link', { name: 'ConsoleLogin' }).waitFor();
    await expect
      .poll(() => who.textContent())
      .toMatch(/^alice IAM user.*Signed in by ConsoleLogin.*Role deploy, session alice.*AssumeRole of alice/);
    await page.getByText('alice, as deploy', { exact: true }).waitFor();
    await page.goto(consoleOf(server) + pathOf(await recordOf('eventName = SwitchRole')));
    await page.getByRole('heading', { level: 1, name: /switched role in the console/ }).waitFor();
    await who.getByRole('link', { name: 'alice', exact: true }).first().waitFor();
  });

  test('the resource’s other events, found by tab and keyboard', async () => {
    const page = await open(deletion);
    await page.getByRole('tab', { name: 'Before and after' }).focus();
    for (const name of ['Same session', 'Same resource']) {
      await page.keyboard.press('ArrowRight');
      await page.getByRole('tab', { name, selected: true }).waitFor();
    }
    const table = page.getByRole('table', { name: 'Same resource' });
    await table.getByRole('link', { name: /created bucket my-logs/ }).waitFor();
    await table.getByText(/^This event: .* deleted bucket my-logs/).waitFor();
  });

  test('hostile text is text; the tree is searched, opened and copied by keyboard', async () => {
    const page = await open(HOSTILE);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('heading', { level: 1, name: /^eve\\u202e set policy/ }).waitFor();
    expect(await page.title()).not.toContain('hacked');
    expect(await page.locator('#content script, #content img, #content svg[onload]').count()).toBe(0);

    const tree = page.getByRole('tree');
    await page.getByLabel('Find in parameters and response').fill('effect');
    await expect.poll(() => tree.getByRole('treeitem').count()).toBe(5);
    await page.getByText('1 found', { exact: true }).waitFor();
    await page.getByLabel('Find in parameters and response').fill('');

    await tree.getByRole('treeitem').first().focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight'])
      await page.keyboard.press(key);
    const focused = () => page.evaluate<string>('document.activeElement.innerText');
    expect(await focused()).toContain('Version');
    await page.keyboard.press('p');
    await page.getByText('Copied requestParameters.policyDocument.Version').first().waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('c');
    await page.getByText('Value copied').first().waitFor();
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(JSON.stringify(POLICY));

    expect((await tree.textContent())!.length).toBeLessThan(2_000);
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await tree.textContent())!.length).toBeGreaterThan(5_000);
    await expectAccessible(page);
    await screenshot(page, 'event-hostile');
  });

  test('old records, which have no event ID, open, are related and compared as others are', async () => {
    const page = await openPage();
    await enter(page, server, `/events?range=all&q=${encodeURIComponent('userName = old.hand')}`);
    await page
      .getByRole('row', { name: /StopInstances/ })
      .getByText('ec2.amazonaws.com')
      .click();
    await page.getByRole('tree').waitFor();
    await page.getByRole('link', { name: 'StopInstances', exact: true }).click();
    await page.waitForURL(new RegExp(`/events/${ACCOUNT}/seq-\\d+`));
    await page.getByRole('heading', { level: 1, name: /^old\.hand stopped instances i-2/ }).waitFor();
    const around = page.getByRole('table', { name: 'Before and after' });
    await around.getByText(/^This event: /).waitFor();
    expect(await around.getByText(/^This event: /).count()).toBe(1);
    await page.getByRole('button', { name: /^Compare with old\.hand started instances/ }).click();
    await page.getByRole('row', { name: /eventName changed/ }).waitFor();
    await page.reload();
    await page.getByRole('row', { name: /eventName changed/ }).waitFor();
    await around
      .getByRole('link', { name: /i-1|terminated|TerminateInstances/ })
      .first()
      .click();
    await page.waitForURL(/\/seq-\d+\?at=[^&]*$/);
    await page.goto(`${consoleOf(server)}/events/${ACCOUNT}/seq-999999`);
    await page.getByText('No such event').waitFor();
  });

  test('two events are compared by path, and the address keeps it', async () => {
    const page = await open(REFUSED);
    await page.getByText('refused with AccessDenied').first().waitFor();
    await page.getByRole('button', { name: /^Compare with eve.* set policy/ }).click();
    const table = page.getByRole('table', { name: 'Differences' });
    await table.getByRole('row', { name: /errorCode added - AccessDenied/ }).waitFor();
    await table.getByRole('row', { name: /requestParameters\.policyName changed/ }).waitFor();
    expect(await table.getByText('eventID').count()).toBe(0);
    await page.getByLabel('Show IDs and times too').click();
    await table.getByRole('row', { name: /eventID changed 1111.* 2222/ }).waitFor();
    await expectAccessible(page);
    await screenshot(page, 'event-compare');
    await page.reload();
    await table.getByRole('row', { name: /errorCode added/ }).waitFor();
    await page.getByRole('button', { name: 'Stop comparing' }).click();
    await page.getByText('Compare by event ID').click();
    await page.getByRole('textbox', { name: 'Event ID' }).fill('no such thing!');
    await page.getByRole('button', { name: 'Compare', exact: true }).last().click();
    await page.getByText('Paste an event ID').waitFor();
    await page.getByRole('textbox', { name: 'Event ID' }).fill('99999999-9999-4999-8999-999999999999');
    await page.keyboard.press('Enter');
    await page.getByText('No such event').waitFor();
  });

  test('the record as it was written: shown, and downloaded byte for byte', async () => {
    const page = await open(HOSTILE);
    await page.getByText('Record as JSON').click();
    await page.locator('.cm-content').getByText('"eventName": "PutUserPolicy"').waitFor();
    await expectAccessible(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`${HOSTILE.eventID}.json`);
    expect(readFileSync(await download.path(), 'utf8')).toBe(JSON.stringify(HOSTILE));
  });

  test('is not there, or must not be seen', async () => {
    const page = await openPage();
    await enter(page, server, `/events/${ACCOUNT}/33333333-3333-4333-8333-333333333333`);
    await page.getByText('No such event').waitFor();
    await expectAccessible(page);

    const users = new iam.IAMClient(clientConfig(server));
    await users.send(new iam.CreateUserCommand({ UserName: 'nobody' }));
    const { AccessKey } = await users.send(new iam.CreateAccessKeyCommand({ UserName: 'nobody' }));
    const keys = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
    const theirs = await openPage();
    expectProblem(theirs, /status of 403/);
    await enter(theirs, server, pathOf(HOSTILE), keys);
    await theirs.getByText('You need permission for opentrail:SearchEvents').waitFor();
    await expectAccessible(theirs);
  });

  test('on a narrow screen, in the dark', async () => {
    const page = await open(deletion, { viewport: PHONE, colorScheme: 'dark' });
    await page
      .getByRole('list', { name: /^Who is behind/ })
      .getByRole('link', { name: 'alice' })
      .waitFor();
    const width = () => page.evaluate<number>('document.documentElement.scrollWidth');
    await expect.poll(width).toBeLessThanOrEqual(PHONE.width);
    await screenshot(page, 'event-phone');
  });
});

describe('made of an event', () => {
  const dialog = async (page: Page, name: string) => {
    await page.getByRole('button', { name }).click();
    return page.getByRole('dialog');
  };

  test('a search: events like it', async () => {
    const page = await open(REFUSED);
    const find = await dialog(page, 'Find like this');
    await find.getByLabel('Find a field or value').fill('198.51');
    await find.getByRole('checkbox', { name: 'Look for sourceIPAddress' }).check();
    await find.getByLabel('Value of sourceIPAddress').fill('198.51.');
    await find.getByRole('button', { name: /Condition on sourceIPAddress/ }).click();
    await page.getByRole('option', { name: 'begins with' }).click();
    await find.getByText('and sourceIPAddress ^ 198.51.').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'event-find');
    await find.getByRole('link', { name: 'Show in event history' }).click();
    await page.waitForURL((url) => url.pathname === '/events');
    expect(new URL(page.url()).searchParams.get('q')).toBe(
      'eventSource = iam.amazonaws.com and eventName = PutUserPolicy and errorCode = AccessDenied and sourceIPAddress ^ 198.51.',
    );
  });

  test('a Sigma rule, which runs at once', async () => {
    const page = await open(REFUSED);
    const make = await dialog(page, 'Make a filter or alarm');
    await make.getByText('No trail delivers to a log group').waitFor();
    await expectAccessible(page);
    await make.getByRole('tab', { name: 'EventBridge rule' }).click();
    await make.getByText('"AWS API Call via CloudTrail"').waitFor();
    await make.getByRole('tab', { name: 'Sigma rule' }).click();
    await make.getByLabel('Title').fill('Policies that were refused');
    await make.getByRole('button', { name: 'Add rule' }).click();
    await make.getByText('Rule Policies that were refused was added').waitFor();
    await screenshot(page, 'event-sigma');
    await putRecords(server, [JSON.stringify({ ...REFUSED, eventID: '44444444-4444-4444-8444-444444444444' })]);
    const match = await recordOf('eventName = RuleMatched');
    await page.goto(consoleOf(server) + pathOf(match));
    await page
      .getByRole('heading', { level: 1, name: /^Rule “Policies that were refused” matched PutUserPolicy by eve/ })
      .waitFor();
  });

  test('an alarm: its pattern is tested by the server, and alarm and metric filter are CloudWatch’s own', async () => {
    await logToGroup();
    const page = await open(REFUSED);
    const make = await dialog(page, 'Make a filter or alarm');
    await make.getByText('($.errorCode = "AccessDenied")').waitFor();
    await make.getByRole('button', { name: 'Test with this event' }).click();
    await make.getByText('The pattern finds this event').waitFor();
    await make.getByLabel('Value of errorCode').fill('Other');
    await make.getByRole('button', { name: 'Test with this event' }).click();
    await make.getByText('The pattern does not find this event').waitFor();
    await make.getByLabel('Value of errorCode').fill('AccessDenied');
    await make.getByLabel('Name', { exact: true }).fill('refused-policies');
    await make.getByLabel('In alarm when there are at least').fill('0');
    await make.getByText('A whole number from 1 on.').waitFor();
    await make.getByLabel('In alarm when there are at least').fill('3');
    await make.getByRole('button', { name: 'Create metric filter and alarm' }).click();
    await make.getByText('Alarm refused-policies was created').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'event-alarm');

    const alarms = new CloudWatchClient(clientConfig(server));
    const { MetricAlarms } = await alarms.send(new DescribeAlarmsCommand({}));
    expect(MetricAlarms).toMatchObject([
      { AlarmName: 'refused-policies', Namespace: 'OpenTrail', Threshold: 3, Period: 300, Statistic: 'Sum' },
    ]);
    expect(await callJson(server, 'logs', 'DescribeMetricFilters', { logGroupName: 'trail' })).toMatchObject({
      metricFilters: [
        {
          filterName: 'refused-policies',
          filterPattern:
            '{ ($.eventSource = "iam.amazonaws.com") && ($.eventName = "PutUserPolicy") && ($.errorCode = "AccessDenied") }',
        },
      ],
    });

    await make.getByRole('button', { name: 'Create metric filter and alarm' }).click();
    await make.getByText('There is an alarm refused-policies already').waitFor();
  });
});

/** A trail that delivers to the log group `trail`. */
async function logToGroup(): Promise<void> {
  await makeTrail(server, { Name: 'main', S3BucketName: 'trail-logs' });
  await callJson(server, 'logs', 'CreateLogGroup', { logGroupName: 'trail' });
  const users = new iam.IAMClient(clientConfig(server));
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'cloudtrail.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  const { Role } = await users.send(new iam.CreateRoleCommand({ RoleName: 'writer', AssumeRolePolicyDocument: trust }));
  await users.send(new iam.PutRolePolicyCommand({ RoleName: 'writer', PolicyName: 'all', PolicyDocument: ALL }));
  await new CloudTrailClient(clientConfig(server)).send(
    new UpdateTrailCommand({
      Name: 'main',
      CloudWatchLogsLogGroupArn: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:trail:*`,
      CloudWatchLogsRoleArn: Role!.Arn!,
    }),
  );
}
