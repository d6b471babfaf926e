import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { type LogFile, type LogFileSystem, nodeFileSystem } from './file-system.ts';

export type FaultyOperation = 'write' | 'datasync' | 'truncate' | 'open' | 'rename' | 'syncDirectory';

/** What a file had before the changes that were not synced yet. */
interface Unsynced {
  /** Written ranges. */
  readonly writes: { readonly from: number; readonly to: number }[];
  /** What a truncation took. */
  cut: { readonly at: number; readonly bytes: Buffer } | undefined;
}

const SECTOR_BYTES = 512;

/**
 * A disk for tests, over real files: takes few bytes at a time, fails on demand, forgets what a failed sync should have
 * saved, and after `crash` has kept only some sectors of what was not synced.
 */
export class FaultyDisk implements LogFileSystem {
  /** Bytes that one `write` takes. */
  writeBytesMax = Number.POSITIVE_INFINITY;
  /** Asked before each operation; the code of the error to fail with (`ENOSPC` …). A failing write takes half before. */
  fault: (operation: FaultyOperation, path: string) => string | undefined = () => undefined;
  /** Awaited before each datasync. */
  gate: Promise<void> = Promise.resolve();
  syncs = 0;
  readonly #unsynced = new Map<string, Unsynced>();

  async open(path: string, flags: 'r+' | 'w+'): Promise<LogFile> {
    this.#fail('open', path);
    const file = await nodeFileSystem.open(path, flags);
    // A name may move while the file is open: `rename` keeps this up to date.
    const state = { path };
    this.#files.add(state);
    return {
      read: (...args) => file.read(...args),
      close: () => file.close(),
      write: async (bytes, offset, length, position) => {
        const code = this.fault('write', state.path);
        const taken = Math.min(this.writeBytesMax, code === undefined ? length : length >> 1);
        this.#of(state.path).writes.push({ from: position, to: position + taken });
        const result = await file.write(bytes, offset, taken, position);
        if (code !== undefined) throw systemError(code);
        return result;
      },
      datasync: async () => {
        await this.gate;
        this.syncs++;
        const code = this.fault('datasync', state.path);
        if (code !== undefined) {
          this.#lose(state.path, () => true);
          throw systemError(code);
        }
        await file.datasync();
        this.#unsynced.delete(state.path);
      },
      truncate: async (length) => {
        this.#fail('truncate', state.path);
        this.#of(state.path).cut ??= { at: length, bytes: readFileSync(state.path).subarray(length) };
        await file.truncate(length);
      },
    };
  }

  readonly #files = new Set<{ path: string }>();

  async rename(from: string, to: string): Promise<void> {
    this.#fail('rename', from);
    await nodeFileSystem.rename(from, to);
    for (const file of this.#files) if (file.path === from) file.path = to;
  }

  remove(path: string): Promise<void> {
    return nodeFileSystem.remove(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#fail('syncDirectory', path);
    await nodeFileSystem.syncDirectory(path);
  }

  /** The machine loses power. @param loses says for each sector not synced, and each cut, whether it is lost */
  crash(loses: () => boolean): void {
    for (const path of [...this.#unsynced.keys()]) this.#lose(path, loses);
  }

  #lose(path: string, loses: () => boolean): void {
    const { writes, cut } = this.#of(path);
    this.#unsynced.delete(path);
    const bytes = readFileSync(path);
    for (const { from, to } of writes) {
      for (let at = from; at < to; at = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES) {
        if (loses()) bytes.fill(0, at, Math.min(to, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES, bytes.length));
      }
    }
    const restored = cut && loses() ? Buffer.concat([bytes.subarray(0, cut.at), cut.bytes]) : bytes;
    writeFileSync(path, restored, { flag: 'r+' });
    truncateSync(path, restored.length);
  }

  #of(path: string): Unsynced {
    const unsynced = this.#unsynced.get(path) ?? { writes: [], cut: undefined };
    this.#unsynced.set(path, unsynced);
    return unsynced;
  }

  #fail(operation: FaultyOperation, path: string): void {
    const code = this.fault(operation, path);
    if (code !== undefined) throw systemError(code);
  }
}

const systemError = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });
