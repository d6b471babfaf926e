import { crc32, deflateSync } from 'node:zlib';
import { assert } from '../../base/errors.ts';

/**
 * QR codes (ISO/IEC 18004) of one size: version 8, error correction L, mask 0, bytes. That holds what a virtual MFA device
 * needs to be told, and nothing else here makes QR codes.
 */
const VERSION = 8;
const SIZE = 17 + 4 * VERSION;
const BLOCKS = 2;
const BLOCK_DATA = 97;
const BLOCK_CHECK = 24;
const ALIGNMENT = [6, 24, 42];
/** Mode and length take one and a half of the data bytes. */
export const QR_BYTES_MAX = BLOCKS * BLOCK_DATA - 2;

/** @param text at most `QR_BYTES_MAX` bytes of UTF-8 @returns rows of modules, true for dark, without the quiet zone */
export function qrModules(text: string): boolean[][] {
  const bytes = Buffer.from(text);
  assert(bytes.length <= QR_BYTES_MAX, `a text for a QR code has at most ${QR_BYTES_MAX} bytes`);
  const grid: Grid = Array.from({ length: SIZE }, () => new Array(SIZE).fill(undefined));
  drawPatterns(grid);
  drawData(grid, codewords(bytes));
  return grid as boolean[][];
}

/** Data in blocks with their check bytes, interleaved. */
function codewords(bytes: Buffer): number[] {
  const bits = `0100${bits8(bytes.length)}${[...bytes].map(bits8).join('')}0000`;
  const data = bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2));
  for (let pad = 0; data.length < BLOCKS * BLOCK_DATA; pad++) data.push(pad % 2 === 0 ? 0xec : 0x11);
  const blocks = Array.from({ length: BLOCKS }, (_, i) => data.slice(i * BLOCK_DATA, (i + 1) * BLOCK_DATA));
  const checks = blocks.map(checkBytes);
  return [...interleaved(blocks), ...interleaved(checks)];
}

const bits8 = (byte: number): string => byte.toString(2).padStart(8, '0');
const interleaved = (blocks: readonly (readonly number[])[]): number[] =>
  blocks[0]!.flatMap((_, i) => blocks.map((block) => block[i]!));

/** Product in the field of 256 elements by x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    if ((b >>> bit) & 1) product ^= a;
  }
  return product;
}

/** Of the Reed-Solomon generator: (x - 1)(x - 2)(x - 4) …, the leading 1 left out. */
const GENERATOR: readonly number[] = (() => {
  const factors = new Array<number>(BLOCK_CHECK).fill(0);
  factors[BLOCK_CHECK - 1] = 1;
  for (let i = 0, root = 1; i < BLOCK_CHECK; i++, root = times(root, 2)) {
    for (let j = 0; j < BLOCK_CHECK; j++) factors[j] = times(factors[j]!, root) ^ (factors[j + 1] ?? 0);
  }
  return factors;
})();

function checkBytes(block: readonly number[]): number[] {
  const rest = new Array<number>(BLOCK_CHECK).fill(0);
  for (const byte of block) {
    const factor = byte ^ rest.shift()!;
    rest.push(0);
    for (const [i, g] of GENERATOR.entries()) rest[i]! ^= times(g, factor);
  }
  return rest;
}

type Grid = (boolean | undefined)[][];

/** A number with the remainder of its division by a polynomial behind it. */
function withRemainder(value: number, polynomial: number, degree: number): number {
  let rest = value;
  for (let i = 0; i < degree; i++) rest = (rest << 1) ^ ((rest >>> (degree - 1)) * polynomial);
  return (value << degree) | rest;
}
/** Level L (01), mask 0. */
const FORMAT = withRemainder(0b01000, 0x537, 10) ^ 0x5412;
const VERSION_BITS = withRemainder(VERSION, 0x1f25, 12);

/** All that is the same in every code: where to find it, how to read it. */
function drawPatterns(grid: Grid): void {
  const set = (x: number, y: number, dark: boolean) => {
    if (x >= 0 && x < SIZE && y >= 0 && y < SIZE) grid[y]![x] = dark;
  };
  const square = (centerX: number, centerY: number, radius: number, isDark: (ring: number) => boolean) => {
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        set(centerX + dx, centerY + dy, isDark(Math.max(Math.abs(dx), Math.abs(dy))));
      }
    }
  };
  for (let i = 0; i < SIZE; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  const far = SIZE - 4;
  for (const [x, y] of [
    [3, 3],
    [far, 3],
    [3, far],
  ] as const)
    square(x, y, 4, (ring) => ring !== 2 && ring !== 4);
  for (const x of ALIGNMENT) {
    for (const y of ALIGNMENT) {
      const isFinder = (x === 6 && y !== 24) || (y === 6 && x !== 24);
      if (!isFinder) square(x, y, 2, (ring) => ring !== 1);
    }
  }
  const bit = (value: number, i: number) => ((value >>> i) & 1) === 1;
  for (let i = 0; i < 15; i++) {
    const dark = bit(FORMAT, i);
    set(8, i < 6 ? i : i < 8 ? i + 1 : SIZE - 15 + i, dark);
    set(i < 8 ? SIZE - 1 - i : i === 8 ? 7 : 14 - i, 8, dark);
  }
  set(8, SIZE - 8, true);
  for (let i = 0; i < 18; i++) {
    const [a, b] = [SIZE - 11 + (i % 3), Math.floor(i / 3)];
    set(a, b, bit(VERSION_BITS, i));
    set(b, a, bit(VERSION_BITS, i));
  }
}

/** Up and down two columns at a time, from the right, where nothing is yet; inverted where the mask says so. */
function drawData(grid: Grid, words: readonly number[]): void {
  let next = 0;
  for (let right = SIZE - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5; // the column of the timing pattern
    const upward = ((right + 1) & 2) === 0;
    for (let step = 0; step < SIZE; step++) {
      const y = upward ? SIZE - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (grid[y]![x] !== undefined) continue;
        const dark = ((words[next >>> 3]! >>> (7 - (next & 7))) & 1) === 1;
        grid[y]![x] = dark !== ((x + y) % 2 === 0);
        next++;
      }
    }
  }
}

/** Pixels of a module, and modules of white around: what cameras need. */
const SCALE = 5;
const QUIET = 4;

/** The QR code of a text as a PNG image. */
export function qrPng(text: string): Buffer {
  const modules = qrModules(text);
  const side = (SIZE + 2 * QUIET) * SCALE;
  const rows = Buffer.alloc((side + 1) * side, 255);
  for (let y = 0; y < side; y++) {
    rows[y * (side + 1)] = 0; // no filter
    for (let x = 0; x < side; x++) {
      const dark = modules[Math.floor(y / SCALE) - QUIET]?.[Math.floor(x / SCALE) - QUIET];
      if (dark) rows[y * (side + 1) + 1 + x] = 0;
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head[8] = 8; // bits of grey
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
