import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { assert } from '../../base/errors.ts';
import { decodeHeader } from '../../event/header.ts';
import type { Sequence } from '../log.ts';
import { readRawFrames, readRawHeader } from './raw-reader.ts';
import {
  BLOCK_EVENTS,
  type BlockEntry,
  encodeBlock,
  encodeFooter,
  encodeTable,
  joinSpans,
  NO_SPAN,
  SEALED_MAGIC,
  type Span,
} from './sealed-format.ts';
import { SteadyFile } from './steady-file.ts';

/**
 * Makes a sealed segment event by event, synchronously, holding one block and the table (44 bytes a block). All goes to
 * `<segPath>.tmp` until `finish` has made it durable and renames it; a crash before leaves what the Log deletes when it
 * opens.
 */
export class SealedWriter {
  readonly #segPath: string;
  readonly #first: Sequence;
  readonly #file: SteadyFile;
  readonly #entries: BlockEntry[] = [];
  #offset = 0;
  #bodies: Buffer[] = [];
  #span = NO_SPAN;
  #count = 0;

  constructor(segPath: string, first: Sequence) {
    this.#segPath = segPath;
    this.#first = first;
    this.#file = new SteadyFile(this.#temporary);
  }

  /** Events added. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds the next event.
   * @param body a frame's, as `readRawFrames` gives it; held until the block is full
   * @param timeMs its eventTime
   */
  add(body: Buffer, acceptedMs: number, timeMs: number): void {
    const own = { acceptedMinMs: acceptedMs, acceptedMaxMs: acceptedMs, timeMinMs: timeMs, timeMaxMs: timeMs };
    this.#span = joinSpans(this.#span, own);
    this.#count++;
    if (this.#bodies.push(body) === BLOCK_EVENTS) this.#endBlock();
  }

  /** Makes it durable under its name. @returns how many events it holds */
  finish(): number {
    assert(this.#count > 0, 'a sealed segment holds events');
    if (this.#bodies.length > 0) this.#endBlock();
    const table = encodeTable(this.#entries);
    const span = this.#entries.reduce<Span>(joinSpans, NO_SPAN);
    const tableOffset = this.#offset;
    this.#write(table);
    const [first, count, tableCrc] = [this.#first, this.#count, crc32(table)];
    this.#write(encodeFooter({ first, count, tableOffset, tableCrc, codec: 'brotli', ...span }));
    this.#file.finish();
    renameSync(this.#temporary, this.#segPath);
    syncDirectory(dirname(this.#segPath));
    return this.#count;
  }

  /** Gives up, also after `finish` threw; nothing is left. */
  abort(): void {
    this.#file.close();
    rmSync(this.#temporary, { force: true });
  }

  #endBlock(): void {
    if (this.#offset === 0) this.#write(SEALED_MAGIC);
    const { bytes, inflatedBytes } = encodeBlock(this.#bodies);
    const crc = crc32(bytes);
    this.#entries.push({ offset: this.#offset, bytes: bytes.length, inflatedBytes, crc, ...this.#span });
    this.#bodies = [];
    this.#span = NO_SPAN;
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    this.#file.write(bytes);
    this.#offset += bytes.length;
  }

  get #temporary(): string {
    return `${this.#segPath}.tmp`;
  }
}

/**
 * Seals a whole raw segment, synchronously: for a worker (about 10 µs of CPU an event). Who must answer in between, or
 * makes postings on the way, drives a `SealedWriter` over `readRawFrames` itself.
 * @param rawBytes how far the raw file is durable (`CompleteSegment.bytes`)
 * @returns how many events it holds
 * @throws OperatorError when the raw file is damaged; a system error when the disk refuses. Nothing is left then
 */
export function writeSealed(rawPath: string, segPath: string, rawBytes: number): number {
  const writer = new SealedWriter(segPath, readRawHeader(rawPath).first);
  try {
    for (const { body, acceptedMs, header } of readRawFrames(rawPath, undefined, rawBytes)) {
      writer.add(body, acceptedMs, decodeHeader(header, 0, header.length).timeMs);
    }
    return writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** Makes what was created or renamed in a directory durable. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
