/**
 * The first member name that stands twice in one object of a JSON text, which must be valid. `JSON.parse` keeps the last
 * of them without a word, so that a reader sees `"Effect": "Deny"` and the evaluator `"Effect": "Allow"`; policies must
 * not have any (IAM user guide, "Grammar of the IAM JSON policy language").
 */
export function repeatedMember(json: string): string | undefined {
  /** The names of each object that is open; undefined for arrays. */
  const open: (Set<string> | undefined)[] = [];
  for (const [token, string, colon] of json.matchAll(TOKENS)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const name = JSON.parse(string!) as string;
      const names = open.at(-1)!;
      if (names.has(name)) return name;
      names.add(name);
    }
  }
  return undefined;
}

/** Brackets, and strings with the colon that makes them names. */
const TOKENS = /[[\]{}]|("(?:[^"\\]|\\.)*")(\s*:)?/g;
