import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, expect } from 'vitest';
import { CHROMIUM, needsClients } from './clients.ts';
import { TEST_IS_OVER } from './closed-pages.ts';
import type { RunningOpenTrail } from './opentrail.ts';

/** A desktop, and the narrowest screen that the console is made for. */
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 400, height: 800 };
export const COLOR_SCHEMES = ['light', 'dark'] as const;
export type ColorScheme = (typeof COLOR_SCHEMES)[number];

export interface PageOptions {
  /** Default: `DESKTOP`. */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** What the person's system prefers. Default: light. */
  readonly colorScheme?: ColorScheme;
  /** Default: UTC, so that what is read does not depend on the machine. */
  readonly timeZone?: string;
}

/** Runs as root in containers, and must not reach for the world outside. */
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Starts Chromium without what is dear and nobody sees. */
const LAUNCHER = new URL('chromium.sh', import.meta.url).pathname;
let browser: Promise<Browser> | undefined;
/** What went wrong in each browser context of the test that runs, and what of it is as it should be. */
const watched = new Map<BrowserContext, { readonly problems: string[]; readonly expected: RegExp[] }>();

/**
 * Call it once, at the top of a test file. After each test its pages are closed, and a test fails that passed while one of
 * its pages logged an error, threw one, broke the Content-Security-Policy or could not fetch something. Of a test that
 * failed a picture is left in the temporary folder. The browser itself ends with the file. Without Chromium all is left out.
 */
export function usingBrowser(): void {
  needsClients('chromium');
  afterEach(async ({ task }) => {
    const problems: string[] = [];
    for (const [context, seen] of watched) {
      if (task.result?.state === 'fail') await pictureOfFailure(context, task.name);
      problems.push(...seen.problems.filter((problem) => !seen.expected.some((pattern) => pattern.test(problem))));
      // A page goes on asking until it is closed, and a test's route that then answers is no error of any test.
      for (const page of context.pages()) await page.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close({ reason: TEST_IS_OVER });
    }
    watched.clear();
    expect(problems, 'what the browser complained of').toEqual([]);
  });
  afterAll(async () => {
    await (await browser)?.close();
    browser = undefined;
  });
}

function theBrowser(): Promise<Browser> {
  const env = { ...process.env, OPENTRAIL_CHROMIUM: CHROMIUM };
  browser ??= chromium.launch({ executablePath: LAUNCHER, args: FLAGS, env });
  return browser;
}

/** What a page takes on a machine that runs other tests meanwhile, at most. */
const PAGE_MS_MAX = 75_000;

/** A page in a browser context of its own: no cookies, nothing remembered. */
export async function openPage(options: PageOptions = {}): Promise<Page> {
  const context = await (await theBrowser()).newContext({
    viewport: options.viewport ?? DESKTOP,
    colorScheme: options.colorScheme ?? 'light',
    timezoneId: options.timeZone ?? 'UTC',
    locale: 'en-US',
    reducedMotion: 'reduce', // and so no picture is taken, and no colour judged, halfway through a transition
  });
  context.setDefaultTimeout(PAGE_MS_MAX);
  watch(context);
  return context.newPage();
}

function watch(context: BrowserContext): void {
  const problems: string[] = [];
  watched.set(context, { problems, expected: [] });
  context.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => void problems.push(`page: ${error.error().stack || error.error().message}`));
  context.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    // A page that is left, or asks anew, gives up its own questions.
    if (why !== 'net::ERR_ABORTED') problems.push(`request: ${request.method()} ${request.url()}: ${why}`);
  });
}

/** A problem that this test provokes, as it will read: `/status of 403/`. */
export function expectProblem(page: Page, pattern: RegExp): void {
  watched.get(page.context())!.expected.push(pattern);
}

/** The console of a server that was started with one. */
export function consoleOf(server: RunningOpenTrail): string {
  if (server.console === undefined) throw new Error(`this server told of no console:\n${server.said}`);
  return server.console;
}

/**
 * Signs in as a person does, on the sign-in page, and waits until the console is there.
 * @param path where to go: `/events?filter=…`; the console keeps it through the sign-in
 * @param keys default: the administrator's
 */
export async function signIn(
  page: Page,
  server: RunningOpenTrail,
  path = '/',
  keys: { readonly accessKeyId: string; readonly secretAccessKey: string } = server,
): Promise<void> {
  await page.goto(consoleOf(server) + path);
  await page.getByLabel('Access key ID').fill(keys.accessKeyId);
  await page.getByLabel('Secret access key').fill(keys.secretAccessKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname !== '/signin');
}

/** The same without the sign-in page, which is half of what a page costs: for tests of other pages. */
export async function enter(
  page: Page,
  server: RunningOpenTrail,
  path = '/',
  keys: { readonly accessKeyId: string; readonly secretAccessKey: string } = server,
): Promise<void> {
  const context = page.context();
  const data = { AccessKeyId: keys.accessKeyId, SecretAccessKey: keys.secretAccessKey };
  const answer = await context.request.post(`${consoleOf(server)}/session`, { data });
  expect(answer.status(), await answer.text()).toBe(200);
  // As the sign-in page does, so that the console asks who is signed in.
  await context.addCookies([{ name: 'opentrail-signed-in', value: '1', url: consoleOf(server) }]);
  await page.goto(consoleOf(server) + path);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const HARMFUL = ['serious', 'critical'];
/** How Cloudscape says which it is. */
const BODY_IN: Readonly<Record<ColorScheme, string>> = {
  light: 'body:not(.awsui-dark-mode)',
  dark: 'body.awsui-dark-mode',
};

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core has to look at again in the other colours; all its other rules read what does not depend on them. */
const RULES_OF_COLOUR = ['color-contrast', 'link-in-text-block'];

/** axe-core finds nothing serious or critical in the page as it stands, neither in light nor in dark. */
export async function expectAccessible(page: Page): Promise<void> {
  const before = await colorSchemeOf(page);
  const other = COLOR_SCHEMES.find((scheme) => scheme !== before)!;
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(AXE);
  const found = [...(await harmIn(page, before)), ...(await harmIn(page, other, RULES_OF_COLOUR))];
  await page.emulateMedia({ colorScheme: before });
  expect(found, `axe-core, on ${page.url()}`).toEqual([]);
}

async function harmIn(page: Page, scheme: ColorScheme, runOnly?: readonly string[]): Promise<string[]> {
  await page.emulateMedia({ colorScheme: scheme });
  await page.locator(BODY_IN[scheme]).waitFor({ state: 'attached' });
  // What it would fetch beforehand is for rules about sounds and turned screens, of which there are none.
  const options = JSON.stringify({ resultTypes: ['violations'], preload: false, runOnly });
  const { violations } = await page.evaluate<{ violations: Violation[] }>(`axe.run(document, ${options})`);
  const harmful = violations.filter(({ impact }) => HARMFUL.includes(impact));
  return harmful.map((violation) => `${scheme}: ${describe(violation)}`);
}

const colorSchemeOf = async (page: Page): Promise<ColorScheme> =>
  (await page.evaluate<boolean>("matchMedia('(prefers-color-scheme: dark)').matches")) ? 'dark' : 'light';

const describe = ({ id, impact, help, nodes }: Violation) =>
  `${id} (${impact}): ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html}\n    ${failureSummary}`).join('\n')}`;

/** Where pictures go: nowhere, unless someone wants to see them. */
const PICTURES = process.env.OPENTRAIL_SCREENSHOTS;

/** A picture `<name>.png` of what the window shows, in the folder that OPENTRAIL_SCREENSHOTS names, when it does. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled', caret: 'hide' });
}

/** The same in light (`<name>.png`) and dark (`<name>-dark.png`), as the docs show pages. */
export async function pictures(page: Page, name: string): Promise<void> {
  for (const colorScheme of COLOR_SCHEMES) {
    await page.emulateMedia({ colorScheme });
    await screenshot(page, colorScheme === 'light' ? name : `${name}-dark`);
  }
}

async function pictureOfFailure(context: BrowserContext, test: string): Promise<void> {
  for (const page of context.pages()) {
    const path = join(tmpdir(), `failed-${test.replaceAll(/\W+/g, '-').slice(0, 60)}.png`);
    const taken = await page.screenshot({ path, timeout: 5_000 }).then(
      () => true,
      () => false, // a page that hangs or crashed: the test has said why it failed
    );
    if (taken) process.stderr.write(`a picture of ${page.url()}, where "${test}" failed: ${path}\n`);
  }
}
