import * as iam from '@aws-sdk/client-iam';
import { expect } from 'vitest';
import { ConsoleVisitor } from './console.ts';
import type { RunningOpenTrail } from './opentrail.ts';
import { clientConfig, signedFetch } from './sdk.ts';

export const ACCOUNT = '123456789012';
export const PASSWORD = 'Correct-Horse-9';

/** Who comes to the console of a server, and what its records then say. @param serverOf the server, once it runs */
export function consolePeople(serverOf: () => RunningOpenTrail) {
  const visitor = () => new ConsoleVisitor(serverOf());
  const ownKeys = () => ({ AccessKeyId: serverOf().accessKeyId, SecretAccessKey: serverOf().secretAccessKey });

  async function signedIn(input: object = ownKeys()): Promise<ConsoleVisitor> {
    const browser = visitor();
    expect(await browser.signIn(input)).toMatchObject({ status: 200 });
    return browser;
  }

  /** A user with administrator's rights, a password and a key. */
  async function newUser(UserName: string, PasswordResetRequired = false) {
    const users = new iam.IAMClient(clientConfig(serverOf()));
    await users.send(new iam.CreateUserCommand({ UserName }));
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await users.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
    await users.send(new iam.CreateLoginProfileCommand({ UserName, Password: PASSWORD, PasswordResetRequired }));
    const { AccessKey } = await users.send(new iam.CreateAccessKeyCommand({ UserName }));
    return { AccessKeyId: AccessKey!.AccessKeyId!, SecretAccessKey: AccessKey!.SecretAccessKey! };
  }

  /** The newest records, oldest first. */
  // biome-ignore lint/suspicious/noExplicitAny: records are any JSON
  async function newest(count: number, filter = ''): Promise<any[]> {
    const answer = await signedFetch(serverOf(), 'GET', `/opentrail/v1/tail?follow=false&last=${count}${filter}`);
    const lines = (await answer.text()).trim().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  }

  return { visitor, ownKeys, signedIn, newUser, newest };
}

/** What a user of `newUser` signs in with. */
export const byPassword = (UserName: string, more: object = {}) => ({
  AccountId: ACCOUNT,
  UserName,
  Password: PASSWORD,
  ...more,
});
