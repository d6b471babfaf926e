/**
 * What could command a terminal rather than be read on it: controls of C0 and C1 (escape sequences above all), and the
 * marks that turn the direction of text, with which one name can be made to look like another. Line breaks too.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const COMMANDS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text from records, keys, file names and servers, which anyone may have written, with such characters made visible. */
export function printable(text: string): string {
  return text.replace(COMMANDS, (c) => {
    const hex = c.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`;
  });
}

/** The same for JSON, which stays the same JSON: controls of C0 cannot stand in its strings, only between them. */
export const printableJson = (json: string): string =>
  json.replace(COMMANDS, (c) =>
    c === '\n' ? c : c < ' ' ? ' ' : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
