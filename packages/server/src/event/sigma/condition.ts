import { PatternError } from '../pattern-error.ts';
import { starTokens, wildcardTest } from '../wildcard.ts';

/** What a rule's condition says of its selections. */
export type Condition =
  | { readonly kind: 'selection'; readonly name: string }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] };

/** `(` and `not` within each other: far more than anyone writes, few enough for recursion. */
const NESTING_MAX = 50;
const WORD = /[()|]|[^\s()|]+/g;
const KEYWORDS: ReadonlySet<string> = new Set(['and', 'or', 'not', 'of', 'them', '1', 'any', 'all', '(', ')', '|']);

/**
 * `selection and not 1 of filter_*`: `or` binds weakest, `not` strongest.
 * @param names the rule's selections, which conditions choose from
 * @throws PatternError with the place in the condition
 */
export function parseCondition(text: string, names: readonly string[]): Condition {
  const words = [...text.matchAll(WORD)].map((match) => ({ word: match[0], at: match.index }));
  let next = 0;

  const fail = (why: string): never => {
    const { word, at } = words[next] ?? { word: undefined, at: text.length };
    const found = word === undefined ? 'the end' : `'${word}'`;
    throw new PatternError(`${why} but found ${found} at character ${at + 1} of the condition`, at);
  };
  const peek = (): string | undefined => words[next]?.word.toLowerCase();
  const take = (word: string): boolean => peek() === word && ++next > 0;

  function list(kind: 'or' | 'and', part: () => Condition): Condition {
    const parts = [part()];
    while (take(kind)) parts.push(part());
    return parts.length === 1 ? parts[0]! : { kind, parts };
  }
  function either(depth: number): Condition {
    if (depth > NESTING_MAX) fail(`expected no more than ${NESTING_MAX} levels`);
    return list('or', () => list('and', () => term(depth)));
  }
  function term(depth: number): Condition {
    if (depth > NESTING_MAX) fail(`expected no more than ${NESTING_MAX} levels`);
    if (take('not')) return { kind: 'not', part: term(depth + 1) };
    if (take('(')) {
      const inner = either(depth + 1);
      if (!take(')')) fail("expected ')', 'and' or 'or'");
      return inner;
    }
    const quantity = peek();
    if (
      (quantity === '1' || quantity === 'any' || quantity === 'all') &&
      words[next + 1]?.word.toLowerCase() === 'of'
    ) {
      next += 2;
      return chosen(quantity === 'all' ? 'and' : 'or');
    }
    return { kind: 'selection', name: name() };
  }
  function name(): string {
    const found = words[next]?.word;
    if (found === undefined || KEYWORDS.has(found.toLowerCase())) return fail('expected a selection');
    if (!names.includes(found)) fail(`expected a selection of the rule (${names.join(', ')})`);
    next++;
    return found;
  }
  function chosen(kind: 'and' | 'or'): Condition {
    const pattern = words[next]?.word ?? '';
    const isThem = pattern.toLowerCase() === 'them';
    const fits = wildcardTest(starTokens(pattern));
    // A selection whose name begins with an underscore is left out of `them` (Sigma specification 2.0).
    const parts = names.filter((one) => (isThem ? !one.startsWith('_') : pattern !== '' && fits(one)));
    if (parts.length === 0) fail("expected 'them' or a pattern of selections after 'of'");
    next++;
    return { kind, parts: parts.map((one) => ({ kind: 'selection', name: one })) };
  }

  const condition = either(0);
  if (peek() === '|') fail('aggregations over several events (count, near) are not supported: expected the end');
  if (next < words.length) fail("expected 'and', 'or' or the end");
  return condition;
}
