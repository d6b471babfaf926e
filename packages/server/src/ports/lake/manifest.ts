import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import type { Sequence } from '../log.ts';
import { replaceFile } from './files.ts';

/** One Parquet file: what is in it, so that only those that may matter to a question are given to DuckDB. */
export interface LakeFile {
  /** Within the lake's folder. Never used for another file. */
  readonly path: string;
  readonly rows: number;
  /** Of its records as text, and of those among them that have more than `LARGE_RECORD_BYTES`. */
  readonly bytes: number;
  readonly largeBytes: number;
  /** Least and greatest eventTime, ms since the epoch. */
  readonly minMs: number;
  readonly maxMs: number;
  /** Least and greatest sequence. */
  readonly first: Sequence;
  readonly last: Sequence;
  /** Where it stands; undefined for one that holds several accounts or Regions: it is still to be distributed. */
  readonly partition?: Partition;
}

/** DuckDB works on 2,048 events at a time, which may be this large each without anybody's noticing. */
export const LARGE_RECORD_BYTES = 32 << 10;

/** A folder of the lake: an account's events of a Region and a day, or of a month or a year of few events. */
export interface Partition {
  readonly accountId: string;
  readonly region: string;
  /** `2026-11-21`, `2026-11` or `2026`. */
  readonly period: string;
}

/** Which files make the lake, and how far it reads the Log: changed in one step, so that both always agree. */
export interface Manifest {
  /** Each event before this is in exactly one of the files (as far as the Log still had it). */
  readonly storedEnd: Sequence;
  readonly files: readonly LakeFile[];
  /** Of the next file's name. */
  readonly nextFile: number;
}

/** Raised when columns or layout change: a lake of another version is built anew from the Log. */
const VERSION = 1;
const NAME = 'manifest.json';

export const emptyManifest = (from: Sequence): Manifest => ({ storedEnd: from, files: [], nextFile: 1 });

/**
 * @returns undefined when there is none, or one that cannot be understood (another version, a disk that has rotted): the
 * lake is built anew then
 */
export function readManifest(directory: string): Manifest | undefined {
  try {
    const text = readFileSync(join(directory, NAME), 'utf8');
    const { version, ...manifest } = JSON.parse(text) as Manifest & { version: number };
    return version === VERSION ? manifest : undefined;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Durable when it returns. @throws system errors, above all of a full disk; the old one stands then */
export function writeManifest(directory: string, manifest: Manifest): void {
  replaceFile(join(directory, NAME), JSON.stringify({ version: VERSION, ...manifest }));
}

export const isManifest = (path: string): boolean => path === NAME;
