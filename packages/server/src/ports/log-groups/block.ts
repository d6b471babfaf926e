import type { NewLogEvent, StoredLogEvent } from '../log-groups.ts';

/**
 * Events of one stream as bytes: in a frame of a raw segment as they came, in a block of a sealed one by time.
 *
 * | u32le | stream |
 * then of each event
 * | f64le | timestamp, ms  |
 * | f64le | sequence       |
 * | f64le | ingestion, ms  |
 * | u32le | message, bytes |
 * | …     | message, UTF-8 |
 */
export const BLOCK_HEAD_BYTES = 4;
const EVENT_HEAD_BYTES = 28;

export function encodeBlock(
  stream: number,
  events: readonly NewLogEvent[],
  firstSequence: number,
  ingestedMs: number,
): Buffer {
  const lengths = events.map(({ message }) => Buffer.byteLength(message));
  const size = lengths.reduce((sum, length) => sum + EVENT_HEAD_BYTES + length, BLOCK_HEAD_BYTES);
  const block = Buffer.allocUnsafe(size);
  let at = block.writeUInt32LE(stream, 0);
  for (const [i, { timestampMs, message }] of events.entries()) {
    at = block.writeDoubleLE(timestampMs, at);
    at = block.writeDoubleLE(firstSequence + i, at);
    at = block.writeDoubleLE(ingestedMs, at);
    at = block.writeUInt32LE(lengths[i]!, at);
    at += block.write(message, at);
  }
  return block;
}

export function decodeBlock(block: Buffer): StoredLogEvent[] {
  const stream = block.readUInt32LE(0);
  const events: StoredLogEvent[] = [];
  for (const { timestampMs, sequence, ingestedMs, messageAt, end } of entriesOf(block)) {
    events.push({ sequence, stream, timestampMs, ingestedMs, message: block.toString('utf8', messageAt, end) });
  }
  return events;
}

/** An event within a block. */
export interface Entry {
  readonly timestampMs: number;
  readonly sequence: number;
  readonly ingestedMs: number;
  readonly start: number;
  readonly messageAt: number;
  readonly end: number;
}

export function* entriesOf(block: Buffer): Generator<Entry, void> {
  for (let at = BLOCK_HEAD_BYTES; at < block.length; ) {
    const messageAt = at + EVENT_HEAD_BYTES;
    const end = messageAt + block.readUInt32LE(at + 24);
    yield {
      timestampMs: block.readDoubleLE(at),
      sequence: block.readDoubleLE(at + 8),
      ingestedMs: block.readDoubleLE(at + 16),
      start: at,
      messageAt,
      end,
    };
    at = end;
  }
}

/** What is known of a block without reading it. */
export interface BlockInfo {
  readonly stream: number;
  /** Of its bytes in the file, compressed where they are. */
  readonly offset: number;
  readonly length: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly minSequence: number;
  readonly maxSequence: number;
  readonly lastIngestedMs: number;
  readonly count: number;
  readonly messageBytes: number;
}

/** Sums up a block (which holds at least one event) that stands at `offset`, `length` bytes there. */
export function infoOf(block: Buffer, offset: number, length: number): BlockInfo {
  const info = {
    ...{ stream: block.readUInt32LE(0), offset, length, count: 0, messageBytes: 0 },
    ...{ minMs: Number.POSITIVE_INFINITY, maxMs: Number.NEGATIVE_INFINITY, lastIngestedMs: 0 },
    ...{ minSequence: Number.POSITIVE_INFINITY, maxSequence: 0 },
  };
  for (const { timestampMs, sequence, ingestedMs, messageAt, end } of entriesOf(block)) {
    info.count += 1;
    info.messageBytes += end - messageAt;
    info.minMs = Math.min(info.minMs, timestampMs);
    info.maxMs = Math.max(info.maxMs, timestampMs);
    info.minSequence = Math.min(info.minSequence, sequence);
    info.maxSequence = Math.max(info.maxSequence, sequence);
    info.lastIngestedMs = Math.max(info.lastIngestedMs, ingestedMs);
  }
  return info;
}
