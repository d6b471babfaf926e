import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Finished } from './clients.ts';

/** What is to be run: the AWS CLI with these arguments, or a program. */
export type Job = { readonly aws: readonly string[] } | { readonly program: string };

interface Forker {
  readonly process: ChildProcess;
  readonly folder: string;
  readonly waiting: Map<number, { ended(code: number | null): void; failed(why: Error): void }>;
}
let forker: Forker | undefined;
let count = 0;

/** Whether `aws` is the very CLI that `python3` would import, so that a fork of it is what would have been started. */
export function canFork(): boolean {
  const versionOf = (command: string, ...args: string[]) =>
    spawnSync(command, args, { encoding: 'utf8' }).stdout?.trim() ?? '';
  const imported = versionOf('python3', '-c', 'import awscli.clidriver, boto3; print(awscli.__version__)');
  return imported !== '' && versionOf('aws', '--version').startsWith(`aws-cli/${imported} `);
}

/** Runs it in a fork of a process that has the AWS CLI and boto3 imported: a third of the work of starting it. */
export async function inFork(job: Job, env: NodeJS.ProcessEnv, cwd: string): Promise<Finished> {
  forker ??= startForker();
  const { process, folder, waiting } = forker;
  const id = count++;
  const [out, err] = [join(folder, `${id}.out`), join(folder, `${id}.err`)];
  const code = await new Promise<number | null>((ended, failed) => {
    waiting.set(id, { ended, failed });
    process.stdin!.write(`${JSON.stringify({ id, env, cwd, out, err, ...job })}\n`);
  });
  return { code, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') };
}

function startForker(): Forker {
  const folder = mkdtempSync(join(tmpdir(), 'opentrail-python-'));
  const child = spawn('python3', [new URL('python-fork.py', import.meta.url).pathname], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting: Forker['waiting'] = new Map();
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const { id, code } = JSON.parse(line) as { id: number; code: number };
    waiting.get(id)?.ended(code < 0 ? null : code); // less than 0: ended by a signal
    waiting.delete(id);
  });
  child.once('close', (code) => {
    for (const { failed } of waiting.values()) failed(new Error(`python-fork.py ended with ${code}`));
  });
  // It ends with this process, whose end closes its input; what it holds then is nobody's any more.
  child.unref();
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { process: child, folder, waiting };
}
