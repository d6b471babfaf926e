import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../base/errors.ts';
import { readRawFrames, segmentName } from '../log/raw-reader.ts';
import { openSealed, SealedWriter } from '../log/sealed.ts';
import type { CompleteSegment } from '../log/types.ts';
import type { Sequence } from '../log.ts';
import { writeIndex } from './index-file.ts';
import { type IndexColumns, SegmentIndex } from './segment-index.ts';

export type RawFile = Pick<CompleteSegment, 'first' | 'path' | 'bytes'>;

/**
 * Makes a complete raw segment's `.seg`, then its `.idx`, each durable before it gets its name. A crash in between is
 * mended by doing it again. Synchronous and long (seconds): for a worker.
 * @param index of all its events
 * @throws OperatorError when the raw file is damaged; a system error when the disk refuses
 */
export function sealSegment(directory: string, segment: RawFile, index: IndexColumns): void {
  const { first, path, bytes } = segment;
  const writer = new SealedWriter(join(directory, segmentName(first, 'seg')), first);
  try {
    for (const { body, acceptedMs, sequence } of readRawFrames(path, undefined, bytes)) {
      writer.add(body, acceptedMs, index.timeMs[sequence - first]!);
    }
    assert(writer.count === index.rows, `${path} holds ${writer.count} events, and its index ${index.rows}`);
    writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
  writeIndexOf(directory, index);
}

/** Makes the `.idx` of a sealed segment anew. @throws OperatorError when the `.seg` is damaged */
export function reindexSegment(directory: string, first: Sequence): void {
  const index = new SegmentIndex(first);
  const sealed = openSealed(join(directory, segmentName(first, 'seg')));
  try {
    for (let block = 0; block < sealed.blocks.length; block++) {
      for (const { header } of sealed.readBlockSync(block)) index.add(header, 0, header.length);
    }
  } finally {
    sealed.close();
  }
  writeIndexOf(directory, index.columns());
}

function writeIndexOf(directory: string, index: IndexColumns): void {
  const path = join(directory, segmentName(index.first, 'idx'));
  try {
    writeIndex(path, index);
  } catch (error) {
    rmSync(`${path}.tmp`, { force: true }); // on a full disk, half an index would only make it worse
    throw error;
  }
}
