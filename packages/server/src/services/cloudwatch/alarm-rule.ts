import type { StateValue } from '../../alarms/evaluate.ts';
import { invalid } from './errors.ts';

/** The rule of a composite alarm (API reference, PutCompositeAlarm, AlarmRule) as a tree. */
export type AlarmRule =
  | { readonly is: 'constant'; readonly value: boolean }
  | { readonly is: 'state'; readonly state: StateValue; readonly alarm: string }
  | { readonly is: 'not'; readonly of: AlarmRule }
  | { readonly is: 'and' | 'or'; readonly parts: readonly AlarmRule[] };

/** AWS's own limits. */
const CHARS_MAX = 10_240;
const ELEMENTS_MAX = 500;
const CHILDREN_MAX = 100;
const DEPTH_MAX = 100;

const SPACE = /[ \t\r\n]*/y;
const WORD = /[A-Z_]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/y;
const STATES: ReadonlySet<string> = new Set(['ALARM', 'OK', 'INSUFFICIENT_DATA']);

/**
 * NOT binds before AND, AND before OR.
 * @throws AwsError ValidationError with the place of what is wrong
 */
export function parseAlarmRule(source: string): AlarmRule {
  if (source.length === 0 || source.length > CHARS_MAX)
    throw invalid(`AlarmRule must have 1 to ${CHARS_MAX} characters.`);
  let at = 0;
  let elements = 0;
  let depth = 0;
  const rule = chain('or', () => chain('and', unary));
  space();
  if (at < source.length) throw wrong('expected AND, OR or the end');
  if (alarmsIn(rule).size > CHILDREN_MAX) throw invalid(`AlarmRule may name at most ${CHILDREN_MAX} alarms.`);
  return rule;

  function chain(is: 'and' | 'or', part: () => AlarmRule): AlarmRule {
    const parts = [part()];
    while (takeWord(is.toUpperCase())) parts.push(part());
    return parts.length === 1 ? parts[0]! : { is, parts };
  }

  function unary(): AlarmRule {
    if (takeWord('NOT')) return deeper(() => ({ is: 'not', of: unary() }));
    if (!take('(')) return element();
    const inner = deeper(() => chain('or', () => chain('and', unary)));
    if (!take(')')) throw wrong('expected )');
    return inner;
  }

  function element(): AlarmRule {
    if (++elements > ELEMENTS_MAX) throw wrong(`more than ${ELEMENTS_MAX} elements`);
    if (takeWord('TRUE')) return { is: 'constant', value: true };
    if (takeWord('FALSE')) return { is: 'constant', value: false };
    const state = word();
    if (state === undefined || !STATES.has(state))
      throw wrong('expected ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE or NOT');
    at += state.length;
    if (!take('(')) throw wrong('expected (');
    const alarm = name();
    if (!take(')')) throw wrong('expected )');
    return { is: 'state', state: state as StateValue, alarm };
  }

  /** Quotes are needed where the name has brackets or begins or ends with a space. */
  function name(): string {
    space();
    QUOTED.lastIndex = at;
    const quoted = QUOTED.exec(source);
    if (quoted) {
      at += quoted[0].length;
      return (quoted[1] ?? quoted[2]!).replace(/\\(.)/g, '$1');
    }
    const end = source.indexOf(')', at);
    const bare = (end < 0 ? '' : source.slice(at, end)).trim();
    if (bare === '' || bare.includes('(')) throw wrong('expected the name or ARN of an alarm');
    at = end;
    return bare;
  }

  function space(): void {
    SPACE.lastIndex = at;
    at += SPACE.exec(source)![0].length;
  }

  function word(): string | undefined {
    space();
    WORD.lastIndex = at;
    return WORD.exec(source)?.[0];
  }

  function takeWord(wanted: string): boolean {
    if (word() !== wanted) return false;
    at += wanted.length;
    return true;
  }

  function take(sign: string): boolean {
    space();
    if (source[at] !== sign) return false;
    at++;
    return true;
  }

  function deeper(parse: () => AlarmRule): AlarmRule {
    if (++depth > DEPTH_MAX) throw wrong(`nested more than ${DEPTH_MAX} deep`);
    const result = parse();
    depth--;
    return result;
  }

  function wrong(what: string) {
    return invalid(`AlarmRule is not valid at character ${at + 1}: ${what}.`);
  }
}

/** Names and ARNs, as they are written. */
export function alarmsIn(rule: AlarmRule): ReadonlySet<string> {
  if (rule.is === 'state') return new Set([rule.alarm]);
  if (rule.is === 'not') return alarmsIn(rule.of);
  return rule.is === 'constant' ? new Set() : new Set(rule.parts.flatMap((part) => [...alarmsIn(part)]));
}

/** @param stateOf of an alarm by how the rule names it; undefined for one that is gone */
export function holds(rule: AlarmRule, stateOf: (alarm: string) => StateValue | undefined): boolean {
  switch (rule.is) {
    case 'constant':
      return rule.value;
    case 'state':
      return stateOf(rule.alarm) === rule.state;
    case 'not':
      return !holds(rule.of, stateOf);
    case 'and':
      return rule.parts.every((part) => holds(part, stateOf));
    case 'or':
      return rule.parts.some((part) => holds(part, stateOf));
  }
}
