/** As much of ASN.1's distinguished encoding (ITU-T X.690) as a certificate is made of. */

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const bytes = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length, ...bytes), content]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => tlv(TAG.sequence, ...parts);
export const set = (...parts: readonly Buffer[]): Buffer => tlv(TAG.set, ...parts);
export const octetString = (bytes: Buffer): Buffer => tlv(TAG.octetString, bytes);
export const utf8String = (text: string): Buffer => tlv(TAG.utf8String, Buffer.from(text));
export const NULL = Buffer.of(0x05, 0x00);
export const TRUE = Buffer.of(0x01, 0x01, 0xff);

/** A number that is not negative, big-endian. */
export function integer(bytes: Buffer): Buffer {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const digits = bytes.subarray(from);
  return tlv(TAG.integer, digits[0]! >= 0x80 ? Buffer.of(0) : Buffer.alloc(0), digits);
}

/** @param unusedBits at the end of the last byte */
export const bitString = (bytes: Buffer, unusedBits = 0): Buffer => tlv(TAG.bitString, Buffer.of(unusedBits), bytes);

/** `2.5.29.17` */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left % 128));
    bytes.push(...groups);
  }
  return tlv(TAG.objectId, Buffer.from(bytes));
}

/** RFC 5280 §4.1.2.5: two digits for the year until 2049. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\.\d+|[-:T]/g, '');
  return Number(digits.slice(0, 4)) < 2050
    ? tlv(TAG.utcTime, Buffer.from(digits.slice(2)))
    : tlv(TAG.generalizedTime, Buffer.from(digits));
}

/** `[n]` in place of the value's own tag. @param constructed the value is made of others */
export const implicit = (n: number, content: Buffer, constructed = false): Buffer =>
  tlv((constructed ? 0xa0 : 0x80) | n, content);

/** `[n]` around the value. */
export const explicit = (n: number, value: Buffer): Buffer => tlv(0xa0 | n, value);
