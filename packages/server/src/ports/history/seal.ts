import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { decodeHeader } from '../../event/header.ts';
import { readRawFrames, segmentName } from '../log/raw-reader.ts';
import { openSealed, SealedWriter } from '../log/sealed.ts';
import type { CompleteSegment } from '../log/types.ts';
import type { Sequence } from '../log.ts';
import { writeIndex } from './index-file.ts';
import { SegmentIndex } from './segment-index.ts';

/**
 * Makes a complete raw segment's `.seg`, then its `.idx`, each durable before it gets its name. A crash in between is
 * mended by doing it again. Synchronous and long (seconds): for a worker.
 * @throws OperatorError when the raw file is damaged; a system error when the disk refuses
 */
export function sealSegment(directory: string, segment: Pick<CompleteSegment, 'first' | 'path' | 'bytes'>): void {
  const { first, path, bytes } = segment;
  const index = new SegmentIndex(first);
  const writer = new SealedWriter(join(directory, segmentName(first, 'seg')), first);
  try {
    for (const frame of readRawFrames(path, undefined, bytes)) {
      const header = decodeHeader(frame.header, 0, frame.header.length);
      writer.add(frame.body, frame.acceptedMs, header.timeMs);
      index.add(header);
    }
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
      for (const { header } of sealed.readBlockSync(block)) index.add(decodeHeader(header, 0, header.length));
    }
  } finally {
    sealed.close();
  }
  writeIndexOf(directory, index);
}

function writeIndexOf(directory: string, index: SegmentIndex): void {
  const path = join(directory, segmentName(index.first, 'idx'));
  try {
    writeIndex(path, index);
  } catch (error) {
    rmSync(`${path}.tmp`, { force: true }); // on a full disk, half an index would only make it worse
    throw error;
  }
}
