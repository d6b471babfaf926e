import { cidrTest } from '../cidr.ts';
import { compileRegex } from '../linear-regex/match.ts';
import { parseRegex, SIGMA_REGEX } from '../linear-regex/parse.ts';
import { ANY_ONE, ANY_RUN, type WildcardToken, wildcardTest } from '../wildcard.ts';

/** Whether a field's value, which is there, is what a rule asks for. */
export type ValueTest = (found: unknown) => boolean;

export type RuleScalar = string | number | boolean;

/** How a value is compared: by one of Sigma's modifiers, or as it is. @throws Error saying what is wrong with `wanted` */
type Comparison = (wanted: RuleScalar, cased: boolean) => ValueTest;

export const COMPARISONS: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ['', (wanted, cased) => textTest(tokensOf(String(wanted)), cased)],
  ['contains', (wanted, cased) => textTest([ANY_RUN, ...tokensOf(String(wanted)), ANY_RUN], cased)],
  ['startswith', (wanted, cased) => textTest([...tokensOf(String(wanted)), ANY_RUN], cased)],
  ['endswith', (wanted, cased) => textTest([ANY_RUN, ...tokensOf(String(wanted))], cased)],
  ['re', (wanted) => regexTest(String(wanted), false)],
  ['re|i', (wanted) => regexTest(String(wanted), true)],
  ['cidr', (wanted) => networkTest(String(wanted))],
  ['lt', (wanted) => numberTest(wanted, (found, bound) => found < bound)],
  ['lte', (wanted) => numberTest(wanted, (found, bound) => found <= bound)],
  ['gt', (wanted) => numberTest(wanted, (found, bound) => found > bound)],
  ['gte', (wanted) => numberTest(wanted, (found, bound) => found >= bound)],
]);

/** The text of a value. An object is its JSON, with JSON inside it unescaped, as log stores search it. */
export const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'object'
      ? JSON.stringify(value).replaceAll('\\"', '"')
      : String(value);

/** `*` any characters, `?` any one; a backslash before these or before itself makes them plain. */
export function tokensOf(text: string): readonly WildcardToken[] {
  const tokens: WildcardToken[] = [];
  let run = '';
  const put = (token: WildcardToken) => {
    if (run !== '') tokens.push(run);
    run = '';
    tokens.push(token);
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '*') put(ANY_RUN);
    else if (char === '?') put(ANY_ONE);
    else run += char === '\\' && /^[*?\\]/.test(text.slice(i + 1, i + 2)) ? text[++i]! : char;
  }
  if (run !== '') tokens.push(run);
  return tokens;
}

/** Sigma compares without regard to case unless told so. */
function textTest(tokens: readonly WildcardToken[], cased: boolean): ValueTest {
  if (cased) {
    const fits = wildcardTest(tokens);
    return (found) => fits(textOf(found));
  }
  const fits = wildcardTest(tokens.map((token) => (typeof token === 'string' ? token.toLowerCase() : token)));
  return (found) => fits(textOf(found).toLowerCase());
}

function regexTest(source: string, ignoreCase: boolean): ValueTest {
  const finds = compileRegex(parseRegex(source, { ...SIGMA_REGEX, ignoreCase }));
  return (found) => finds(textOf(found));
}

function networkTest(network: string): ValueTest {
  const test = cidrTest(network);
  if (typeof test !== 'function') throw new Error(`${network} is no network: ${test.problem}`);
  return (found) => typeof found === 'string' && test(found);
}

function numberTest(wanted: RuleScalar, compare: (found: number, bound: number) => boolean): ValueTest {
  const bound = Number(wanted);
  if (typeof wanted === 'boolean' || wanted === '' || Number.isNaN(bound)) throw new Error(`${wanted} is no number`);
  return (found) => (typeof found === 'number' || typeof found === 'string') && compare(Number(found), bound);
}
