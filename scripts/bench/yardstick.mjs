import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { median } from './measure.mjs';

const ROUNDS = 3;
const ROUND_MS = 1_000;
/** A few megabytes at a time, as a log file is compressed. */
const PIECE_BYTES = 4 * 1024 * 1024;

/**
 * The yardstick of acceptance: how fast one core, doing nothing else, compresses the very records that are sent at
 * gzip's level 6. `gzip` is the program, which figures are held against where there is one; `zlib` is Node's, a faster
 * one, shown beside it. To be taken several times over a run: what a machine gives changes from minute to minute.
 * @returns bytes a second, medians of some rounds
 */
export function gzipRates(bodies) {
  const all = Buffer.concat(bodies);
  const rounds = (round) => median(Array.from({ length: ROUNDS }, () => round(all)));
  return { zlib: rounds(zlibRound), gzip: rounds(programRound) };
}

function zlibRound(all) {
  const start = performance.now();
  let bytes = 0;
  for (let at = 0; performance.now() - start < ROUND_MS; at = (at + PIECE_BYTES) % all.length) {
    const piece = all.subarray(at, at + PIECE_BYTES);
    gzipSync(piece, { level: 6 });
    bytes += piece.length;
  }
  return (1000 * bytes) / (performance.now() - start);
}

/** NaN without the program. */
function programRound(all) {
  const start = performance.now();
  const { status } = spawnSync('gzip', ['-6'], { input: all, maxBuffer: all.length });
  return status === 0 ? (1000 * all.length) / (performance.now() - start) : Number.NaN;
}
