import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs';

/**
 * Put onto the disk at a time. A sync waits for what is on its way there before it: with fifty megabytes left to one
 * sync at the end, appends to the Log (and with them every answer) stood still for up to a second; so, for some ten ms.
 */
const SYNC_EVERY_BYTES = 512 << 10;

/** A large file that is written once, from its start to its end, and made durable as it grows. Synchronous. */
export class SteadyFile {
  readonly #fd: number;
  #unsyncedBytes = 0;
  #open = true;

  constructor(path: string) {
    this.#fd = openSync(path, 'w', 0o600);
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const room = SYNC_EVERY_BYTES - this.#unsyncedBytes;
      const written = writeSync(this.#fd, bytes, done, Math.min(bytes.length - done, room));
      done += written;
      this.#unsyncedBytes += written;
      if (this.#unsyncedBytes < SYNC_EVERY_BYTES) continue;
      fdatasyncSync(this.#fd);
      this.#unsyncedBytes = 0;
    }
  }

  /** Makes all of it durable and closes it. */
  finish(): void {
    fsyncSync(this.#fd);
    this.close();
  }

  close(): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }
}
