import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs';

/**
 * Put onto the disk at a time. A sync waits for what is on its way there before it: with fifty megabytes left to one
 * sync at the end, appends to the Log (and with them every answer) stood still for up to a second; so, for some ten ms.
 */
const SYNC_EVERY_BYTES = 512 << 10;

/** A large file that is written once, from its start to its end, and made durable as it grows. Synchronous. */
export class SteadyFile {
  readonly #fd: number;
  /** Written and synced when full: blocks are small, and each call of the system has its price. */
  readonly #waiting = Buffer.allocUnsafeSlow(SYNC_EVERY_BYTES);
  #waitingBytes = 0;
  #open = true;

  constructor(path: string) {
    this.#fd = openSync(path, 'w', 0o600);
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const part = bytes.subarray(done, done + SYNC_EVERY_BYTES - this.#waitingBytes);
      this.#waiting.set(part, this.#waitingBytes);
      this.#waitingBytes += part.length;
      done += part.length;
      if (this.#waitingBytes < SYNC_EVERY_BYTES) continue;
      this.#writeWaiting();
      fdatasyncSync(this.#fd);
    }
  }

  /** Makes all of it durable and closes it. */
  finish(): void {
    this.#writeWaiting();
    fsyncSync(this.#fd);
    this.close();
  }

  close(): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }

  #writeWaiting(): void {
    for (let done = 0; done < this.#waitingBytes; )
      done += writeSync(this.#fd, this.#waiting, done, this.#waitingBytes - done);
    this.#waitingBytes = 0;
  }
}
