import { createHash } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

/** `pass` it all on; `refuse` with 503 SlowDown; `cut`: pass it on, and close the connection instead of answering. */
export type FrontMode = 'pass' | 'refuse' | 'cut';

export interface FlakyFront {
  readonly endpoint: string;
  mode: FrontMode;
  /** Of every path that was put to: the SHA-256 of each different body, whatever became of it. */
  readonly puts: ReadonlyMap<string, ReadonlySet<string>>;
  /** Puts that were not answered, or answered with a refusal. */
  readonly failed: number;
  stop(): Promise<void>;
}

const SLOW_DOWN = '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';

/** Stands before a store and fails on demand. What is not up behind it is a connection that is cut. */
export async function startFlakyFront(target: string): Promise<FlakyFront> {
  const puts = new Map<string, Set<string>>();
  const state = { mode: 'pass' as FrontMode, failed: 0 };
  const server = createServer(async (req, res) => {
    const parts: Buffer[] = [];
    try {
      for await (const part of req) parts.push(part as Buffer);
    } catch {
      return; // the client was killed in the middle
    }
    const body = Buffer.concat(parts);
    const { mode } = state;
    if (req.method === 'PUT') {
      const sha256 = createHash('sha256').update(body).digest('hex');
      puts.set(req.url!, (puts.get(req.url!) ?? new Set()).add(sha256));
      if (mode !== 'pass') state.failed++;
    }
    if (mode === 'refuse') {
      res.writeHead(503).end(SLOW_DOWN);
      return;
    }
    const onward = request(new URL(req.url!, target), { method: req.method!, headers: req.headers }, (answer) => {
      if (mode === 'cut') {
        answer.resume().once('end', () => res.destroy());
        return;
      }
      res.writeHead(answer.statusCode!, answer.headers);
      // What is killed in the middle of its answer breaks off here as well; the other side would wait for the rest.
      pipeline(answer, res, () => {});
    });
    onward.once('error', () => res.destroy());
    onward.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    puts,
    get mode() {
      return state.mode;
    },
    set mode(mode) {
      state.mode = mode;
    },
    get failed() {
      return state.failed;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
