import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const COMMAND = new URL('../../packages/server/bin/opentrail.js', import.meta.url).pathname;
const running = new Set<ChildProcess>();
const servers = new Set<Server>();

/** A running `opentrail gateway`, the capture gateway as a process of its own. */
export interface RunningGateway {
  readonly endpoint: string;
  /** Of /readyz and /metrics. */
  readonly health: string;
  log(): string;
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

export interface GatewayFlags {
  readonly dir: string;
  readonly upstream: string;
  readonly sendTo: string;
  /** Of the server: where its credentials are. */
  readonly dataDir: string;
}

export async function startGateway({ dir, upstream, sendTo, dataDir }: GatewayFlags): Promise<RunningGateway> {
  const args = ['gateway', '--gateway-dir', dir, '--upstream', upstream, '--send-to', sendTo, '--data-dir', dataDir];
  const child = spawn(process.execPath, [COMMAND, ...args, '--gateway-port', '0', '--health-port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((fulfil) => child.once('close', fulfil));
  await new Promise<void>((fulfil, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      if (stdout.includes('export AWS_ENDPOINT_URL')) fulfil();
    });
    ended.then((code) => reject(new Error(`opentrail gateway ended with ${code} before serving:\n${stderr}`)));
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const code = await ended;
    running.delete(child);
    return code;
  };
  return {
    endpoint: /export AWS_ENDPOINT_URL=(\S+)/.exec(stdout)![1]!,
    health: /Health and metrics: (http:\/\/[^/]+)/.exec(stdout)![1]!,
    log: () => stderr,
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  };
}

/** An upstream that answers as it is told: for operations that no emulator has, and for faults. */
export async function startUpstream(
  answer: (request: { method: string; url: string; headers: NodeJS.Dict<string | string[]>; body: string }) => {
    status: number;
    headers?: Record<string, string>;
    body?: string;
  },
): Promise<{ readonly endpoint: string; stop(): Promise<void> }> {
  const server = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part) => parts.push(part));
    req.on('end', () => {
      const { method = '', url = '', headers } = req;
      const {
        status,
        headers: answered = {},
        body = '',
      } = answer({ method, url, headers, body: Buffer.concat(parts).toString() });
      res.writeHead(status, { 'content-length': Buffer.byteLength(body), ...answered }).end(body);
    });
  });
  servers.add(server);
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((fulfil) => server.close(fulfil));
      servers.delete(server);
    },
  };
}

/** For `afterAll`. */
export function stopGateways(): void {
  for (const child of running) child.kill('SIGKILL');
  for (const server of servers) server.closeAllConnections();
}
