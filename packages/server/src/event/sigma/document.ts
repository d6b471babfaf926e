import { LineCounter, parseDocument } from 'yaml';
import { PatternError } from '../pattern-error.ts';

/** Sigma's longest rules have some 5 KB. */
export const RULE_CHARS_MAX = 64 * 1024;
/** Aliases are rare in rules; this many cannot make a small file a large one. */
const ALIASES_MAX = 100;

export type Path = readonly (string | number)[];

/** A YAML file, and how to say what is wrong where. */
export interface SigmaSource {
  readonly value: unknown;
  /** The error for what stands at `path`, with its line. */
  readonly invalid: (path: Path, why: string) => PatternError;
}

/** @throws PatternError when the text is no single YAML document */
export function readSource(text: string): SigmaSource {
  if (text.length > RULE_CHARS_MAX) {
    throw new PatternError(`Invalid Sigma rule: a rule may have ${RULE_CHARS_MAX} characters`, RULE_CHARS_MAX);
  }
  const lineCounter = new LineCounter();
  const at = (position: number, why: string) => {
    const { line, col } = lineCounter.linePos(position);
    return new PatternError(`Invalid Sigma rule at line ${line}, column ${col}: ${why}`, position);
  };
  const document = parseDocument(text, { lineCounter, prettyErrors: false, schema: 'core' });
  const [error] = document.errors;
  if (error) throw at(Math.min(error.pos[0], text.length), wordsOf(error));
  const invalid = (path: Path, why: string) => {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
      const position = node?.range?.[0];
      if (position !== undefined) return at(position, why);
    }
    return at(0, why);
  };
  try {
    return { value: document.toJS({ maxAliasCount: ALIASES_MAX }), invalid };
  } catch (cause) {
    throw at(0, wordsOf(cause as Error));
  }
}

/** The library meets what nests too deep with the stack's end, and reports that as an error of the text. */
const wordsOf = ({ message }: Error): string => (/call stack/.test(message) ? 'it nests too deep' : message);
