import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { assert, OperatorError } from '../base/errors.ts';
import { verify } from './across-buckets.ts';
import type { PublicKeys } from './check-digest.ts';
import type { Ask, FromThread, ThreadInput, ToThread } from './in-thread.ts';
import type { FetchedObject, ListedObject, Source } from './source.ts';
import type { ObjectVerdict } from './verdicts.ts';

/** The thread's side of `in-thread.ts`: all of a verification but the fetching, which it asks for. */
assert(parentPort, 'this file is started as a thread');
const port = parentPort;
const { bucket: first, ...input } = workerData as ThreadInput;

/** How often the other side hears how far it is. */
const TOLD_EVERY_MS = 200;
/** Verdicts in one message: few messages, and little to wait for. */
const VERDICTS_MAX = 200;

const waiting = new Map<number, { readonly fulfil: (value: never) => void; readonly reject: (error: Error) => void }>();
let asked = 0;
const tell = (message: FromThread) => port.postMessage(message);
const ask = <T>(what: Ask): Promise<T> =>
  new Promise<T>((fulfil, reject) => {
    waiting.set(asked, { fulfil, reject });
    tell({ ask: asked++, what });
  });

port.on('message', ({ answer, value, refused }: ToThread) => {
  if (refused === undefined) waiting.get(answer)?.fulfil(value as never);
  else waiting.get(answer)?.reject(new OperatorError(refused));
  waiting.delete(answer);
});

const sourceOf = (bucket: string): Source => ({
  name: `s3://${bucket}`,
  bucket,
  inBucket: sourceOf,
  async *list(prefix) {
    let token: string | undefined;
    let count = 0;
    do {
      const page = await ask<{ objects: readonly ListedObject[]; next?: string }>({ list: prefix, of: bucket, token });
      count += page.objects.length;
      tell({ progress: { phase: 'listing', done: count } });
      yield* page.objects;
      token = page.next;
    } while (token !== undefined);
  },
  async get(name = bucket, key) {
    const object = await ask<{ body: Uint8Array; metadata: FetchedObject['metadata'] } | undefined>({ get: name, key });
    if (object === undefined) return undefined;
    const { buffer, byteOffset, length } = object.body;
    return { ...object, body: Buffer.from(buffer, byteOffset, length) };
  },
});

let verdicts: ObjectVerdict[] = [];
let progress: { readonly phase: string; readonly done: number; readonly total: number } | undefined;
let toldMs = 0;

function flush(): void {
  if (verdicts.length > 0) tell({ verdicts });
  if (progress) tell({ progress });
  verdicts = [];
  progress = undefined;
  toldMs = systemClock.monotonicMs();
}

async function run(): Promise<FromThread> {
  try {
    const result = await verify({
      ...input,
      source: sourceOf(first),
      publicKeys: async (region, startMs, endMs) => {
        const keys = await ask<ReadonlyMap<string, Uint8Array>>({ keysOf: region, startMs, endMs });
        return new Map([...keys].map(([fingerprint, der]) => [fingerprint, Buffer.from(der)])) satisfies PublicKeys;
      },
      onProgress(done, total, phase) {
        progress = { phase, done, total };
        if (systemClock.monotonicMs() - toldMs > TOLD_EVERY_MS) flush();
      },
      onVerdict(verdict) {
        if (verdicts.push(verdict) >= VERDICTS_MAX) flush();
      },
    });
    flush();
    return { result };
  } catch (error) {
    if (error instanceof OperatorError) return { problem: error.message, isOurs: false };
    return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error), isOurs: true };
  }
}

tell(await run());
port.close();
