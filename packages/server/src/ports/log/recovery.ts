import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Logger } from '../../base/logger.ts';
import type { Sequence } from '../log.ts';
import { type LogFile, type LogFileSystem, readUpTo, writeFully } from './file-system.ts';
import { FIRST_OF_WRITE, LAST_OF_BATCH, readFrame } from './frame.ts';
import { goodFrames, logDamage, RAW_HEADER_BYTES, type RawPosition, readRawHeader, segmentName } from './raw-reader.ts';
import { readSealedFooter } from './sealed.ts';
import {
  EMPTY_RAW,
  INDEX_EVERY,
  RawSegment,
  type RawState,
  type SealedPool,
  SealedSegment,
  type Segment,
} from './segment.ts';

export interface Recovered {
  /** In order, without gaps. */
  readonly segments: readonly Segment[];
  /** Of the frames of the last raw segment, if there is one. */
  readonly seed: number | undefined;
}

const SEGMENT_FILE = /^(\d{20})\.(wal|seg|idx)$/;
const LEFTOVER = /^\d{20}\..*\.tmp$/;

/**
 * Finds the segments of a directory, which is made if need be: leftovers of a crash are deleted, the torn tail of the
 * last raw segment is cut.
 * @throws OperatorError when anything else is damaged or missing; nothing was changed in the file concerned then
 */
export async function recover(
  directory: string,
  fileSystem: LogFileSystem,
  pool: SealedPool,
  logger: Logger,
): Promise<Recovered> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await fileSystem.syncDirectory(dirname(directory));
  const found = await tidy(directory, fileSystem);
  const segments: Segment[] = [];
  let seed: number | undefined;
  try {
    for (const [i, { first, sealed, raw }] of found.entries()) {
      const path = (kind: 'wal' | 'seg') => join(directory, segmentName(first, kind));
      const next = found[i + 1]?.first;
      if (sealed) {
        segments.push(sealedSegment(path('seg'), first, next, pool));
        if (raw) await fileSystem.remove(path('wal'));
      } else {
        seed = readHeader(path('wal'), first).seed;
        segments.push(await rawSegment(path('wal'), { first, seed }, next, fileSystem, logger));
      }
    }
  } catch (error) {
    for (const segment of segments) await segment.close();
    throw error;
  }
  return { segments, seed };
}

interface FoundSegment {
  readonly first: Sequence;
  /** It is read in its sealed form; else in its raw one. */
  readonly sealed: boolean;
  readonly raw: boolean;
}

/** Deletes what a crash left over; says which segments there are, and in which form each is to be read. */
async function tidy(directory: string, fileSystem: LogFileSystem): Promise<readonly FoundSegment[]> {
  const kinds = new Map<string, Set<string>>();
  for (const name of readdirSync(directory).sort()) {
    if (LEFTOVER.test(name)) await fileSystem.remove(join(directory, name));
    const [, digits, kind] = SEGMENT_FILE.exec(name) ?? [];
    if (digits && kind) kinds.set(digits, (kinds.get(digits) ?? new Set()).add(kind));
  }
  const found: FoundSegment[] = [];
  for (const [digits, has] of kinds) {
    const first = Number(digits);
    const raw = has.has('wal');
    // The postings are written last: with them the sealed form is whole, without them the raw one goes on.
    const sealed = has.has('seg') && (has.has('idx') || !raw);
    if (sealed || raw) found.push({ first, sealed, raw });
    else await fileSystem.remove(join(directory, segmentName(first, 'idx')));
  }
  return found;
}

function sealedSegment(path: string, first: Sequence, next: Sequence | undefined, pool: SealedPool): Segment {
  const footer = readSealedFooter(path);
  if (footer.first !== first) throw logDamage(path, 0, `it starts with event ${footer.first}`);
  const end = first + footer.count;
  if (next !== undefined && next !== end) {
    throw logDamage(path, footer.bytes, `it ends before event ${end}, and the next file starts with event ${next}`);
  }
  return new SealedSegment(path, footer, pool);
}

function readHeader(path: string, first: Sequence) {
  const header = readRawHeader(path);
  if (header.first !== first) throw logDamage(path, 8, `it starts with event ${header.first}`);
  return header;
}

async function rawSegment(
  path: string,
  header: { readonly first: Sequence; readonly seed: number },
  next: Sequence | undefined,
  fileSystem: LogFileSystem,
  logger: Logger,
): Promise<RawSegment> {
  const fileBytes = statSync(path).size;
  const scan = scanRaw(path, header, next === undefined ? Number.POSITIVE_INFINITY : next - header.first, fileBytes);
  const file = await fileSystem.open(path, 'r+');
  try {
    if (next === undefined) {
      if (scan.stoppedAt < fileBytes) await refuseRot(path, file, header.seed, scan.stoppedAt, fileBytes);
    } else if (header.first + scan.state.count !== next) {
      throw logDamage(
        path,
        scan.stoppedAt,
        `event ${scan.stoppedSequence} fails its check, or events up to ${next} are missing`,
      );
    }
    const { bytes } = scan.state;
    if (bytes < fileBytes) {
      // A write that a crash or a failing disk cut short: nobody was told that it is there.
      logger.warn({ path, offset: bytes, bytes: fileBytes - bytes }, 'cut an unfinished write off the log');
      await file.truncate(bytes);
    }
    if (next === undefined) await writeAgain(file, scan.lastWriteAt, bytes);
  } catch (error) {
    await file.close();
    throw error;
  }
  return new RawSegment(path, header, file, scan.state);
}

/** Reads frames until one is not good or `countMax` are read, and gives the state as of the last whole batch. */
function scanRaw(path: string, header: { first: Sequence; seed: number }, countMax: number, fileBytes: number) {
  const index: number[] = [];
  let state: Omit<RawState, 'index'> = EMPTY_RAW;
  let acceptedMaxMs = EMPTY_RAW.acceptedMaxMs;
  let lastWriteAt = RAW_HEADER_BYTES;
  let at: RawPosition = { sequence: header.first, offset: RAW_HEADER_BYTES };
  for (const frame of goodFrames(path, header.seed, at, fileBytes)) {
    const n = at.sequence - header.first;
    if (n === countMax) break;
    if (n % INDEX_EVERY === 0) index.push(at.offset);
    if (frame.flags & FIRST_OF_WRITE) lastWriteAt = at.offset;
    acceptedMaxMs = Math.max(acceptedMaxMs, frame.acceptedMs);
    at = frame.next;
    if (frame.flags & LAST_OF_BATCH) state = { count: n + 1, bytes: at.offset, acceptedMaxMs };
  }
  index.length = Math.ceil(state.count / INDEX_EVERY);
  return { state: { ...state, index }, lastWriteAt, stoppedAt: at.offset, stoppedSequence: at.sequence };
}

/**
 * A torn tail has nothing behind it that was written later. A frame that starts a write, though, was written when all
 * before it was durable: what fails its check before such a frame has rotted, and cutting it would lose events.
 */
async function refuseRot(path: string, file: LogFile, seed: number, from: number, to: number): Promise<void> {
  const tail = await readUpTo(file, to - from, from);
  for (let at = 1; at < tail.length; at++) {
    if (tail[at + 3] !== 0) continue; // no frame is that long: passes over text fast
    const frame = readFrame(tail, at, seed);
    if (typeof frame !== 'string' && frame.flags & FIRST_OF_WRITE) {
      throw logDamage(path, from, `an event fails its check, and good ones follow at byte ${from + at}`);
    }
  }
}

/**
 * The last write may be in the page cache only, and after a sync that failed the kernel may take its pages for clean:
 * they are written again, so that a sync means something.
 */
async function writeAgain(file: LogFile, from: number, to: number): Promise<void> {
  if (to > from) await writeFully(file, await readUpTo(file, to - from, from), from);
  await file.datasync();
}
