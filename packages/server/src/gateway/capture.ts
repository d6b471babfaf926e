import type { Copy } from './exchange.ts';

/** What all captures of a proxy hold together, so that many large bodies at once cannot fill the memory. */
export interface CaptureBudget {
  heldBytes: number;
}

/**
 * Copies the beginning of a body aside while it streams past, and counts all of it.
 *
 * One chunk is kept as it is. From the second on they are gathered in a buffer of our own: thousands of small slices
 * would each keep the large buffer alive that they were cut from.
 */
export class Capture {
  readonly #bytesMax: number;
  readonly #budget: CaptureBudget;
  #bytes: Buffer = NOTHING;
  #kept = 0;
  #totalBytes = 0;
  #owned = false;

  constructor(bytesMax: number, budget: CaptureBudget) {
    this.#bytesMax = bytesMax;
    this.#budget = budget;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  add(chunk: Buffer): void {
    this.#totalBytes += chunk.length;
    const room = this.#bytesMax - this.#kept;
    if (room <= 0) return;
    const part = chunk.length <= room ? chunk : chunk.subarray(0, room);
    this.#budget.heldBytes += part.length;
    if (this.#kept === 0) {
      this.#bytes = part;
    } else {
      this.#makeRoom(this.#kept + part.length);
      part.copy(this.#bytes, this.#kept);
    }
    this.#kept += part.length;
  }

  /** @param ended the body has come to its end, so that what is kept may be all of it */
  copy(ended: boolean): Copy {
    return {
      bytes: this.#kept === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#kept),
      whole: ended && this.#kept === this.#totalBytes,
      totalBytes: this.#totalBytes,
    };
  }

  /** Gives back what it holds of the budget. What `copy` gave out stays good. */
  release(): void {
    this.#budget.heldBytes -= this.#kept;
    this.#bytes = NOTHING;
    this.#kept = 0;
  }

  #makeRoom(bytes: number): void {
    if (this.#owned && this.#bytes.length >= bytes) return;
    const larger = Buffer.allocUnsafe(Math.min(this.#bytesMax, bytes * 2));
    this.#bytes.copy(larger, 0, 0, this.#kept);
    this.#bytes = larger;
    this.#owned = true;
  }
}

const NOTHING = Buffer.alloc(0);
