/** As large as what Node reads at once, so that it comes from where that comes from. */
const PIECE_BYTES = 64 * 1024;
/** How much passes between one piece and the next. */
const EVERY_BYTES = 4 * 1024 * 1024;
/** Together they lie across all that is read between two rounds of the garbage collector, some 64 MB. */
const PIECES = 16;

/**
 * Keeps memory that large bodies are read into from going back and forth between process and kernel. Each chunk is
 * memory of its own until the garbage collector comes by; what it frees at the top of the heap the C library returns at
 * once, and every page of the next chunks then costs a fault. A few pieces of memory, allocated on the way and never
 * written to (so that they are hardly any), lie above it and hold it in place until the transfer has moved on.
 */
const pieces: Buffer[] = [];
let passedBytes = 0;
let next = 0;

/** Told of every chunk of every body. */
export function passed(bytes: number): void {
  passedBytes += bytes;
  if (passedBytes < EVERY_BYTES) return;
  passedBytes = 0;
  pieces[next] = Buffer.allocUnsafeSlow(PIECE_BYTES);
  next = (next + 1) % PIECES;
}
