import { createHash } from 'node:crypto';
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { type Next, pick } from '../random.ts';

/** What a key may hold: a hash of its bytes, or undefined for no object. */
type Content = string | undefined;

const PART_BYTES_MIN = 5 << 20;
const SIZE_BYTES_MAX = 100_000;

const hashOf = (body: Buffer) => createHash('sha256').update(body).digest('hex');

/** Bytes that no other write has. */
function bytes(next: Next, length: number): Buffer {
  const word = createHash('sha256').update(String(next())).digest();
  return Buffer.alloc(length, word);
}

/**
 * A bucket and a model of what it must hold. Each key has one writer, so that only a write whose answer never came
 * leaves a doubt: then the key holds what it held before or what was written, and nothing else.
 */
export class ModelledBucket {
  readonly #name: string;
  readonly #keys: readonly string[];
  readonly #possible = new Map<string, Set<Content>>();
  /** Writes that were acknowledged, for the report. */
  acknowledged = 0;

  /** @param keyCount of long keys, so that the index's journal fills */
  constructor(name: string, keyCount: number) {
    this.#name = name;
    this.#keys = Array.from({ length: keyCount }, (_, i) => `${i}/`.padEnd(900, 'long-key-'));
    for (const key of this.#keys) this.#possible.set(key, new Set([undefined]));
  }

  /** Writes at random until the server is gone. @param share which of the keys: `i` of `of` */
  async write(client: S3Client, next: Next, share: { i: number; of: number }, signal: AbortSignal): Promise<void> {
    const own = this.#keys.filter((_, i) => i % share.of === share.i);
    while (!signal.aborted) {
      const key = pick(next, own);
      const dice = next();
      const change = dice < 0.2 ? this.#delete : dice < 0.3 ? this.#multipart : this.#put;
      // An earlier write without an answer may end after this one only while the same process lives.
      if (this.#possible.get(key)!.size === 1) await change.call(this, client, key, next, signal);
      else if ([...own].every((k) => this.#possible.get(k)!.size > 1)) return;
    }
  }

  /** Compares the bucket with the model, and takes over what was in doubt. */
  async check(client: S3Client): Promise<void> {
    const listed = await client.send(new ListObjectsV2Command({ Bucket: this.#name }));
    const keysListed = new Set((listed.Contents ?? []).map(({ Key }) => Key!));
    await Promise.all(
      this.#keys.map(async (key) => {
        const found = await this.#read(client, key);
        const possible = this.#possible.get(key)!;
        expect([...possible], `what ${key.slice(0, 5)} may hold`).toContain(found);
        expect(keysListed.has(key), `whether ${key.slice(0, 5)} is listed`).toBe(found !== undefined);
        this.#possible.set(key, new Set([found]));
      }),
    );
  }

  async #read(client: S3Client, key: string): Promise<Content> {
    try {
      const object = await client.send(new GetObjectCommand({ Bucket: this.#name, Key: key }));
      return hashOf(Buffer.from(await object.Body!.transformToByteArray()));
    } catch (error) {
      if ((error as Error).name === 'NoSuchKey') return undefined;
      throw error;
    }
  }

  async #change(key: string, content: Content, send: () => Promise<unknown>): Promise<void> {
    this.#possible.get(key)!.add(content);
    try {
      await send();
      this.#possible.set(key, new Set([content]));
      this.acknowledged++;
    } catch {
      // Unknown: both remain possible until the next `check`.
    }
  }

  #put(client: S3Client, key: string, next: Next, abortSignal: AbortSignal): Promise<void> {
    const Body = bytes(next, Math.floor(next() * SIZE_BYTES_MAX));
    return this.#change(key, hashOf(Body), () =>
      client.send(new PutObjectCommand({ Bucket: this.#name, Key: key, Body }), { abortSignal }),
    );
  }

  #delete(client: S3Client, key: string, _next: Next, abortSignal: AbortSignal): Promise<void> {
    return this.#change(key, undefined, () =>
      client.send(new DeleteObjectCommand({ Bucket: this.#name, Key: key }), { abortSignal }),
    );
  }

  async #multipart(client: S3Client, key: string, next: Next, abortSignal: AbortSignal): Promise<void> {
    const place = { Bucket: this.#name, Key: key };
    const last = bytes(next, 1 + Math.floor(next() * SIZE_BYTES_MAX));
    const parts = next() < 0.2 ? [bytes(next, PART_BYTES_MIN), last] : [last];
    try {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(place), { abortSignal });
      const Parts: CompletedPart[] = [];
      for (const [i, Body] of parts.entries()) {
        const part = { ...place, UploadId, PartNumber: i + 1, Body };
        const { ETag } = await client.send(new UploadPartCommand(part), { abortSignal });
        Parts.push({ ETag, PartNumber: i + 1 });
      }
      await this.#change(key, hashOf(Buffer.concat(parts)), () =>
        client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }), {
          abortSignal,
        }),
      );
    } catch {
      // Nothing was completed: the key holds what it held.
    }
  }
}
