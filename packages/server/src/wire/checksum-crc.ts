import { crc32 } from 'node:zlib';

/**
 * CRCs as S3 checksums: all reflected, started with and finished by all ones. CRC-32 is zlib's; the other two have no
 * native form in Node and read eight bytes a step from tables ("slicing by 8").
 */
export type CrcAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME';

const CRCS: Readonly<Record<CrcAlgorithm, { readonly bits: number; readonly polynomial: bigint; make(): Crc }>> = {
  CRC32: { bits: 32, polynomial: 0xedb88320n, make: makeCrc32 },
  CRC32C: { bits: 32, polynomial: 0x82f63b78n, make: makeCrc32c },
  CRC64NVME: { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n, make: makeCrc64 },
};

export interface Crc {
  update(bytes: Uint8Array): void;
  /** Big-endian, as S3 encodes it. */
  digest(): Buffer;
}

export const createCrc = (algorithm: CrcAlgorithm): Crc => CRCS[algorithm].make();

export const isCrc = (algorithm: string): algorithm is CrcAlgorithm => Object.hasOwn(CRCS, algorithm);

/** The CRC of parts laid end to end, from each one's CRC and length alone. */
export function combineCrcs(
  algorithm: CrcAlgorithm,
  parts: readonly { readonly crc: Buffer; readonly sizeBytes: number }[],
): Buffer {
  const { bits, polynomial } = CRCS[algorithm];
  const shifts = new Map<number, bigint>(); // parts are mostly of one size
  let crc = 0n;
  for (const part of parts) {
    let shift = shifts.get(part.sizeBytes);
    if (shift === undefined) {
      shift = powerOfX(8n * BigInt(part.sizeBytes), polynomial, bits);
      shifts.set(part.sizeBytes, shift);
    }
    crc = multiply(crc, shift, polynomial, bits) ^ BigInt(`0x${part.crc.toString('hex')}`);
  }
  return Buffer.from(crc.toString(16).padStart(bits / 4, '0'), 'hex');
}

/** x^n modulo the polynomial; the highest bit stands for x^0, as everywhere in a reflected CRC. */
function powerOfX(n: bigint, polynomial: bigint, bits: number): bigint {
  let result = 1n << BigInt(bits - 1);
  let square = 1n << BigInt(bits - 2);
  for (let left = n; left > 0n; left >>= 1n) {
    if (left & 1n) result = multiply(result, square, polynomial, bits);
    square = multiply(square, square, polynomial, bits);
  }
  return result;
}

function multiply(a: bigint, b: bigint, polynomial: bigint, bits: number): bigint {
  let product = 0n;
  let shifted = b;
  for (let mask = 1n << BigInt(bits - 1); mask > 0n; mask >>= 1n) {
    if (a & mask) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
  }
  return product;
}

function makeCrc32(): Crc {
  let crc = 0;
  return {
    update(bytes) {
      crc = crc32(bytes, crc);
    },
    digest: () => uint32(crc),
  };
}

/** 8 × 256 entries: entry [k][b] is the CRC of byte b followed by k zero bytes. Made at first use. */
let table32c: Int32Array | undefined;

function makeCrc32c(): Crc {
  table32c ??= Int32Array.from(tables(CRCS.CRC32C.polynomial), (v) => Number(BigInt.asIntN(32, v)));
  const t = table32c;
  let crc = -1;
  return {
    update(b) {
      let c = crc;
      let i = 0;
      for (const end = b.length - 7; i < end; i += 8) {
        c ^= b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24);
        c =
          t[1792 + (c & 255)]! ^
          t[1536 + ((c >>> 8) & 255)]! ^
          t[1280 + ((c >>> 16) & 255)]! ^
          t[1024 + (c >>> 24)]! ^
          t[768 + b[i + 4]!]! ^
          t[512 + b[i + 5]!]! ^
          t[256 + b[i + 6]!]! ^
          t[b[i + 7]!]!;
      }
      for (; i < b.length; i++) c = t[(c ^ b[i]!) & 255]! ^ (c >>> 8);
      crc = c;
    },
    digest: () => uint32(~crc),
  };
}

let tables64: { readonly low: Int32Array; readonly high: Int32Array } | undefined;

/** The same with the 64 bits kept as two halves, since numbers are fast and BigInts are not. */
function makeCrc64(): Crc {
  if (!tables64) {
    const entries = tables(CRCS.CRC64NVME.polynomial);
    tables64 = {
      low: Int32Array.from(entries, (v) => Number(BigInt.asIntN(32, v))),
      high: Int32Array.from(entries, (v) => Number(BigInt.asIntN(32, v >> 32n))),
    };
  }
  const { low, high } = tables64;
  let crcLow = -1;
  let crcHigh = -1;
  return {
    update(b) {
      let l = crcLow;
      let h = crcHigh;
      let i = 0;
      for (const end = b.length - 7; i < end; i += 8) {
        l ^= b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24);
        h ^= b[i + 4]! | (b[i + 5]! << 8) | (b[i + 6]! << 16) | (b[i + 7]! << 24);
        const b0 = 1792 + (l & 255);
        const b1 = 1536 + ((l >>> 8) & 255);
        const b2 = 1280 + ((l >>> 16) & 255);
        const b3 = 1024 + (l >>> 24);
        const b4 = 768 + (h & 255);
        const b5 = 512 + ((h >>> 8) & 255);
        const b6 = 256 + ((h >>> 16) & 255);
        const b7 = h >>> 24;
        l = low[b0]! ^ low[b1]! ^ low[b2]! ^ low[b3]! ^ low[b4]! ^ low[b5]! ^ low[b6]! ^ low[b7]!;
        h = high[b0]! ^ high[b1]! ^ high[b2]! ^ high[b3]! ^ high[b4]! ^ high[b5]! ^ high[b6]! ^ high[b7]!;
      }
      for (; i < b.length; i++) {
        const at = (l ^ b[i]!) & 255;
        l = low[at]! ^ ((l >>> 8) | (h << 24));
        h = high[at]! ^ (h >>> 8);
      }
      crcLow = l;
      crcHigh = h;
    },
    digest: () => Buffer.concat([uint32(~crcHigh), uint32(~crcLow)]),
  };
}

function tables(polynomial: bigint): bigint[] {
  const out: bigint[] = [];
  for (let byte = 0n; byte < 256n; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
    out.push(crc);
  }
  for (let i = 256; i < 8 * 256; i++) out.push((out[i - 256]! >> 8n) ^ out[Number(out[i - 256]! & 255n)]!);
  return out;
}

function uint32(value: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeUInt32BE(value >>> 0);
  return out;
}
