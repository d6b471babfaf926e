import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { eventually } from './clients.ts';

const running = new Set<ChildProcess>();

/** A running `moto_server`: a real AWS emulator, to put behind the gateway. */
export interface Moto {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** @param accounts `one`: all keys are of 123456789012; `many`: a key is of the account that it was made in */
export async function startMoto(accounts: 'one' | 'many' = 'one'): Promise<Moto> {
  // It takes seconds until it has its port, which somebody else on this machine may have been given meanwhile.
  for (let tries = 0; tries < 3; tries++) {
    const moto = await tryMoto(await freePort(), accounts);
    if (moto) return moto;
  }
  throw new Error('moto_server ends before it answers');
}

/** @returns undefined when it ended before it answered */
async function tryMoto(port: number, accounts: 'one' | 'many'): Promise<Moto | undefined> {
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, ...(accounts === 'one' && { MOTO_ACCOUNT_ID: '123456789012' }) },
  });
  running.add(child);
  const ended = new Promise<void>((fulfil) => child.once('close', () => fulfil()));
  const endpoint = `http://127.0.0.1:${port}`;
  const hasEnded = () => child.exitCode !== null;
  const answers = async () => hasEnded() || (await fetch(`${endpoint}/moto-api/`).catch(() => undefined))?.ok;
  await eventually(answers, 'moto_server answers');
  if (hasEnded()) return undefined;
  return {
    endpoint,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      running.delete(child);
    },
  };
}

/** Functions and jobs that are run then answer at once, and do nothing. */
export async function withoutDocker({ endpoint }: Moto): Promise<void> {
  const body = JSON.stringify({ batch: { use_docker: false }, lambda: { use_docker: false } });
  await fetch(`${endpoint}/moto-api/config`, { method: 'POST', body });
}

/** For `afterAll`. */
export function stopMotos(): void {
  for (const child of running) child.kill('SIGKILL');
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  const { port } = server.address() as { port: number };
  await new Promise((fulfil) => server.close(fulfil));
  return port;
}
