import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { consoleOf, expectProblem, openPage, signIn, usingBrowser } from '../support/browser.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from '../support/opentrail.ts';
import { signedFetch } from '../support/sdk.ts';

/** Another site's page in the browser of somebody who is signed in. Of another port, it even counts as the same site. */

usingBrowser();
let server: RunningOpenTrail;
let stranger: Server;
let strangerUrl: string;
beforeAll(async () => {
  server = await startOpenTrail();
  stranger = createServer((_req, res) => {
    res
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>A stranger</title><p id="p">hello</p>');
  });
  await new Promise<void>((fulfil) => stranger.listen(0, '127.0.0.1', fulfil));
  strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  stranger.close();
  await cleanUp();
});

/** Signed in, and then gone to the stranger's page. */
async function lured(): Promise<Page> {
  const page = await openPage();
  expectProblem(page, /./); // all that the browser says of what it kept the stranger from
  await signIn(page, server);
  await page.goto(strangerUrl);
  return page;
}

const usersMade = async () => {
  const answer = await signedFetch(server, 'GET', '/opentrail/v1/tail?follow=false&last=100&eventName=CreateUser');
  return (await answer.text()).trim();
};

test('can neither read nor do anything, whichever way it asks', async () => {
  const page = await lured();
  const target = consoleOf(server);
  const asked = (init: object, path: string): Promise<string> =>
    page.evaluate(
      `fetch(${JSON.stringify(target + path)}, ${JSON.stringify({ credentials: 'include', ...init })})
        .then((answer) => answer.type === 'opaque' ? 'opaque' : answer.text(), (error) => 'refused')`,
    );
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = 'Action=CreateUser&Version=2010-05-08&UserName=mallory';
  expect(await asked({}, '/session')).toBe('refused');
  expect(await asked({ mode: 'no-cors' }, '/session')).toBe('refused'); // Cross-Origin-Resource-Policy
  expect(await asked({ method: 'POST', headers: form, body }, '/aws/iam/us-east-1/')).toBe('refused');
  expect(await asked({ method: 'POST', mode: 'no-cors', headers: form, body }, '/aws/iam/us-east-1/')).toBe('refused');
  expect(await asked({ method: 'POST', headers: { 'x-opentrail-csrf': 'x' }, body }, '/aws/iam/us-east-1/')).toBe(
    'refused',
  );
  expect(await asked({ method: 'DELETE' }, '/session')).toBe('refused');
  expect(await usersMade()).toBe('');
  await page.goto(target); // still signed in
  await page.getByRole('link', { name: 'Event history' }).first().waitFor();
});

test('can send no form, and gets no frame', async () => {
  const page = await lured();
  const target = consoleOf(server);
  await page.setContent(
    `<form method="post" action="${target}/aws/iam/us-east-1/"><input name="Action" value="CreateUser">
     <input name="Version" value="2010-05-08"><input name="UserName" value="mallory"></form>
     <iframe id="frame" src="${target}/users"></iframe>`,
  );
  const frame = page.frames().find((one) => one !== page.mainFrame());
  await expect.poll(() => frame?.url() ?? '').toMatch(/^chrome-error:/);
  const answer = page.waitForResponse((response) => response.url().endsWith('/aws/iam/us-east-1/'));
  await page.evaluate("document.querySelector('form').submit()");
  expect((await answer).status()).toBe(403);
  expect(await usersMade()).toBe('');
});
