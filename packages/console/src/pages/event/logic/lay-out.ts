const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs;
const INDENT = '  ';

/**
 * JSON with a line for each member. Its tokens stay as they are: parsing and printing it would change long numbers and lose
 * members of the same name, and a record is shown as it was recorded. What is no JSON comes out in some shape, too.
 */
export function layOut(json: string): string {
  const tokens = json.match(TOKEN) ?? [];
  const out: string[] = [];
  let depth = 0;
  const line = () => `\n${INDENT.repeat(Math.max(depth, 0))}`;
  for (const [i, token] of tokens.entries()) {
    const opens = token === '{' || token === '[';
    const closes = token === '}' || token === ']';
    if (closes) depth--;
    const isEmpty = closes && /^[{[]$/.test(tokens[i - 1] ?? '');
    if (closes && !isEmpty) out.push(line());
    out.push(token === ':' ? ': ' : token);
    if (opens) depth++;
    const next = tokens[i + 1];
    if ((opens && next !== '}' && next !== ']') || token === ',') out.push(line());
  }
  return out.join('');
}
