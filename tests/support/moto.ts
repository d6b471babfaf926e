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

/** Below those that systems give to whoever asks for any (IANA's from 49152, Linux's from 32768): there it would be taken. */
const [PORT_MIN, PORT_MAX] = [16_000, 32_000];

/** A port that nobody listens on, for who must know it beforehand or keep it over a restart. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN));
    const server = createServer();
    const isFree = await new Promise<boolean>((fulfil) => {
      server.once('error', () => fulfil(false)).listen(port, '127.0.0.1', () => fulfil(true));
    });
    if (!isFree) continue;
    await new Promise((fulfil) => server.close(fulfil));
    return port;
  }
}
