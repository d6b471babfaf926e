import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ChecksumAlgorithm,
  checksumAlgorithm,
  checksumOf,
  compositeChecksum,
  createHasher,
  fullObjectChecksum,
  isChecksumValue,
} from './checksum.ts';

const hex = (algorithm: ChecksumAlgorithm, text: string) =>
  Buffer.from(checksumOf(algorithm, Buffer.from(text)), 'base64').toString('hex');

describe('checksums', () => {
  it('have their published check values', () => {
    expect(hex('CRC32', '123456789')).toBe('cbf43926');
    expect(hex('CRC32C', '123456789')).toBe('e3069283');
    expect(hex('CRC64NVME', '123456789')).toBe('ae8b14860a799888');
    expect(hex('MD5', '')).toBe('d41d8cd98f00b204e9800998ecf8427e');
    expect(hex('SHA1', 'abc')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(hex('CRC32', '')).toBe('00000000');
    expect(hex('CRC64NVME', '')).toBe('0000000000000000');
  });

  const algorithms: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256', 'SHA512', 'MD5'];

  it('do not depend on how the bytes come', () => {
    fc.assert(
      fc.property(fc.constantFrom(...algorithms), fc.array(fc.uint8Array({ maxLength: 40 })), (algorithm, parts) => {
        const hasher = createHasher(algorithm);
        for (const part of parts) hasher.update(part);
        expect(hasher.digest().toString('base64')).toBe(checksumOf(algorithm, Buffer.concat(parts)));
      }),
    );
  });

  it('of CRCs agree with the definition, bit by bit', () => {
    const slowly = (bytes: Uint8Array, polynomial: bigint, bits: bigint) => {
      const ones = (1n << bits) - 1n;
      let crc = ones;
      for (const byte of bytes) {
        crc ^= BigInt(byte);
        for (let i = 0; i < 8; i++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
      }
      return (crc ^ ones).toString(16).padStart(Number(bits) / 4, '0');
    };
    const fast = (algorithm: ChecksumAlgorithm, bytes: Uint8Array) =>
      Buffer.from(checksumOf(algorithm, bytes), 'base64').toString('hex');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(fast('CRC32', bytes)).toBe(slowly(bytes, 0xedb88320n, 32n));
        expect(fast('CRC32C', bytes)).toBe(slowly(bytes, 0x82f63b78n, 32n));
        expect(fast('CRC64NVME', bytes)).toBe(slowly(bytes, 0x9a6c9329ac4bc9b5n, 64n));
      }),
    );
  });

  it('of parts make that of the whole object', () => {
    const crcs = fc.constantFrom<ChecksumAlgorithm>('CRC32', 'CRC32C', 'CRC64NVME');
    fc.assert(
      fc.property(crcs, fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1 }), (algorithm, parts) => {
        const summed = parts.map((part) => ({ checksum: checksumOf(algorithm, part), sizeBytes: part.length }));
        expect(fullObjectChecksum(algorithm, summed)).toBe(checksumOf(algorithm, Buffer.concat(parts)));
      }),
    );
    const large = Array.from({ length: 10_000 }, () => ({
      checksum: checksumOf('CRC64NVME', Buffer.from('x')),
      sizeBytes: 5 * 2 ** 30,
    }));
    expect(isChecksumValue('CRC64NVME', fullObjectChecksum('CRC64NVME', large))).toBe(true);
  });

  it('of parts make the composite of a multipart object', () => {
    const parts = [checksumOf('SHA256', Buffer.from('a')), checksumOf('SHA256', Buffer.from('b'))];
    const joined = Buffer.concat(parts.map((p) => Buffer.from(p, 'base64')));
    expect(compositeChecksum('SHA256', parts)).toBe(`${checksumOf('SHA256', joined)}-2`);
  });

  it('are known by name and by form', () => {
    expect(checksumAlgorithm('crc64nvme')).toBe('CRC64NVME');
    expect(checksumAlgorithm('toString')).toBeUndefined();
    expect(isChecksumValue('CRC32', 'AAAAAA==')).toBe(true);
    expect(isChecksumValue('CRC32', 'AAAAAA')).toBe(false);
    expect(isChecksumValue('CRC32', 'AAAAAAA=')).toBe(false);
  });
});
