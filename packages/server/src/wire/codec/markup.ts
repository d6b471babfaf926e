/** Of Latin 1, as `String.trimStart` has it. */
const WHITE_SPACE: ReadonlySet<number> = new Set([9, 10, 11, 12, 13, 32, 0xa0]);

/** Whether the first character that is no white space, of so many bytes, is `<`. Nothing is made of the body for that. */
export function isMarkup(body: Buffer, searchedBytes: number): boolean {
  const end = Math.min(body.length, searchedBytes);
  for (let at = 0; at < end; at++) {
    const byte = body[at]!;
    if (!WHITE_SPACE.has(byte)) return byte === 0x3c;
  }
  return false;
}
