import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'vitest';
import { canFork, inFork, type Job } from './python.ts';
import { canMakeSmallDisk } from './small-disk.ts';

/** The vendor's clients that this machine may or may not have, the oracle of these tests; and the right to mount. */
export type ClientName =
  | 'aws'
  | 'boto3'
  | 'terraform'
  | 'aws-endpoint-env'
  | 'moto'
  | 'pyyaml'
  | 'small-disk'
  | 'chromium';

const TERRAFORM_PLUGINS = process.env.OPENTRAIL_TF_PLUGIN_DIR ?? '/opt/tf-plugins';
export const terraformPlugins = TERRAFORM_PLUGINS;
/** Debian's, or another's. */
export const CHROMIUM = process.env.OPENTRAIL_CHROMIUM ?? '/usr/bin/chromium';

const succeeds = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { stdio: 'ignore', timeout: 180_000 }).status === 0;

/** `AWS_ENDPOINT_URL` is read by the CLI from 1.29 and 2.13 on; without it S3 cannot be moved under validate-logs. */
function readsEndpointEnv(): boolean {
  const version = /aws-cli\/(\d+)\.(\d+)/.exec(spawnSync('aws', ['--version'], { encoding: 'utf8' }).stdout ?? '');
  if (!version) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major === 1 ? minor >= 29 : major > 2 || minor >= 13;
}

const PROBES: Readonly<Record<ClientName | 'python-fork', () => boolean>> = {
  aws: () => succeeds('aws', ['--version']),
  boto3: () => succeeds('python3', ['-c', 'import boto3']),
  terraform: () => succeeds('terraform', ['version']) && existsSync(TERRAFORM_PLUGINS),
  'aws-endpoint-env': readsEndpointEnv,
  moto: () => succeeds('moto_server', ['--help']),
  pyyaml: () => succeeds('python3', ['-c', 'import yaml']),
  'small-disk': canMakeSmallDisk,
  chromium: () => succeeds(CHROMIUM, ['--version']),
  'python-fork': canFork,
};
const found = new Map<keyof typeof PROBES, boolean>();

/** Asked once in a run of the tests: to ask takes up to a second, and most files ask. */
export function has(client: keyof typeof PROBES): boolean {
  if (!found.has(client)) found.set(client, foundBefore(client) ?? find(client));
  return found.get(client)!;
}

const noteOf = (client: string) => join(process.env.OPENTRAIL_TEST_RUN!, client);

function foundBefore(client: keyof typeof PROBES): boolean | undefined {
  try {
    return readFileSync(noteOf(client), 'utf8') === 'yes';
  } catch {
    return undefined;
  }
}

function find(client: keyof typeof PROBES): boolean {
  const isThere = PROBES[client]();
  // Named when it is written, so that no other process of this run reads half of it.
  const half = `${noteOf(client)}.${process.pid}`;
  writeFileSync(half, isThere ? 'yes' : 'no');
  renameSync(half, noteOf(client));
  return isThere;
}

/** Clients that this run was promised (`OPENTRAIL_EXPECT_CLIENTS=aws,boto3`): their absence is a failure. */
const expected = new Set((process.env.OPENTRAIL_EXPECT_CLIENTS ?? '').split(',').filter((name) => name !== ''));

/** A test that needs vendors' clients. Where one is missing it is left out, loudly; where it was promised, it fails. */
export function testWith(
  clients: readonly ClientName[],
  name: string,
  body: () => Promise<void>,
  timeoutMs?: number,
): void {
  const missing = clients.filter((client) => !has(client));
  if (missing.length === 0) {
    test(name, body, timeoutMs);
  } else if (missing.some((client) => expected.has(client))) {
    test(name, () => {
      throw new Error(`this machine was to have ${missing.join(' and ')}`);
    });
  } else {
    process.stderr.write(`LEFT OUT, because ${missing.join(' and ')} is not on this machine: ${name}\n`);
    test.skip(`${name} (left out: no ${missing.join(', ')})`, body);
  }
}

/** For a whole file, instead of `testWith`: its tests are left out, or fail, where a client is missing. */
export function needsClients(...clients: readonly ClientName[]): void {
  const missing = clients.filter((client) => !has(client));
  if (missing.length === 0) return;
  process.stderr.write(`LEFT OUT, because ${missing.join(' and ')} is not on this machine: a file of tests\n`);
  beforeEach((context) => {
    if (missing.some((client) => expected.has(client)))
      throw new Error(`this machine was to have ${missing.join(' and ')}`);
    context.skip(`no ${missing.join(', ')}`);
  });
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The tests' own environment without the credentials in it. */
function ownEnv(): NodeJS.ProcessEnv {
  const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, AWS_SESSION_TOKEN: _token, ...own } = process.env;
  return own;
}

/** Runs a program to its end. Never rejects for a bad exit code: tests look at it. */
export function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: { cwd?: string; input?: string } = {},
): Promise<Finished> {
  return new Promise((fulfil, reject) => {
    const child = spawn(command, args, { env: { ...ownEnv(), ...env }, ...(options.cwd && { cwd: options.cwd }) });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => fulfil({ code, stdout, stderr }));
    child.stdin.once('error', () => {}); // it ended before it had read all: its exit code says why
    child.stdin.end(options.input ?? '');
  });
}

/** Runs the AWS CLI and gives back what it printed as JSON; throws with its own words when it fails. */
export async function aws<T = Record<string, never>>(
  env: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<T> {
  const done = await awsRaw(env, ...args);
  if (done.code !== 0) throw new Error(`aws ${args.join(' ')} ended with ${done.code}:\n${done.stderr}${done.stdout}`);
  return (done.stdout.trim() === '' ? {} : parseOutput(done.stdout)) as T;
}

function parseOutput(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return stdout;
  }
}

export function awsRaw(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Finished> {
  const endpoint = has('aws-endpoint-env') ? [] : ['--endpoint-url', env.AWS_ENDPOINT_URL!];
  const all = [...endpoint, '--output', 'json', ...args];
  return runPython({ aws: all }, 'aws', all, env);
}

/** In a fork where that is the same; else as a process. */
const runPython = (job: Job, command: string, args: readonly string[], env: Readonly<Record<string, string>>) =>
  has('python-fork') ? inFork(job, { ...ownEnv(), ...env }, process.cwd()) : run(command, args, env);

/** Runs a Python program that uses boto3; its last printed line is JSON. */
export async function boto3<T>(env: Readonly<Record<string, string>>, program: string): Promise<T> {
  // Versions before 1.28 do not read AWS_ENDPOINT_URL, so every program makes its clients with `client(name)`.
  const preamble = `
import boto3, json, os
from botocore.config import Config
def client(name, **kw):
    return boto3.client(name, endpoint_url=os.environ['AWS_ENDPOINT_URL'], **kw)
`;
  const whole = preamble + program;
  const done = await runPython({ program: whole }, 'python3', ['-c', whole], env);
  if (done.code !== 0) throw new Error(`boto3 ended with ${done.code}:\n${done.stderr}`);
  return JSON.parse(done.stdout.trim().split('\n').at(-1)!) as T;
}

/** Between two looks at least, and at most. */
const LOOK_AGAIN_MIN_MS = 50;
const LOOK_AGAIN_MAX_MS = 1_000;

/**
 * Tries until it holds, for what happens soon but not at once (delivery, indexing). No fixed sleep: a deadline, generous
 * because machines may be busy. Rests as long as a look takes, so that dear ones leave time for what they wait for.
 */
export async function eventually<T>(
  probe: () => Promise<T | undefined | false>,
  what: string,
  timeoutMs = 90_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const startMs = Date.now();
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    const restMs = Math.min(LOOK_AGAIN_MAX_MS, Math.max(LOOK_AGAIN_MIN_MS, Date.now() - startMs));
    await new Promise((resume) => setTimeout(resume, restMs));
  }
}
