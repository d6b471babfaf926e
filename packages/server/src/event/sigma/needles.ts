import { isAscii } from 'node:buffer';
import { OTHER_CHARS, type RegexNode } from '../linear-regex/parse.ts';
import type { WildcardToken } from '../wildcard.ts';

/**
 * Words without which a rule cannot match: one of them must stand in the record. Looking for a word in a record's bytes
 * costs a tenth of parsing them, and most records have none of the words.
 */
export type Needles = ReadonlySet<string>;

/** Shorter ones stand in every record. */
const NEEDLE_CHARS_MIN = 3;
/** All but characters that JSON writes as they are and that, within a word, part no values. */
const NOT_PLAIN = /[^a-z0-9_.:/-]+/;

/** The longest plain word of a pattern that texts are compared with; none when it has none. */
export function needlesOf(tokens: readonly WildcardToken[]): Needles | undefined {
  const words = tokens.flatMap((token) => (typeof token === 'string' ? token.toLowerCase().split(NOT_PLAIN) : []));
  // A colon may stand before a value, with a blank between, and a number may be written in other ways than its text.
  const plain = words.map((word) => word.replace(/^:+/, ''));
  const fit = plain.filter((word) => word.length >= NEEDLE_CHARS_MIN && /[a-z]/.test(word) && !/^[\d.]/.test(word));
  const longest = fit.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : new Set([longest]);
}

/** The same of what a regular expression finds: of the characters that stand in a row in all that it fits. */
export const needlesOfRegex = (node: RegexNode): Needles | undefined => needlesOf([certain(node)]);

/** What is not certain is a blank. */
function certain(node: RegexNode): string {
  if (node.kind === 'sequence') return node.parts.map(certain).join('');
  if (node.kind !== 'chars' || node.set[OTHER_CHARS] === 1) return ' ';
  const fits = new Set([...node.set].flatMap((is, code) => (is ? [String.fromCharCode(code).toLowerCase()] : [])));
  return fits.size === 1 ? [...fits][0]! : ' ';
}

/** Of alternatives: the words of all, when each has some. */
export const anyNeedles = (parts: readonly (Needles | undefined)[]): Needles | undefined =>
  parts.length > 0 && parts.every((part) => part !== undefined)
    ? new Set(parts.flatMap((part) => [...part]))
    : undefined;

/** Of what must hold together: the words of one part, of that whose shortest is longest, since long words are rare. */
export function bestNeedles(parts: readonly (Needles | undefined)[]): Needles | undefined {
  const shortest = (needles: Needles) => Math.min(...[...needles].map((needle) => needle.length));
  return parts.filter((part) => part !== undefined).sort((a, b) => shortest(b) - shortest(a))[0];
}

/**
 * A record's bytes as text in which to look for needles. undefined when its words may be written in other ways: with
 * escapes (`\\u0041`, `\\/`), or with letters whose lower case is ASCII (the Kelvin sign's is k).
 */
export function haystackOf(json: Buffer): string | undefined {
  if (!isAscii(json)) return undefined;
  const text = json.toString('latin1');
  if (text.includes('\\') && /\\[u/]/.test(text)) return undefined;
  return text.toLowerCase();
}

export function hasNeedle(haystack: string | undefined, needles: Needles | undefined): boolean {
  if (haystack === undefined || needles === undefined) return true;
  for (const needle of needles) if (haystack.includes(needle)) return true;
  return false;
}
