import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/clients.ts';
import { ConsoleVisitor, codesOf } from '../support/console.ts';
import { ACCOUNT, byPassword, consolePeople } from '../support/console-people.ts';
import { freePort } from '../support/moto.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { clientConfig } from '../support/sdk.ts';

const CLOCK = new URL('../support/jumping-clock.cjs', import.meta.url).pathname;

let server: RunningOpenTrail;
let users: iam.IAMClient;
beforeAll(async () => {
  server = await startOpenTrail();
  users = new iam.IAMClient(clientConfig(server));
});
afterAll(cleanUp);
const { visitor, ownKeys, signedIn, newUser, newest } = consolePeople(() => server);

describe('signing in', () => {
  test('with an access key: who one is, a cookie out of reach, and a record as AWS has it', async () => {
    const browser = visitor();
    const { status, body, headers } = await browser.signIn(ownKeys());
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        AccountId: ACCOUNT,
        Arn: `arn:aws:iam::${ACCOUNT}:user/opentrail`,
        UserName: 'opentrail',
        Type: 'IAMUser',
        Region: 'us-east-1',
        OperatorAccountId: ACCOUNT,
        Accounts: [{ AccountId: ACCOUNT }],
        CsrfToken: expect.stringMatching(/^[\w-]{43}$/),
      }),
    ]);
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^opentrail-\d+=[\w-]{43}; Path=\/; Max-Age=43\d{3}; HttpOnly; SameSite=Strict$/),
    ]);
    expect((await browser.ask('/session')).body).toEqual(body);
    const [login] = await newest(1, '&eventName=ConsoleLogin');
    expect(login).toMatchObject({
      userIdentity: { type: 'IAMUser', accountId: ACCOUNT, userName: 'opentrail', accessKeyId: server.accessKeyId },
      eventSource: 'signin.amazonaws.com',
      awsRegion: 'us-east-1',
      sourceIPAddress: '127.0.0.1',
      userAgent: browser.userAgent,
      requestParameters: null,
      responseElements: { ConsoleLogin: 'Success' },
      additionalEventData: { LoginTo: `${server.console}/`, MobileVersion: 'No', MFAUsed: 'No' },
      readOnly: false,
      eventType: 'AwsConsoleSignIn',
      recipientAccountId: ACCOUNT,
    });
  });

  test('calls are the session’s: permissioned, and recorded with temporary credentials from the console', async () => {
    const browser = await signedIn();
    const answer = await browser.query('iam', 'ListUsers');
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('<UserName>opentrail</UserName>')]);
    const [call] = await newest(1, '&eventName=ListUsers');
    expect(call).toMatchObject({
      userIdentity: {
        type: 'IAMUser',
        userName: 'opentrail',
        accessKeyId: expect.stringMatching(/^ASIA/),
        sessionContext: { attributes: { mfaAuthenticated: 'false', creationDate: expect.stringMatching(/Z$/) } },
      },
      userAgent: browser.userAgent,
      sourceIPAddress: '127.0.0.1',
      sessionCredentialFromConsole: 'true',
    });
    expect(Object.keys(call).at(-1)).toBe('sessionCredentialFromConsole');
  });

  test('root comes in by its keys', async () => {
    const text = readFileSync(join(server.dataDir, 'credentials'), 'utf8');
    const value = (name: string) => new RegExp(`opentrail-root\\][^[]*${name} = (\\S+)`).exec(text)![1]!;
    const browser = await signedIn({
      AccessKeyId: value('aws_access_key_id'),
      SecretAccessKey: value('aws_secret_access_key'),
    });
    expect((await browser.ask('/session')).body).toMatchObject({ Type: 'Root', Arn: `arn:aws:iam::${ACCOUNT}:root` });
    expect((await browser.query('iam', 'GetAccountSummary')).status).toBe(200);
  });

  test('temporary credentials come in as what they are, and stay no longer', async () => {
    const issued = await new sts.STSClient(clientConfig(server)).send(
      new sts.GetSessionTokenCommand({ DurationSeconds: 900 }),
    );
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = issued.Credentials!;
    const browser = await signedIn({ AccessKeyId, SecretAccessKey, SessionToken });
    const { body } = await browser.ask('/session');
    expect(new Date(body.ExpiresAt).getTime()).toBe(Expiration!.getTime());
    expect((await browser.query('sts', 'GetCallerIdentity')).status).toBe(200);
    expect((await browser.query('iam', 'ListUsers')).status).toBe(403); // as with the same credentials elsewhere
    const [call] = await newest(1, '&eventName=GetCallerIdentity');
    expect(call).toMatchObject({ userIdentity: { accessKeyId: AccessKeyId }, sessionCredentialFromConsole: 'true' });
    const wrong = { AccessKeyId, SecretAccessKey, SessionToken: `${SessionToken!.slice(0, -4)}AAAA` };
    expect(await visitor().signIn(wrong)).toMatchObject({ status: 401, body: { Code: 'SignInFailed' } });
    expect(await visitor().signIn({ AccessKeyId, SecretAccessKey })).toMatchObject({ status: 401 });
  });

  test('with a password, by the account’s number or alias', async () => {
    await newUser('paula');
    await users.send(new iam.CreateAccountAliasCommand({ AccountAlias: 'the-corp' }));
    for (const AccountId of [ACCOUNT, 'the-corp', 'The-Corp']) {
      const browser = await signedIn({ ...byPassword('paula'), AccountId });
      expect((await browser.ask('/session')).body).toMatchObject({ UserName: 'paula', AccountAlias: 'the-corp' });
    }
    const { User } = await users.send(new iam.GetUserCommand({ UserName: 'paula' }));
    expect(Date.now() - User!.PasswordLastUsed!.getTime()).toBeLessThan(60_000);
    const [login] = await newest(1, '&eventName=ConsoleLogin');
    expect(login.userIdentity).toEqual({
      type: 'IAMUser',
      principalId: expect.stringMatching(/^AIDA/),
      arn: `arn:aws:iam::${ACCOUNT}:user/paula`,
      accountId: ACCOUNT,
      userName: 'paula',
    });
  });

  test('a wrong password, a wrong user, a wrong account are answered alike, and recorded as AWS does', async () => {
    await newUser('quinn');
    const attempts = [
      { ...byPassword('quinn'), Password: 'wrong' },
      byPassword('nobody-of-this-name'),
      { ...byPassword('quinn'), AccountId: '999999999999' },
      { ...byPassword('quinn'), AccountId: 'no-such-alias' },
      byPassword('opentrail'), // has no password
      { ...ownKeys(), SecretAccessKey: 'x'.repeat(40) },
      { ...ownKeys(), AccessKeyId: 'AKIAAAAAAAAAAAAAAAAA' },
    ];
    const answers = await Promise.all(attempts.map((attempt) => visitor().signIn(attempt)));
    for (const { status, body, headers } of answers) {
      expect([status, body, headers['set-cookie']]).toEqual([
        401,
        {
          Code: 'SignInFailed',
          Message: 'Your authentication information is incorrect. Please try again.',
        },
        undefined,
      ]);
    }
    const failures = (await newest(20, '&eventName=ConsoleLogin')).filter(
      ({ responseElements }) => responseElements.ConsoleLogin === 'Failure',
    );
    const seen = failures.map(({ userIdentity, errorMessage }) => [userIdentity.userName, errorMessage]);
    const failed = 'Failed authentication';
    expect(seen).toEqual(
      expect.arrayContaining([
        ['quinn', failed],
        ['HIDDEN_DUE_TO_SECURITY_REASONS', failed],
        ['opentrail', failed],
      ]),
    );
    expect(JSON.stringify(failures)).not.toContain('nobody-of-this-name');
    for (const { userIdentity } of failures.filter(({ userIdentity }) => userIdentity.userName === 'quinn')) {
      expect(userIdentity).toEqual({
        type: 'IAMUser',
        principalId: expect.stringMatching(/^AIDA/),
        accountId: ACCOUNT,
        accessKeyId: '',
        userName: 'quinn',
      });
    }
  });

  test('with a code where the user has a device; no code is taken twice', async () => {
    await newUser('mia');
    const { VirtualMFADevice } = await users.send(
      new iam.CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'mia' }),
    );
    const SerialNumber = VirtualMFADevice!.SerialNumber!;
    const code = codesOf(Buffer.from(VirtualMFADevice!.Base32StringSeed!).toString());
    const pair = { AuthenticationCode1: code(-2), AuthenticationCode2: code(-1) };
    await users.send(new iam.EnableMFADeviceCommand({ UserName: 'mia', SerialNumber, ...pair }));

    expect(await visitor().signIn(byPassword('mia'))).toMatchObject({ status: 401, body: { Code: 'MfaRequired' } });
    const [check] = await newest(1, '&eventName=CheckMfa');
    expect(check).toMatchObject({
      responseElements: { CheckMfa: 'Success' },
      additionalEventData: { MfaType: 'Virtual MFA' },
    });
    const wrong = await visitor().signIn(byPassword('mia', { MfaCode: '000000' }));
    expect(wrong).toMatchObject({ status: 401, body: { Code: 'InvalidMfaCode' } });
    const MfaCode = code(0);
    const browser = await signedIn(byPassword('mia', { MfaCode }));
    expect((await browser.ask('/session')).body).toMatchObject({ MfaAuthenticated: true });
    const [login] = await newest(1, '&eventName=ConsoleLogin');
    expect(login.additionalEventData).toMatchObject({ MFAUsed: 'Yes', MFAIdentifier: SerialNumber });
    expect(await visitor().signIn(byPassword('mia', { MfaCode }))).toMatchObject({ status: 401 });
    await browser.query('sts', 'GetCallerIdentity');
    const [call] = await newest(1, '&eventName=GetCallerIdentity');
    expect(call.userIdentity.sessionContext.attributes.mfaAuthenticated).toBe('true');
  });

  test('a password that must be changed is said so, and may be changed on the way in', async () => {
    await newUser('rita', true);
    const refused = await visitor().signIn(byPassword('rita'));
    expect(refused).toMatchObject({ status: 403, body: { Code: 'PasswordResetRequired' } });
    const weak = await visitor().signIn(byPassword('rita', { NewPassword: 'weak' }));
    expect(weak).toMatchObject({ status: 400, body: { Code: 'PasswordPolicyViolation' } });
    const NewPassword = 'Battery-Staple-7';
    const browser = await signedIn(byPassword('rita', { NewPassword }));
    expect((await browser.ask('/session')).body).toMatchObject({ UserName: 'rita' });
    expect(await visitor().signIn(byPassword('rita'))).toMatchObject({ status: 401 });
    await signedIn({ ...byPassword('rita'), Password: NewPassword });
    const [change] = await newest(1, '&eventName=ChangePassword');
    expect(change).toMatchObject({ userIdentity: { userName: 'rita' }, sessionCredentialFromConsole: 'true' });
    expect(JSON.stringify(await newest(100))).not.toMatch(/Battery-Staple|Correct-Horse/);
  });

  test('what is no proper question is refused in plain words', async () => {
    const ask = (body: string | object, headers = {}) => visitor().ask('/session', { method: 'POST', body, headers });
    const json = { 'content-type': 'application/json' };
    expect((await ask('AccessKeyId=x')).status).toBe(415);
    expect((await ask('{}', { 'content-type': 'text/plain' })).status).toBe(415);
    for (const body of ['', '[]', 'null', '{"a"', '{}', '{"AccessKeyId":1}', '{"__proto__":{"AccessKeyId":"x"}}'])
      expect(await ask(body, json)).toMatchObject({ status: 400, body: { Code: 'ValidationError' } });
    expect((await ask({ ...ownKeys(), Admin: 'true' })).body.Message).toBe('Admin is not known here.');
    expect((await ask({ ...byPassword('x'), UserName: 'a/../b' })).status).toBe(400);
    expect((await ask({ ...ownKeys(), SecretAccessKey: 'a\nb' })).status).toBe(400);
    expect((await ask({ ...ownKeys(), SecretAccessKey: 'x'.repeat(20_000) })).status).toBe(413);
    for (const method of ['PUT', 'PATCH', 'OPTIONS', 'TRACE', 'HEAD'])
      expect((await visitor().ask('/session', { method })).status).toBe(405);
  });
});

describe('a session ends', () => {
  const isOut = async (browser: ConsoleVisitor) => {
    expect(await browser.query('iam', 'ListUsers')).toMatchObject({ status: 401, body: { Code: 'NotSignedIn' } });
    expect((await browser.ask('/session')).status).toBe(401);
  };

  test('when one signs out, in every copy of the cookie', async () => {
    const browser = await signedIn();
    const copy = visitor();
    [copy.cookie, copy.csrf] = [browser.cookie, browser.csrf];
    const out = await browser.ask('/session', { method: 'DELETE' });
    expect([out.status, out.headers['set-cookie']?.[0]]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    await isOut(copy);
  });

  test('when its access key is deactivated or deleted', async () => {
    const keys = await newUser('kate');
    const [one, other] = [await signedIn(keys), await signedIn(byPassword('kate'))];
    const { AccessKeyId } = keys;
    await users.send(new iam.UpdateAccessKeyCommand({ UserName: 'kate', AccessKeyId, Status: 'Inactive' }));
    await isOut(one);
    await users.send(new iam.DeleteAccessKeyCommand({ UserName: 'kate', AccessKeyId }));
    expect((await other.query('iam', 'ListUsers')).status).toBe(200);
  });

  test('when the password is changed or taken away', async () => {
    await newUser('lena');
    const one = await signedIn(byPassword('lena'));
    await users.send(new iam.UpdateLoginProfileCommand({ UserName: 'lena', Password: 'Another-One-5' }));
    await isOut(one);
    const two = await signedIn({ ...byPassword('lena'), Password: 'Another-One-5' });
    await users.send(new iam.DeleteLoginProfileCommand({ UserName: 'lena' }));
    await isOut(two);
  });

  test('when the user is deleted, also if another of that name comes', async () => {
    const { AccessKeyId } = await newUser('nora');
    const browser = await signedIn(byPassword('nora'));
    const UserName = 'nora';
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await users.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }));
    await users.send(new iam.DetachUserPolicyCommand({ UserName, PolicyArn }));
    await users.send(new iam.DeleteLoginProfileCommand({ UserName }));
    await users.send(new iam.DeleteUserCommand({ UserName }));
    await newUser('nora');
    await isOut(browser);
  });

  test('by an answer that goes on for hours, too', async () => {
    const browser = await signedIn();
    const headers = { cookie: browser.cookie!, 'x-opentrail-csrf': browser.csrf! };
    const tail = await fetch(`${server.console}/aws/opentrail/us-east-1/opentrail/v1/tail`, { headers });
    expect(tail.status).toBe(200);
    await browser.ask('/session', { method: 'DELETE' });
    await expect(tail.text()).rejects.toThrow('terminated');
  });

  test('by the server’s, which does not wait for who only listens', async () => {
    const own = await startOpenTrail();
    const browser = new ConsoleVisitor(own);
    await browser.signIn({ AccessKeyId: own.accessKeyId, SecretAccessKey: own.secretAccessKey });
    const headers = { cookie: browser.cookie!, 'x-opentrail-csrf': browser.csrf! };
    const tail = await fetch(`${own.console}/aws/opentrail/us-east-1/opentrail/v1/tail`, { headers });
    expect(tail.status).toBe(200);
    const began = Date.now();
    expect(await own.stop()).toBe(0);
    expect(Date.now() - began).toBeLessThan(9_000); // the time that requests in hand are given
    await tail.text();
  });

  test('when its time is over, whatever the clock does', async () => {
    const HOUR_MS = 3_600_000;
    const file = join(newFolder('clock'), 'offset');
    const set = (offsetMs: number) => {
      writeFileSync(`${file}.new`, String(offsetMs));
      renameSync(`${file}.new`, file);
    };
    set(0);
    const env = { OPENTRAIL_TEST_CLOCK: file, NODE_OPTIONS: `--require=${CLOCK}` };
    const own = await startOpenTrail({ env });
    const browser = new ConsoleVisitor(own);
    const keys = { AccessKeyId: own.accessKeyId, SecretAccessKey: own.secretAccessKey };
    const comesTo = (status: number) =>
      eventually(async () => (await browser.raw('/session', { cookie: cookie! })).status === status, `${status}`);
    await browser.signIn(keys);
    let { cookie } = browser;
    await comesTo(200);
    set(12 * HOUR_MS + 1000);
    await comesTo(401);
    await browser.signIn(keys);
    cookie = browser.cookie;
    await comesTo(200);
    set(6 * HOUR_MS); // before it began
    await comesTo(401);
    await own.stop();
  });

  test('not with the server: it is there again after a restart, and after a crash', async () => {
    const dataDir = newFolder('restart');
    const port = await freePort();
    let own = await startOpenTrail({ dataDir, flags: { 'console-port': port } });
    const browser = new ConsoleVisitor(own);
    await browser.signIn({ AccessKeyId: own.accessKeyId, SecretAccessKey: own.secretAccessKey });
    await own.kill();
    own = await startOpenTrail({ dataDir, flags: { 'console-port': port } });
    expect((await browser.ask('/session')).body).toMatchObject({ UserName: 'opentrail' });
    await browser.ask('/session', { method: 'DELETE' });
    const { cookie, csrf } = browser;
    await own.kill();
    own = await startOpenTrail({ dataDir, flags: { 'console-port': port } });
    expect([cookie, csrf !== undefined]).toEqual([undefined, true]);
    await own.stop();
  });
});

describe('switching roles', () => {
  const trust = (AWS: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }],
    });
  const newRole = async (RoleName: string) => {
    const AssumeRolePolicyDocument = trust(`arn:aws:iam::${ACCOUNT}:root`);
    await users.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const Statement = [{ Effect: 'Allow', Action: 'iam:List*', Resource: '*' }];
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await users.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'reads', PolicyDocument }));
    return `arn:aws:iam::${ACCOUNT}:role/${RoleName}`;
  };
  const enter = (browser: ConsoleVisitor, RoleArn: string, more = {}) =>
    browser.ask('/session/role', { method: 'POST', body: { RoleArn, ...more } });

  test('is AssumeRole as oneself, and back again', async () => {
    const RoleArn = await newRole('auditor');
    const browser = await signedIn();
    const switched = await enter(browser, RoleArn);
    expect([switched.status, switched.body]).toMatchObject([
      200,
      {
        Type: 'AssumedRole',
        Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/opentrail`,
        Role: {
          RoleArn,
          RoleName: 'auditor',
          SessionName: 'opentrail',
          SwitchedFrom: { AccountId: ACCOUNT, Arn: `arn:aws:iam::${ACCOUNT}:user/opentrail`, UserName: 'opentrail' },
        },
      },
    ]);
    expect(switched.body.UserName).toBeUndefined();
    expect((await browser.query('iam', 'ListUsers')).status).toBe(200);
    expect((await browser.query('iam', 'CreateUser', { UserName: 'not-by-auditors' })).status).toBe(403);
    const back = await browser.ask('/session/role', { method: 'DELETE' });
    expect(back.body).toMatchObject({ UserName: 'opentrail', Type: 'IAMUser' });
    expect(back.body.Role).toBeUndefined();

    const records = (await newest(30)).filter(({ userAgent }) => userAgent === browser.userAgent);
    const told = records.map(({ eventName, errorCode }) => (errorCode ? `${eventName}: ${errorCode}` : eventName));
    expect(told.slice(-5)).toEqual(['AssumeRole', 'SwitchRole', 'ListUsers', 'CreateUser: AccessDenied', 'ExitRole']);
    const [assumed, switchRole] = records.slice(-5);
    expect(assumed).toMatchObject({
      userIdentity: { userName: 'opentrail', accessKeyId: expect.stringMatching(/^ASIA/) },
      requestParameters: { roleArn: RoleArn, roleSessionName: 'opentrail', durationSeconds: 3600 },
      sessionCredentialFromConsole: 'true',
    });
    expect(switchRole).toMatchObject({
      userIdentity: { type: 'AssumedRole', arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/opentrail` },
      responseElements: { SwitchRole: 'Success' },
      additionalEventData: { SwitchFrom: `arn:aws:iam::${ACCOUNT}:user/opentrail`, RedirectTo: `${server.console}/` },
    });
    expect(JSON.stringify(records)).not.toMatch(/secretAccessKey/i);
  });

  test('a page that was loaded before the switch cannot act as somebody else than it shows', async () => {
    const RoleArn = await newRole('reader');
    const browser = await signedIn();
    const stale = browser.csrf!;
    await enter(browser, RoleArn);
    const call = await browser.ask('/aws/s3/us-east-1/', { headers: { 'x-opentrail-csrf': stale } });
    expect(call).toMatchObject({ status: 403, body: { Code: 'InvalidCsrfToken' } });
  });

  test('is refused in STS’s own words, and recorded', async () => {
    const browser = await signedIn();
    const refused = await enter(browser, `arn:aws:iam::${ACCOUNT}:role/not-there`);
    expect([refused.status, refused.body]).toMatchObject([403, { Code: 'AccessDenied' }]);
    const [record] = await newest(1, '&eventName=AssumeRole');
    expect(record).toMatchObject({ errorCode: 'AccessDenied', userAgent: browser.userAgent });
    expect((await browser.ask('/session')).body).toMatchObject({ UserName: 'opentrail' });
    expect((await enter(browser, 'nonsense')).status).toBe(400);
    expect((await enter(browser, `arn:aws:iam::${ACCOUNT}:role/a`, { Admin: 'yes' })).status).toBe(400);
  });

  test('ends with the role, and says so once', async () => {
    const RoleName = 'short-lived';
    const RoleArn = await newRole(RoleName);
    const browser = await signedIn();
    await enter(browser, RoleArn);
    await users.send(new iam.DeleteRolePolicyCommand({ RoleName, PolicyName: 'reads' }));
    await users.send(new iam.DeleteRoleCommand({ RoleName }));
    expect(await browser.query('iam', 'ListUsers')).toMatchObject({ status: 401, body: { Code: 'RoleSessionEnded' } });
    expect((await browser.ask('/session')).body).toMatchObject({ UserName: 'opentrail' });
  });
});

test('the console can be left out, and is told of at start', async () => {
  expect(server.said).toMatch(/^Console: http:\/\/127\.0\.0\.1:\d+ /m);
  const port = new URL(server.console!).port;
  await expect(startOpenTrail({ flags: { 'console-port': port } })).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken by another program. Stop it, or choose another port with --console-port.`,
  );
  const without = await startOpenTrail({ flags: { console: 'off' } });
  expect(without.console).toBeUndefined();
  await without.stop();
});
