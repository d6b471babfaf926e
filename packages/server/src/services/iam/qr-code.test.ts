import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { QR_BYTES_MAX, qrModules, qrPng } from './qr-code.ts';

const TEXT = `otpauth://totp/alice@123456789012?secret=${'ABCDEFGH'.repeat(8)}`;

it('is the code that a reader of another make (jsQR 1.4) read back, also with modules flipped', () => {
  const rows = qrModules(TEXT).map((row) => row.map((dark) => (dark ? '1' : '0')).join(''));
  expect(rows).toHaveLength(49);
  expect(rows[0]).toMatch(/^1111111.{35}1111111$/);
  expect(createHash('sha256').update(rows.join('\n')).digest('hex')).toBe(
    '7f36054e24d13deb5e8e489444a4b3de5d8883d8b9bc521a2b54d191ea79c25b',
  );
});

it('is a whole PNG image, for every text that fits', () => {
  const png = qrPng('x'.repeat(QR_BYTES_MAX));
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const side = png.readUInt32BE(16);
  const data = png.subarray(41, 41 + png.readUInt32BE(33));
  expect(inflateSync(data)).toHaveLength((side + 1) * side);
  expect(() => qrPng('x'.repeat(QR_BYTES_MAX + 1))).toThrow(/at most 192 bytes/);
});
