/**
 * Grams: each four bytes that stand together in a word, or at its edge. Which of them a chunk of events has is one bit
 * each, in a fixed number of rows that they share.
 */
export const GRAM_BYTES = 4;
/** Events next to each other in the Log that share their grams. */
export const CHUNK_EVENTS = 64;
/** An eighth of them is set by 64 records of 1.2 KB. It makes 64 bytes an event. */
export const GRAM_ROWS = 1 << 15;
/** What stands at the edges of words, and in none: at its edge a word has grams that say so. */
export const EDGE = 0x0a;

/**
 * Half of the rows are for what ids are made of, hexadecimal digits: most of the words that are kept by their grams are
 * ids, and would fill the rows of all others with bits.
 */
const HALF_SHIFT = 32 - Math.log2(GRAM_ROWS / 2);
const IS_OF_IDS = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === EDGE || '0123456789abcdef-'.includes(String.fromCharCode(byte)) ? 1 : 0,
);
/** An odd number near 2³² / φ: the high bits of a product with it differ for grams that differ (Knuth, TAOCP 6.4). */
const MULTIPLIER = 0x9e3779b1;

/**
 * Where words are split into parts that are kept by themselves: first at dots, and those again at what else separates.
 * What is as long as a gram or longer is then of letters and digits alone.
 */
export const [WHOLE, DOTTED, PLAIN] = [0, 1, 2];
const SPLIT: readonly Uint8Array[] = [[EDGE, 0x2e], [0x2d, 0x5f], []].map((bytes) =>
  Uint8Array.from({ length: 256 }, (_, byte) => (bytes.includes(byte) ? 1 : 0)),
);

/** Whether a word, or a part of this level of one, is split at the byte. */
export const isSplitAt = (level: number, byte: number): boolean => SPLIT[level]![byte] === 1;

/** What a text is split into. */
export const partsOf = (text: string, level: number): readonly string[] =>
  text.split(level === WHOLE ? /[\n.]/ : /[-_]/);

const rowOf = (gram: number, isOfIds: boolean): number =>
  (isOfIds ? 0 : GRAM_ROWS / 2) + (Math.imul(gram, MULTIPLIER) >>> HALF_SHIFT);

/** Adds the grams of the text from `from` to `to`. @param grams a bit for each row, in the words from `first` on */
export function addGrams(grams: Uint32Array, first: number, text: Uint8Array, from: number, to: number): void {
  let gram = 0;
  let ofIds = 0;
  for (let at = from; at < to; at++) {
    const byte = text[at]!;
    gram = (gram << 8) | byte;
    ofIds = IS_OF_IDS[byte] === 1 ? ofIds + 1 : 0;
    if (at - from < GRAM_BYTES - 1) continue;
    const row = rowOf(gram, ofIds >= GRAM_BYTES);
    grams[first + (row >>> 5)]! |= 1 << (row & 31);
  }
}

/**
 * The rows that are set where a pattern (`patternsOf`), or a part of it of this level, stands in what is split: of the
 * grams in which it is split at this level, for others may lie within a part that is kept by itself; of what is not
 * split any more, of all.
 */
export function rowsOf(pattern: string, level: number): readonly number[] {
  const rows = new Set<number>();
  const bytes = Buffer.from(pattern, 'latin1');
  for (let from = 0; from + GRAM_BYTES <= bytes.length; from++) {
    const gram = bytes.subarray(from, from + GRAM_BYTES);
    if (level === PLAIN || gram.some((byte) => isSplitAt(level, byte)))
      rows.add(
        rowOf(
          gram.readInt32BE(),
          gram.every((byte) => IS_OF_IDS[byte] === 1),
        ),
      );
  }
  return [...rows];
}
