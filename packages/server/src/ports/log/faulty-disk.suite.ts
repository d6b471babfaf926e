import { readFileSync, writeFileSync } from 'node:fs';
import { type LogFile, type LogFileSystem, nodeFileSystem } from './file-system.ts';

export type FaultyOperation = 'write' | 'datasync' | 'truncate' | 'open' | 'rename' | 'syncDirectory';

interface Range {
  readonly from: number;
  readonly to: number;
}

/** What of a file would not survive a loss of power. */
interface Unsynced {
  /** Written and not synced. */
  writes: Range[];
  /** Written, and believed to be synced by a kernel whose sync failed: only writing it again saves it. */
  doomed: Range[];
  /** What a truncation took. */
  cut: { readonly at: number; readonly bytes: Buffer } | undefined;
}

const SECTOR_BYTES = 512;

/**
 * A disk for tests, over real files: takes few bytes at a time, fails on demand, and after `crash` has lost some of what
 * was not synced.
 */
export class FaultyDisk implements LogFileSystem {
  /** Bytes that one `write` takes. */
  writeBytesMax = Number.POSITIVE_INFINITY;
  /** Asked before each operation; the code of the error to fail with (`ENOSPC` …). A failing write takes half before. */
  fault: (operation: FaultyOperation, path: string) => string | undefined = () => undefined;
  /** Awaited before each datasync. */
  gate: Promise<void> = Promise.resolve();
  syncs = 0;
  /** Files opened so that each write is its own sync (O_DSYNC), as on Linux; else write and datasync are two steps. */
  readonly writesThrough: boolean;
  readonly #unsynced = new Map<string, Unsynced>();
  readonly #files = new Set<{ path: string }>();

  constructor(options: { readonly writesThrough?: boolean } = {}) {
    this.writesThrough = options.writesThrough ?? false;
  }

  async open(path: string, flags: 'r+' | 'w+'): Promise<LogFile> {
    this.#fail('open', path);
    const file = await nodeFileSystem.open(path, flags);
    // A name may move while the file is open: `rename` keeps this up to date.
    const state = { path };
    this.#files.add(state);
    return {
      writesThrough: this.writesThrough,
      read: (...args) => file.read(...args),
      close: () => file.close(),
      write: async (bytes, offset, length, position) => {
        const code = this.fault('write', state.path);
        const taken = Math.min(this.writeBytesMax, code === undefined ? length : length >> 1);
        const unsynced = this.#of(state.path);
        unsynced.doomed = unsynced.doomed.flatMap((range) => without(range, position, position + taken));
        unsynced.writes.push({ from: position, to: position + taken });
        const result = await file.write(bytes, offset, taken, position);
        if (code !== undefined) throw systemError(code);
        if (this.writesThrough) await this.#writeThrough(state.path, { from: position, to: position + taken });
        return result;
      },
      datasync: async () => {
        await this.gate;
        this.syncs++;
        const code = this.fault('datasync', state.path);
        const unsynced = this.#of(state.path);
        if (code !== undefined) unsynced.doomed.push(...unsynced.writes);
        else unsynced.cut = undefined;
        unsynced.writes = [];
        if (code !== undefined) throw systemError(code);
        await file.datasync();
      },
      truncate: async (length) => {
        this.#fail('truncate', state.path);
        const unsynced = this.#of(state.path);
        unsynced.cut ??= { at: length, bytes: readFileSync(state.path).subarray(length) };
        unsynced.doomed = unsynced.doomed.flatMap((range) => without(range, length, Number.POSITIVE_INFINITY));
        await file.truncate(length);
      },
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#fail('rename', from);
    await nodeFileSystem.rename(from, to);
    const unsynced = this.#unsynced.get(from);
    this.#unsynced.delete(from);
    this.#unsynced.delete(to); // of the file that was replaced
    if (unsynced) this.#unsynced.set(to, unsynced);
    for (const file of this.#files) if (file.path === to) file.path = `${to} (replaced)`;
    for (const file of this.#files) if (file.path === from) file.path = to;
  }

  remove(path: string): Promise<void> {
    this.#unsynced.delete(path);
    return nodeFileSystem.remove(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#fail('syncDirectory', path);
    await nodeFileSystem.syncDirectory(path);
  }

  /** The machine loses power. @param loses says for each sector and each cut not synced whether it is lost */
  crash(loses: (what: 'write' | 'cut') => boolean): void {
    for (const [path, { writes, doomed, cut }] of this.#unsynced) {
      const bytes = readFileSync(path);
      for (const { from, to } of [...writes, ...doomed]) {
        for (let at = from, end = at; at < to; at = end) {
          end = Math.min(to, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
          if (loses('write')) bytes.fill(0, at, Math.min(end, bytes.length));
        }
      }
      const left = cut && loses('cut') ? Buffer.concat([bytes.subarray(0, cut.at), cut.bytes]) : bytes;
      writeFileSync(path, left, { flag: 'r+' });
    }
    this.#unsynced.clear();
  }

  /** The sync in a write: of its own bytes alone, whatever else of the file waits. */
  async #writeThrough(path: string, range: Range): Promise<void> {
    await this.gate;
    this.syncs++;
    const code = this.fault('datasync', path);
    const unsynced = this.#of(path);
    unsynced.writes = unsynced.writes.flatMap((other) => without(other, range.from, range.to));
    if (code === undefined) return;
    unsynced.doomed.push(range);
    throw systemError(code);
  }

  #of(path: string): Unsynced {
    const unsynced = this.#unsynced.get(path) ?? { writes: [], doomed: [], cut: undefined };
    this.#unsynced.set(path, unsynced);
    return unsynced;
  }

  #fail(operation: FaultyOperation, path: string): void {
    const code = this.fault(operation, path);
    if (code !== undefined) throw systemError(code);
  }
}

const systemError = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

/** What of a range stands outside `from`–`to`. */
const without = (range: Range, from: number, to: number): Range[] =>
  [
    { from: range.from, to: Math.min(range.to, from) },
    { from: Math.max(range.from, to), to: range.to },
  ].filter((part) => part.from < part.to);
