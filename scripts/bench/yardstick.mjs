import { gzipSync } from 'node:zlib';
import { median } from './measure.mjs';

const ROUNDS = 3;
const ROUND_MS = 1_000;

/**
 * The yardstick of acceptance: how fast `gzip -6` alone, on one core, compresses the very records that are sent. Taken
 * several times over a run, because what a machine gives changes from minute to minute.
 * @returns bytes a second, the median of some rounds
 */
export function gzipRate(bodies) {
  const all = Buffer.concat(bodies);
  return median(Array.from({ length: ROUNDS }, () => gzipRound(all)));
}

/** A few megabytes at a time, as a log file is compressed. */
const PIECE_BYTES = 4 * 1024 * 1024;

function gzipRound(all) {
  const start = performance.now();
  let bytes = 0;
  for (let at = 0; performance.now() - start < ROUND_MS; at = (at + PIECE_BYTES) % all.length) {
    const piece = all.subarray(at, at + PIECE_BYTES);
    gzipSync(piece, { level: 6 });
    bytes += piece.length;
  }
  return (1000 * bytes) / (performance.now() - start);
}
