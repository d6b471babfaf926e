/** Draws a whole number from 0 to 2^32 - 1. */
export type Integers = () => number;

/** Fast numbers that depend on the seed alone (xorshift128 over a scrambled seed): for tests, not for secrets. */
export function integers(seed: number): Integers {
  const state = [1, 2, 3, 4].map((i) => (Math.imul(seed + i, 0x9e3779b1) ^ Math.imul(i, 0x85ebca6b)) | 1);
  let [x, y, z, w] = state as [number, number, number, number];
  const next = () => {
    const t = x ^ (x << 11);
    x = y;
    y = z;
    z = w;
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return w >>> 0;
  };
  for (let i = 0; i < 20; i++) next(); // the first few still show the seed
  return next;
}

/** Draws from 0 to `count` - 1, rank i with a weight of 1 / (i + 1)^exponent: a few are common, most are rare. */
export function zipf(next: Integers, count: number, exponent: number): Integers {
  const upTo = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) upTo[i] = sum += (i + 1) ** -exponent;
  // A guide table says where to begin to look, so that a draw takes a step or two however many ranks there are.
  const guide = new Uint32Array(count);
  for (let g = 0, i = 0; g < count; g++) {
    while (upTo[i]! < (sum * g) / count) i++;
    guide[g] = i;
  }
  return () => {
    const at = next() / 2 ** 32;
    let i = guide[Math.floor(at * count)]!;
    while (upTo[i]! < at * sum) i++;
    return i;
  };
}
