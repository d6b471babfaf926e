import { PatternError } from '../pattern-error.ts';

/** A JSON value and where it begins in the text, for the position of errors. */
export type Node = { readonly at: number } & (
  | { readonly kind: 'object'; readonly members: readonly (readonly [name: string, value: Node])[] }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'scalar'; readonly value: Scalar }
);

export type Scalar = string | number | boolean | null;

/** Deeper than any record, and shallow enough for recursion. */
const DEPTH_MAX = 100;
/** How much of the pattern a message shows. */
const SOURCE_CHARS = 200;

/** The words of EventBridge about an event pattern that it does not take. */
export function invalid(text: string, reason: string, at: number): PatternError {
  const before = text.slice(0, at).split('\n');
  const place = `line: ${before.length}, column: ${before.at(-1)!.length + 1}`;
  const source = text.length > SOURCE_CHARS ? `${text.slice(0, SOURCE_CHARS)}[truncated]` : text;
  return new PatternError(
    `Event pattern is not valid. Reason: ${reason} at [Source: (String)"${source}"; ${place}]`,
    at,
  );
}

const BLANKS = /[ \t\r\n]*/y;
const STRING = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const OTHER_SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/**
 * JSON with the places of its values, which JSON.parse does not tell.
 * @throws PatternError when the text is no JSON
 */
export function parseNodes(text: string): Node {
  let at = 0;
  const takeMatch = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const take = (char: string): boolean => {
    takeMatch(BLANKS);
    if (text[at] !== char) return false;
    at++;
    return true;
  };
  const unexpected = (wanted: string): PatternError => {
    const what = at < text.length ? `Unexpected character (${JSON.stringify(text[at])})` : 'Unexpected end-of-input';
    return invalid(text, `${what}: was expecting ${wanted}`, at);
  };

  function value(depth: number): Node {
    takeMatch(BLANKS);
    const begin = at;
    if (depth > DEPTH_MAX) throw invalid(text, `Objects and arrays nest more than ${DEPTH_MAX} deep`, at);
    if (take('{')) return { kind: 'object', members: members(depth), at: begin };
    if (take('[')) return { kind: 'array', items: items(depth), at: begin };
    const scalar = takeMatch(STRING) ?? takeMatch(OTHER_SCALAR);
    if (scalar === undefined) throw unexpected('a JSON value');
    return { kind: 'scalar', value: JSON.parse(scalar) as Scalar, at: begin };
  }

  function items(depth: number): Node[] {
    const list: Node[] = [];
    if (take(']')) return list;
    do list.push(value(depth + 1));
    while (take(','));
    if (!take(']')) throw unexpected("',' or ']'");
    return list;
  }

  function members(depth: number): [string, Node][] {
    const named = new Map<string, Node>(); // of names that stand twice the last counts, as everywhere in JSON
    if (take('}')) return [];
    do {
      takeMatch(BLANKS);
      const name = takeMatch(STRING);
      if (name === undefined) throw unexpected('a name in double quotes');
      if (!take(':')) throw unexpected("':'");
      named.set(JSON.parse(name) as string, value(depth + 1));
    } while (take(','));
    if (!take('}')) throw unexpected("',' or '}'");
    return [...named];
  }

  const node = value(0);
  takeMatch(BLANKS);
  if (at < text.length) throw unexpected('nothing more');
  return node;
}
