import { EDGE } from './grams.ts';

/**
 * Words: letters, digits and what mostly stands within names, as far as they stand together in a record's JSON; in lower
 * case. So `s3.amazonaws.com`, `us-east-1` and `assumed-role` are one each. What is no ASCII separates.
 */
const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  const folded = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
  return byte < 0x80 && /[a-z0-9_.-]/.test(String.fromCharCode(folded)) ? folded : EDGE;
});

/** The kelvin sign, U+212A, is the one character beyond ASCII that is a letter of ASCII in lower case: a k. */
const K = 0x6b;

/** FNV-1a, 32 bits: it costs one product a byte. */
export const HASH_START = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;
export const hashed = (hash: number, byte: number): number => Math.imul(hash ^ byte, HASH_PRIME);

/** A word stands in `text` from `from` to `to`, with an `EDGE` before and behind it. */
export type OnWord = (text: Uint8Array, from: number, to: number, hash: number) => void;

/** Records in lower case, one at a time. Grows to the longest one. */
let folded = new Uint8Array(1 << 16);

/**
 * The words of a record, or of the part from `start` to `end` at which words end, as it is spelt: in order, each as often as it
 * stands there.
 * @returns whether it spells letters in ways that JSON lets it beside the plain one: other words may be meant
 */
export function scanWords(record: Uint8Array, onWord: OnWord, start = 0, end = record.length): boolean {
  if (folded.length < end - start + 2) folded = new Uint8Array((end - start) * 2 + 2);
  const text = folded;
  text[0] = EDGE;
  let from = 1;
  let to = 1;
  let hash = HASH_START;
  let isOdd = false;
  for (let i = start; i < end; i++) {
    let byte = FOLDED[record[i]!]!;
    if (byte === EDGE) {
      if (isKelvin(record, i)) {
        byte = K;
        i += 2;
      } else {
        if (record[i] === BACKSLASH && (record[i + 1] === U || record[i + 1] === SLASH)) isOdd = true;
        if (to === from) continue;
        text[to++] = EDGE;
        onWord(text, from, to - 1, hash);
        from = to;
        hash = HASH_START;
        continue;
      }
    }
    text[to++] = byte;
    hash = hashed(hash, byte);
  }
  text[to] = EDGE;
  if (to > from) onWord(text, from, to, hash);
  return isOdd;
}

const isKelvin = (record: Uint8Array, at: number): boolean =>
  record[at] === 0xe2 && record[at + 1] === 0x84 && record[at + 2] === 0xaa;
const [BACKSLASH, SLASH, U] = [0x5c, 0x2f, 0x75];

/** The record with all letters as they are meant. */
export function plainly(record: Buffer): Buffer {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(record.toString())));
  } catch (error) {
    if (error instanceof SyntaxError) return Buffer.alloc(0); // never accepted
    throw error;
  }
}

/** Whether a text that holds none of what is looked for may mean it all the same: it spells letters in other ways. */
export const mayMeanOther = (text: string): boolean =>
  text.includes('\\u') || text.includes('\\/') || text.includes(KELVIN_LATIN1);

const KELVIN_LATIN1 = '\u00e2\u0084\u00aa';
const EDGE_TEXT = String.fromCharCode(EDGE);

/** Whether a piece, wherever it stands, lies within one word. @param piece ASCII, in lower case */
export const isPartOfWord = (piece: string): boolean => /^[a-z0-9_.-]+$/.test(piece);

/**
 * What must stand in some word or other of a record (with an edge at each end) in which the piece stands: of a piece
 * that lies within one word that itself; else how a word ends, whole words, and how one begins.
 * @param piece ASCII, in lower case
 */
export function patternsOf(piece: string): readonly string[] {
  const parts = piece.split(/[^a-z0-9_.-]+/);
  return parts.flatMap((part, i) => {
    if (part === '') return [];
    return [`${i > 0 ? EDGE_TEXT : ''}${part}${i < parts.length - 1 ? EDGE_TEXT : ''}`];
  });
}

/** Words as one text in which patterns are looked for, with an edge before and behind each. */
export const joinedWords = (words: readonly string[]): string =>
  [EDGE_TEXT, ...words.map((word) => word + EDGE_TEXT)].join('');

/** @param text `joinedWords` */
export const splitWords = (text: string): readonly string[] => text.split(EDGE_TEXT).slice(1, -1);

/** The numbers of the words that a pattern stands in. @param text `joinedWords` */
export function matching(text: string, pattern: string): readonly number[] {
  const found: number[] = [];
  const inner = pattern.startsWith(EDGE_TEXT) ? 1 : 0;
  let word = 0;
  let end = text.indexOf(EDGE_TEXT, 1);
  for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, end)) {
    for (; end < at + inner; word++) end = text.indexOf(EDGE_TEXT, end + 1);
    found.push(word);
  }
  return found;
}
