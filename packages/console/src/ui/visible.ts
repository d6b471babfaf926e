/** Control characters, what turns the direction of text around, and what has no width: they make text look like other text. */
const HIDDEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * Text of a record as it may be shown in a line: what cannot be seen is written as an escape (`\u202e`), and what is longer
 * than `charsMax` is cut.
 */
export function visible(text: string, charsMax = Number.POSITIVE_INFINITY): string {
  const cut = text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
  return cut.replace(HIDDEN, (hidden) => `\\u${hidden.codePointAt(0)!.toString(16).padStart(4, '0')}`);
}
