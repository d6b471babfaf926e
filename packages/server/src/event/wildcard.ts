/**
 * Wildcard patterns over whole values, in time linear in the value: each run of text between two `*` is taken where it
 * first fits, which is never wrong.
 */
export const ANY_RUN = Symbol('any run of characters');
export const ANY_ONE = Symbol('any one character');
export type WildcardToken = string | typeof ANY_RUN | typeof ANY_ONE;

type TextTest = (text: string) => boolean;
/** Between two ANY_RUNs. */
type Stretch = readonly (string | typeof ANY_ONE)[];

/** A test of whole values. The commonest forms are done by the engine's own string functions. */
export function wildcardTest(tokens: readonly WildcardToken[]): TextTest {
  const stretches = split(tokens);
  if (tokens.some((token) => token === ANY_ONE)) return (text) => fits(stretches, text);
  const runs = stretches.map((stretch) => stretch.map(String).join(''));
  const [first, second, third] = runs as [string, string, string];
  if (runs.length === 1) return (text) => text === first;
  if (runs.length === 2 && first + second === '') return () => true;
  if (runs.length === 2 && second === '') return (text) => text.startsWith(first);
  if (runs.length === 2 && first === '') return (text) => text.endsWith(second);
  if (runs.length === 3 && first === '' && third === '') return (text) => text.includes(second);
  return (text) => fits(stretches, text);
}

/** `*` is a wildcard wherever it stands. */
export const starTokens = (text: string): WildcardToken[] =>
  text.split(/(\*)/).flatMap((piece): WildcardToken[] => (piece === '*' ? [ANY_RUN] : piece === '' ? [] : [piece]));

function split(tokens: readonly WildcardToken[]): Stretch[] {
  const stretches: (string | typeof ANY_ONE)[][] = [[]];
  for (const [i, token] of tokens.entries()) {
    if (token === ANY_RUN && tokens[i - 1] === ANY_RUN) continue;
    if (token === ANY_RUN) stretches.push([]);
    else stretches.at(-1)!.push(token);
  }
  return stretches;
}

function fits(stretches: readonly Stretch[], text: string): boolean {
  const last = stretches.length - 1;
  let at = endOf(stretches[0]!, text, 0);
  if (last === 0) return at === text.length;
  for (let i = 1; i < last && at >= 0; i++) at = endOfFirst(stretches[i]!, text, at);
  if (at < 0) return false;
  const begin = text.length - lengthOf(stretches[last]!);
  return begin >= at && endOf(stretches[last]!, text, begin) === text.length;
}

const lengthOf = (stretch: Stretch): number =>
  stretch.reduce((sum, token) => sum + (token === ANY_ONE ? 1 : token.length), 0);

/** Where the stretch ends that begins at `from`; -1 when it does not fit there. */
function endOf(stretch: Stretch, text: string, from: number): number {
  let at = from;
  for (const token of stretch) {
    if (token === ANY_ONE ? at >= text.length : !text.startsWith(token, at)) return -1;
    at += token === ANY_ONE ? 1 : token.length;
  }
  return at;
}

/** Where the first fit at or after `from` ends, or -1. */
function endOfFirst(stretch: Stretch, text: string, from: number): number {
  const [run] = stretch;
  if (stretch.length === 1 && typeof run === 'string') {
    const at = text.indexOf(run, from);
    return at < 0 ? -1 : at + run.length;
  }
  for (let at = from; at <= text.length; at++) {
    const end = endOf(stretch, text, at);
    if (end >= 0) return end;
  }
  return -1;
}
