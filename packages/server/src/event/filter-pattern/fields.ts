const CLOSING: Readonly<Partial<Record<string, string>>> = { '[': ']', '"': '"' };

/**
 * A line as its fields: text between blanks, where `[…]` and `"…"` are one field, without what encloses them. A sign that
 * nothing closes is a character as any other.
 */
export function splitFields(text: string): readonly string[] {
  const fields: string[] = [];
  const unclosed = new Set<string>(); // looked for once, or a line of brackets would cost its square
  const bare = /\S+/y;
  const blanks = /\s*/y;
  for (let at = 0; ; ) {
    blanks.lastIndex = at;
    blanks.exec(text);
    at = blanks.lastIndex;
    const open = text[at];
    if (open === undefined) return fields;
    const close = CLOSING[open];
    const end = close === undefined || unclosed.has(open) ? -1 : text.indexOf(close, at + 1);
    if (end >= 0) {
      fields.push(text.slice(at + 1, end));
      at = end + 1;
      continue;
    }
    if (close !== undefined) unclosed.add(open);
    bare.lastIndex = at;
    fields.push(bare.exec(text)![0]);
    at = bare.lastIndex;
  }
}
