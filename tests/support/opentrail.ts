import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './clients.ts';

const COMMAND = new URL('../../packages/server/bin/opentrail.js', import.meta.url).pathname;

/** A running `opentrail serve`, started the way a user starts it, on a port and in a folder of its own. */
export interface RunningOpenTrail {
  readonly endpoint: string;
  /** The capture gateway, when an `upstream` is given. */
  readonly gateway?: string;
  readonly console?: string;
  readonly dataDir: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For AWS's clients: this OpenTrail, this account, nothing of the machine's own configuration. */
  readonly env: Readonly<Record<string, string>>;
  /** What it said when it was ready. */
  readonly said: string;
  /** Everything it has logged so far. */
  log(): string;
  /** SIGTERM, as an operator would. @returns the exit code */
  stop(): Promise<number | null>;
  /** Reads its files again (SIGHUP). */
  reload(): void;
  /** SIGKILL, as a power cut would. */
  kill(): Promise<void>;
}

export interface StartOptions {
  /** Flags of `serve`, by their names without dashes in front: `{ 'delivery-interval-seconds': 1 }`. */
  readonly flags?: Readonly<Record<string, string | number | true>>;
  /** Serves from here rather than from a new folder; the folder stays afterwards. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const madeDirs: string[] = [];
const running = new Set<ChildProcess>();

export function newFolder(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `opentrail-${name}-`));
  madeDirs.push(dir);
  return dir;
}

/** Ends what is still running and removes all folders: for `afterAll`, which waits for it. */
export async function cleanUp(): Promise<void> {
  const ends = [...running].map((child) => new Promise((fulfil) => child.once('close', fulfil)));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ends);
  for (const dir of madeDirs.splice(0)) await eventually(async () => wasRemoved(dir), `${dir} is removed`);
}

/** Not so while somebody writes: the lake's process ends when it sees that the killed server has. */
function wasRemoved(dir: string): boolean {
  try {
    rmSync(dir, { recursive: true, force: true });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    return false;
  }
}

/** Starts, and kills without waiting until it serves. */
export async function killDuringStart(
  options: StartOptions & { readonly dataDir: string },
  afterMs: number,
): Promise<void> {
  const child = spawnServe(options.dataDir, options);
  const ended = new Promise((fulfil) => child.once('close', fulfil));
  child.stdout!.resume();
  child.stderr!.resume();
  await new Promise((resume) => setTimeout(resume, afterMs));
  child.kill('SIGKILL');
  await ended;
  running.delete(child);
}

function spawnServe(dataDir: string, options: StartOptions): ChildProcess {
  const given: Record<string, string | number | true> = {
    port: 0,
    'console-port': 0,
    'log-level': 'info',
    ...options.flags,
    'data-dir': dataDir,
  };
  const flags = Object.entries(given);
  const args = flags.flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));
  const child = spawn(process.execPath, [COMMAND, 'serve', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  running.add(child);
  return child;
}

export async function startOpenTrail(options: StartOptions = {}): Promise<RunningOpenTrail> {
  const dataDir = options.dataDir ?? newFolder('data');
  const child = spawnServe(dataDir, options);
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((fulfil) => {
    child.once('close', (code) => {
      running.delete(child);
      fulfil(code);
    });
  });
  const said = await firstWords(child, ended, () => stderr);
  const endpoint = /serves (https?:\/\/\S+)/.exec(said)![1]!;
  const gateway = /gateway +(https?:\/\/\S+)/.exec(said)?.[1];
  const webConsole = /[Cc]onsole[^\n]*?(https?:\/\/\S+)/.exec(said)?.[1];
  const { accessKeyId, secretAccessKey } = readProfile(join(dataDir, 'credentials'), 'opentrail');
  return {
    endpoint,
    ...(gateway !== undefined && { gateway }),
    ...(webConsole !== undefined && { console: webConsole }),
    dataDir,
    accessKeyId,
    secretAccessKey,
    env: clientEnv(endpoint, join(dataDir, 'credentials')),
    said,
    log: () => stderr,
    reload: () => void child.kill('SIGHUP'),
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** All that it says once it serves, up to its hint of what to type next. */
function firstWords(child: ChildProcess, ended: Promise<number | null>, stderr: () => string): Promise<string> {
  return new Promise((fulfil, reject) => {
    let stdout = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.includes('aws cloudtrail')) fulfil(stdout);
    });
    ended.then((code) => reject(new Error(`opentrail serve ended with ${code} before serving:\n${stderr()}`)));
  });
}

/** Reads one profile of a credentials file in AWS's format. */
export function readProfile(file: string, profile: string): { accessKeyId: string; secretAccessKey: string } {
  const section =
    readFileSync(file, 'utf8')
      .split(/^\[/m)
      .find((s) => s.startsWith(`${profile}]`)) ?? '';
  const value = (name: string) => new RegExp(`^${name}\\s*=\\s*(\\S+)`, 'm').exec(section)?.[1] ?? '';
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') };
}

export function clientEnv(endpoint: string, credentialsFile: string, profile = 'opentrail'): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_SHARED_CREDENTIALS_FILE: credentialsFile,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_PROFILE: profile,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    AWS_MAX_ATTEMPTS: '1',
  };
}
