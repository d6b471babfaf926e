import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import { detect, operationFromForm } from '../detect.ts';
import { readBody, readRequest } from '../request.ts';
import { respond } from '../respond.ts';
import {
  type CallTarget,
  decodeError,
  decodeInput,
  decodeOutput,
  type EncodedResponse,
  encodeError,
  encodeOutput,
} from './index.ts';

/** The real SDK is the oracle: what it sends must decode to what it was given, what we encode to what it gives back. */

export type Data = Record<string, unknown>;

/** The services there are, what the server will answer, and what came and went in the last exchange. */
export const wire: {
  schemas: readonly ServiceSchema[];
  answer: Data | AwsError;
  seen: { operation: string; protocol: string; input: Data } | undefined;
  sent: { status: number; headers: Record<string, string>; body: string } | undefined;
  /** Reads back what was sent as the gateway does. */
  reread: ((read: typeof decodeOutput | typeof decodeError) => unknown) | undefined;
} = { schemas: [], answer: {}, seen: undefined, sent: undefined, reread: undefined };

const server = createServer((req, res) => {
  void (async () => {
    const http = readRequest(req);
    const body = await readBody(req, 1e6);
    const signingName = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)/.exec(http.headers.authorization ?? '')?.[1];
    const found = detect(http, signingName, wire.schemas, ['localhost'])!;
    const operation = found.operation ?? operationFromForm(found.schema, body, http.query)!;
    const target: CallTarget = { ...found, operation };
    let encoded: EncodedResponse;
    try {
      wire.seen = { operation, protocol: found.protocol, input: decodeInput(target, http, body) };
      if (wire.answer instanceof AwsError) throw wire.answer;
      encoded = encodeOutput(target, wire.answer, 'request-1');
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      encoded = encodeError(target, error, 'request-1', { hostId: 'host-1', resource: http.rawPath });
    }
    const shown = Buffer.isBuffer(encoded.body) ? encoded.body.toString() : '(stream)';
    const bytes = Buffer.isBuffer(encoded.body) ? encoded.body : Buffer.alloc(0);
    wire.reread = (read) => read(target, { ...encoded, body: bytes });
    wire.sent = { status: encoded.status, headers: { ...encoded.headers }, body: shown };
    await respond(res, http.method, encoded);
  })().catch((error) => {
    wire.seen = { operation: `${error.stack}`, protocol: '', input: {} };
    res.destroy();
  });
});

interface AnyClient {
  send(command: unknown): Promise<Data>;
  destroy(): void;
}
// biome-ignore lint/suspicious/noExplicitAny: nine SDKs, each with types of its own
export type Sdk = Record<string, any>;

const clients = new Map<string, AnyClient>();
/** A client of the server, made once for each set of options. */
export function clientOf(sdk: Sdk, name: string, more: Data = {}): AnyClient {
  const key = name + Object.keys(more).join();
  const known = clients.get(key);
  if (known) return known;
  const made = new sdk[name]({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
    forcePathStyle: true,
    ...more,
  }) as AnyClient;
  clients.set(key, made);
  return made;
}

/** At the top of a test file: a server that knows these services, for as long as the file runs. */
export function usingServer(schemas: readonly ServiceSchema[]): void {
  beforeAll(async () => {
    wire.schemas = schemas;
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterAll(() => {
    for (const client of clients.values()) client.destroy();
    clients.clear();
    server.close();
  });
  beforeEach(() => {
    Object.assign(wire, { answer: {}, seen: undefined, sent: undefined, reread: undefined });
  });
}

/** Bytes compare as text, whatever holds them; the SDK's streams are read by the tests that have them. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const entries = Object.entries(value).filter(([name, v]) => v !== undefined && name !== '$metadata');
  return Object.fromEntries(entries.map(([name, v]) => [name, plain(v)]));
}

/** Sends a command that the server answers with `output`; resolves to what the SDK makes of it. */
export async function exchange(client: AnyClient, sdk: Sdk, operation: string, input: Data, output: Data) {
  wire.answer = output;
  const got = await client.send(new sdk[`${operation}Command`](input)).catch((error: Error) => {
    throw new Error(`${error.message}\nseen: ${JSON.stringify(wire.seen)}\nsent: ${wire.sent?.body}`);
  });
  expect(wire.seen?.operation).toBe(operation);
  return got;
}

export const WHEN = new Date('2026-01-02T03:04:05Z');
export const WHEN_MS = new Date('2026-01-02T03:04:05.678Z');
export const BYTES = new Uint8Array([0, 1, 254, 255]);

export type Case = [operation: string, input: Data, output: Data];
/** A service of the SDK, `name` saying the protocol that it should be seen to speak. */
export type Spoken = [name: string, sdk: Sdk, client: string, cases: Case[], options?: Data];

/** Each case goes there and back, and an error arrives as one. */
export function describeService([name, sdk, clientName, cases, options]: Spoken): void {
  describe(name, () => {
    it.each(cases)('%s', async (operation, input, output) => {
      const got = await exchange(clientOf(sdk, clientName, options), sdk, operation, input, output);
      expect(name).toContain(wire.seen!.protocol);
      expect(plain(wire.seen!.input)).toMatchObject(plain(input) as object);
      expect(plain(got)).toEqual(plain(output));
      expect(plain(wire.reread!(decodeOutput))).toEqual(plain(output));
    });

    it('gives an error its name, message and status', async () => {
      wire.answer = new AwsError('TestFailureException', 'a "message" <b>', {
        status: 418,
        headers: { 'Retry-After': '3' },
      });
      const [operation, input] = cases[0]!;
      const error = await clientOf(sdk, clientName, options)
        .send(new sdk[`${operation}Command`](input))
        .catch((e: Error) => e);
      expect(error).toMatchObject({ name: 'TestFailureException', message: 'a "message" <b>' });
      expect(error).toMatchObject({ $metadata: { httpStatusCode: 418, requestId: 'request-1' } });
      expect(wire.sent?.headers['retry-after']).toBe('3');
      const read = { code: 'TestFailureException', message: 'a "message" <b>', requestId: 'request-1' };
      expect(wire.reread!(decodeError)).toEqual(read);
    });
  });
}
