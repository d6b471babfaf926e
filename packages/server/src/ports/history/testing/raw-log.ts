import { appendFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NewEvent } from '../../../event/event.ts';
import { encodeEvent, frameBytes, HEADER_BYTES_MAX } from '../../log/frame.ts';
import { encodeRawHeader, segmentName } from '../../log/raw-reader.ts';
import { readSealedFooter } from '../../log/sealed.ts';
import type { Sequence } from '../../log.ts';
import type { LogView } from '../core.ts';

const SEED = 12345;

/** As much of a Log as history sees, written plainly and synchronously: files that tests can rotate, seal and spoil. */
export class RawLog {
  readonly directory: string;
  start: Sequence = 0;
  end: Sequence = 0;
  raw: { readonly first: Sequence; readonly path: string; bytes: number }[] = [];

  constructor(directory: string) {
    this.directory = directory;
    this.#newSegment();
  }

  get view(): LogView {
    return { start: this.start, end: this.end, raw: this.raw.map((r) => ({ ...r })) };
  }

  append(events: readonly NewEvent[]): void {
    const room = events.reduce((sum, { json }) => sum + frameBytes(HEADER_BYTES_MAX, json.length), 0);
    const buffer = Buffer.allocUnsafe(room);
    let length = 0;
    for (const event of events) length = encodeEvent(buffer, length, event, 0, 0, SEED);
    const active = this.raw[this.raw.length - 1]!;
    appendFileSync(active.path, buffer.subarray(0, length));
    active.bytes += length;
    this.end += events.length;
  }

  /** Ends the active segment, unless it is empty. */
  rotate(): void {
    if (this.raw[this.raw.length - 1]!.first < this.end) this.#newSegment();
  }

  /** The oldest segment that waits to be sealed. */
  get oldestComplete(): LogView['raw'][number] | undefined {
    return this.raw.length > 1 ? this.raw[0] : undefined;
  }

  /** The segment's `.seg` stands: the raw file goes. */
  sealed(first: Sequence): void {
    const segment = this.raw.find((r) => r.first === first)!;
    this.raw = this.raw.filter((r) => r !== segment);
    rmSync(segment.path);
  }

  /** Deletes the oldest segment if it is sealed. */
  dropOldest(): void {
    const oldest = readdirSync(this.directory)
      .filter((name) => name.endsWith('.seg'))
      .sort()[0];
    if (!oldest || Number(oldest.slice(0, 20)) !== this.start) return;
    const { first, count } = readSealedFooter(join(this.directory, oldest));
    this.start = first + count;
    rmSync(join(this.directory, segmentName(first, 'seg')));
    rmSync(join(this.directory, segmentName(first, 'idx')), { force: true });
  }

  #newSegment(): void {
    const path = join(this.directory, segmentName(this.end, 'wal'));
    writeFileSync(path, encodeRawHeader({ first: this.end, seed: SEED }));
    this.raw.push({ first: this.end, path, bytes: statSync(path).size });
  }
}
