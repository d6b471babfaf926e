import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperatorError } from '../../base/errors.ts';
import { type LogFile, type LogFileSystem, writeFully } from '../log/file-system.ts';
import type { MetricPoint, MetricSeries, PointCause } from '../metrics.ts';
import { decodeFrames, encodeFrame, FILE_HEADER_BYTES, fileHeader } from '../state/frames.ts';

/** What one atomic write adds: series that were not known, and points. */
export interface WalEntry {
  readonly series: readonly (readonly [id: number, series: MetricSeries])[];
  /** The last number of each source. */
  readonly once?: readonly (readonly [source: string, sequence: number])[];
  readonly points: readonly (readonly [id: number, point: MetricPoint, causes: readonly PointCause[]])[];
}

/** What was acknowledged and is in no chunk yet: a frame for each write, in the format of State's journal. */
export class Wal {
  readonly #file: LogFile;
  #bytes: number;
  /** A write failed: what it left must go before the next one. */
  #torn = false;

  private constructor(file: LogFile, bytes: number) {
    this.#file = file;
    this.#bytes = bytes;
  }

  static async create(fs: LogFileSystem, path: string, generation: number): Promise<Wal> {
    const file = await fs.open(path, 'w+');
    await writeFully(file, fileHeader(generation), 0);
    await file.datasync();
    await fs.syncDirectory(dirname(path));
    return new Wal(file, FILE_HEADER_BYTES);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when it is durable. After an error nothing of it is there. */
  async append(entry: WalEntry): Promise<void> {
    if (this.#torn) await this.#file.truncate(this.#bytes);
    const frame = encodeFrame(Buffer.from(JSON.stringify(entry)));
    this.#torn = true;
    await writeFully(this.#file, frame, this.#bytes);
    if (!this.#file.writesThrough) await this.#file.datasync();
    this.#torn = false;
    this.#bytes += frame.length;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** All that was written to a WAL, less the torn end that a crash leaves. @throws OperatorError when it is damaged */
export async function readWal(path: string): Promise<readonly WalEntry[]> {
  const { payloads, damaged } = decodeFrames(await readFile(path));
  if (damaged)
    throw new OperatorError(`The metrics file ${path} is damaged. Put it back from a copy, or move it away.`);
  return payloads.map((payload) => JSON.parse(payload.toString()) as WalEntry);
}
