import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { GetEventSelectorsCommand, GetTrailCommand, GetTrailStatusCommand } from '@aws-sdk/client-cloudtrail';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateBucketCommand, DeleteBucketPolicyCommand, GetBucketPolicyCommand } from '@aws-sdk/client-s3';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  enter,
  expectAccessible,
  expectProblem,
  openPage,
  PHONE,
  screenshot,
  usingBrowser,
} from '../support/browser.ts';
import { eventually } from '../support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { playCompany } from '../support/play.ts';
import { clientConfig, cloudTrail, readBucket, s3, signedFetch } from '../support/sdk.ts';
import { ACCOUNT, makeTrail } from '../support/trail.ts';

usingBrowser();
let server: RunningOpenTrail;
beforeAll(async () => {
  server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 2 } });
});
afterAll(cleanUp);

const next = (page: Page) => page.getByRole('button', { name: 'Next', exact: true }).click();
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).first().waitFor();
const option = (page: Page, name: string) => page.getByRole('radio', { name, exact: true }).check();

describe('trails', () => {
  test('no trails, and how to make one', async () => {
    const page = await openPage();
    await enter(page, server, '/trails');
    await page.getByText('No trails', { exact: true }).waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-empty');
    await page.getByRole('link', { name: 'Create trail' }).first().click();
    await heading(page, 'Name and scope');
  });

  test('a trail is made with all that it needs, and shows what it would capture before', async () => {
    await playCompany(server, 600);
    const page = await openPage();
    await enter(page, server, '/trails/create');
    await next(page);
    await page.getByText('Give the trail a name.').waitFor();
    await page.getByLabel('Trail name').fill('everything');
    await expectAccessible(page);
    await screenshot(page, 'trails-create-general');
    await next(page);
    await page.getByLabel('Bucket name').fill('company-logs');
    await page.getByText('The policy that the bucket gets').click();
    await page.getByText('AWSCloudTrailWrite20150319').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-create-storage');
    await next(page);
    await option(page, 'Create a new topic');
    await option(page, 'Create a new log group');
    await expectAccessible(page);
    await screenshot(page, 'trails-create-tellings');
    await next(page);
    await page.getByText('Events captured').waitFor();
    await page.getByText('Captured over the last 24 hours').scrollIntoViewIfNeeded();
    await screenshot(page, 'trails-create-events-basic');
    await page.getByRole('button', { name: 'Advanced' }).click();
    await page.getByRole('button', { name: 'Add selector' }).click();
    await page.getByRole('button', { name: 'Add condition' }).last().click();
    await page.getByLabel('Values of resources.ARN').fill('arn:aws:s3:::company-data/');
    await page.getByRole('button', { name: /^Operator of resources.ARN/ }).click();
    await page.getByRole('option', { name: 'starts with', exact: true }).click();
    await page.getByText('Events captured').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-create-events-advanced');
    await next(page);
    await page.getByText('Create the bucket company-logs').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-create-review');
    await page.getByRole('button', { name: 'Create trail' }).click();
    await page.getByText('The trail everything was created.').waitFor();
    await heading(page, 'everything');

    const ct = cloudTrail(server);
    const { Trail: made } = await ct.send(new GetTrailCommand({ Name: 'everything' }));
    expect(made).toMatchObject({
      S3BucketName: 'company-logs',
      IsMultiRegionTrail: true,
      LogFileValidationEnabled: true,
      SnsTopicARN: `arn:aws:sns:us-east-1:${ACCOUNT}:cloudtrail`,
      CloudWatchLogsRoleArn: `arn:aws:iam::${ACCOUNT}:role/CloudTrail_CloudWatchLogs_Role`,
    });
    const { AdvancedEventSelectors } = await ct.send(new GetEventSelectorsCommand({ TrailName: 'everything' }));
    expect(AdvancedEventSelectors).toEqual([
      { FieldSelectors: [{ Field: 'eventCategory', Equals: ['Management'] }] },
      {
        FieldSelectors: [
          { Field: 'eventCategory', Equals: ['Data'] },
          { Field: 'resources.ARN', StartsWith: ['arn:aws:s3:::company-data/'] },
          { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
        ],
      },
    ]);
    expect((await ct.send(new GetTrailStatusCommand({ Name: 'everything' }))).IsLogging).toBe(true);
  });

  test('its log files are there folder by folder, down to the records', async () => {
    const store = s3(server);
    await eventually(
      async () => [...(await readBucket(store, 'company-logs', `AWSLogs/${ACCOUNT}/CloudTrail/us-east-1/`))].length > 0,
      'a log file',
    );
    const page = await openPage();
    await enter(page, server, `/trails/arn%3Aaws%3Acloudtrail%3Aus-east-1%3A${ACCOUNT}%3Atrail/everything`);
    await page.getByText('Last log file').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-status');
    await page.getByRole('tab', { name: 'Log files' }).click();
    for (const folder of [ACCOUNT, 'CloudTrail', 'us-east-1'])
      await page.getByRole('link', { name: `${folder}/` }).click();
    for (let i = 0; i < 3; i++)
      await page
        .getByRole('link', { name: /^\d+\/$/ })
        .first()
        .click();
    await page
      .getByRole('link', { name: /json\.gz$/ })
      .first()
      .waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-files');
    const download = page.waitForEvent('download');
    await page
      .getByRole('button', { name: /^Download .*json\.gz$/ })
      .first()
      .click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/json\.gz$/);
    expect(gunzipSync(readFileSync(await file.path())).toString()).toMatch(/^{"Records":\[/);
    await page
      .getByRole('link', { name: /json\.gz$/ })
      .first()
      .click();
    await page.getByRole('table', { name: 'Records' }).getByRole('link').first().waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-log-file');
  });

  test('what keeps a trail from delivering is said in plain words, and mended by editing it', async () => {
    const store = s3(server);
    await makeTrail(server, { Name: 'refused', S3BucketName: 'closed' });
    await store.send(new DeleteBucketPolicyCommand({ Bucket: 'closed' }));
    await eventually(
      async () => (await cloudTrail(server).send(new GetTrailStatusCommand({ Name: 'refused' }))).LatestDeliveryError,
      'a refused delivery',
    );
    const page = await openPage();
    expectProblem(page, /status of 404 .*\/closed\?policy=/);
    await enter(page, server, '/trails');
    await page.getByText('The bucket closed does not let CloudTrail write.').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails');
    await page.getByRole('link', { name: 'refused' }).click();
    await page.getByText('Log files: The bucket closed does not let CloudTrail write.').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-status-error');
    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    await next(page);
    await page.getByRole('checkbox', { name: 'Add 2 statements to the policy of the bucket when I save' }).waitFor();
    await page.getByText('AWSCloudTrailWrite20150319').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-edit-policy');
    await page.getByRole('checkbox', { name: 'Log file validation' }).uncheck();
    for (let i = 0; i < 3; i++) await next(page);
    await page.getByText('Update the trail').waitFor();
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByText('refused was saved.').waitFor();
    const { Policy = '' } = await store.send(new GetBucketPolicyCommand({ Bucket: 'closed' }));
    expect((JSON.parse(Policy) as { Statement: unknown[] }).Statement).toHaveLength(2);
    expect((await cloudTrail(server).send(new GetTrailCommand({ Name: 'refused' }))).Trail).toMatchObject({
      LogFileValidationEnabled: false,
    });
  });

  test('without the consent CloudTrail refuses, in its words and with what to do', async () => {
    await s3(server).send(new CreateBucketCommand({ Bucket: 'bare' }));
    const page = await openPage();
    expectProblem(page, /status of 40[04] /);
    await enter(page, server, '/trails/create');
    await page.getByLabel('Trail name').fill('bare');
    await next(page);
    await option(page, 'Use an existing bucket');
    await page.getByLabel('Bucket name').fill('bare');
    await page.getByRole('checkbox', { name: /^Add 2 statements/ }).uncheck();
    for (let i = 0; i < 3; i++) await next(page);
    await page.getByRole('button', { name: 'Create trail' }).click();
    await page.getByText(/Incorrect S3 bucket policy is detected for bucket: bare/).waitFor();
    await page.getByText('Go back to the storage step, and let the console add what the policy lacks.').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-create-refused');
    await page.getByRole('button', { name: /Storage/ }).click();
    await page.getByRole('checkbox', { name: /^Add 2 statements/ }).check();
    for (let i = 0; i < 3; i++) await next(page);
    await page.getByRole('button', { name: 'Create trail' }).click();
    await page.getByText('The trail bare was created.').waitFor();
  });

  test('selectors as JSON', async () => {
    const page = await openPage();
    await enter(page, server, '/trails');
    await page.getByRole('link', { name: 'bare' }).click();
    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    for (let i = 0; i < 3; i++) await next(page);
    await page.getByRole('button', { name: 'JSON' }).click();
    const editor = page.getByRole('textbox', { name: 'Event selectors as JSON' });
    await editor.click();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('[{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Nothing"]}]}]');
    await page.getByText('Each selector must have the field eventCategory.').first().waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('[{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]');
    await page.getByText('Events captured').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-selectors-json');
    await next(page);
    await page.getByText('Management events: writes').waitFor();
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByText('bare was saved.').waitFor();
    const { EventSelectors } = await cloudTrail(server).send(new GetEventSelectorsCommand({ TrailName: 'bare' }));
    expect(EventSelectors).toMatchObject([{ ReadWriteType: 'WriteOnly' }]);
    await page.getByRole('tab', { name: 'Events' }).click();
    await page.getByText('Management events: writes').waitFor();
    await page.getByText('Events captured').waitFor();
    await screenshot(page, 'trails-events');
  });

  test('is stopped, started, tagged, and deleted when its name is typed', async () => {
    const page = await openPage({ viewport: PHONE });
    await enter(page, server, '/trails');
    await page.getByRole('link', { name: 'bare' }).click();
    await page.getByRole('button', { name: 'Stop logging' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop logging' }).click();
    await page.getByText('bare has stopped logging.').waitFor();
    await page.getByRole('button', { name: 'Start logging' }).click();
    await page.getByText('bare logs from now on.').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-phone');
    await page.getByRole('tab', { name: 'Tags' }).click();
    await page.getByRole('button', { name: 'Add tag' }).click();
    await page.getByRole('textbox', { name: 'Key' }).fill('team');
    await page.getByRole('textbox', { name: 'Value' }).fill('audit');
    await page.getByRole('button', { name: 'Save tags' }).click();
    await page.getByText('The tags were saved.').waitFor();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete trail' }).click();
    await page.getByText('To delete it, type its name: bare').waitFor();
    await page.getByLabel('Type bare to confirm').fill('bare');
    await expectAccessible(page);
    await page.getByRole('dialog').getByRole('button', { name: 'Delete trail' }).click();
    await page.getByText('The trail bare was deleted.').waitFor();
    await page.getByRole('link', { name: 'refused' }).waitFor();
    await expect.poll(() => page.getByRole('link', { name: 'bare' }).count()).toBe(0);
  });

  test('an organization trail is the management account’s to make, and its bucket opens to the organization', async () => {
    const page = await openPage();
    expectProblem(page, /status of 400 .*organizations/);
    await enter(page, server, '/trails/create');
    await page.getByLabel('Trail name').fill('everyone');
    const organization = page.getByRole('checkbox', { name: /all accounts of my organization/ });
    await organization.check();
    await page.getByText('This account is not the management account of an organization').waitFor();
    await organization.uncheck();
    for (const [operation, input] of [
      ['CreateOrganization', { FeatureSet: 'ALL' }],
      ['EnableAWSServiceAccess', { ServicePrincipal: 'cloudtrail.amazonaws.com' }],
    ] as const) {
      const answer = await signedFetch(server, 'POST', '/', JSON.stringify(input), {
        service: 'organizations',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `AWSOrganizationsV20161128.${operation}`,
        },
      });
      expect(answer.status).toBe(200);
    }
    await organization.check();
    await next(page);
    await page.getByLabel('Bucket name').fill('all-of-us');
    await page.getByText('The policy that the bucket gets').click();
    await page.getByText('AWSCloudTrailOrganizationWrite20150319').waitFor();
    for (let i = 0; i < 3; i++) await next(page);
    await page.getByRole('button', { name: 'Create trail' }).click();
    await page.getByText('The trail everyone was created.').waitFor();
    expect((await cloudTrail(server).send(new GetTrailCommand({ Name: 'everyone' }))).Trail).toMatchObject({
      IsOrganizationTrail: true,
      S3BucketName: 'all-of-us',
    });
    await page.getByRole('tab', { name: 'Events' }).click();
    await page.getByText('Events captured').waitFor();
  });

  test('who may not see trails is told which permission is missing', async () => {
    const iam = new IAMClient(clientConfig(server));
    await iam.send(new CreateUserCommand({ UserName: 'nobody' }));
    const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: 'nobody' }));
    const page = await openPage();
    expectProblem(page, /status of 40[03] /);
    await enter(page, server, '/trails', { accessKeyId: key!.AccessKeyId!, secretAccessKey: key!.SecretAccessKey! });
    await page.getByText('You need permission for cloudtrail:ListTrails').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'trails-no-permission');
  });
});
