/**
 * The constraints of AWS's models, which the schemas do not carry, and what AWS's front end says of input that breaks
 * them: `1 validation error detected: Value '…' at 'keyId' failed to satisfy constraint: …`.
 */
export interface Rule {
  /** Characters of a string, bytes of a blob, entries of a list, or the number itself, which is whole. */
  readonly min?: number;
  readonly max?: number;
  /** Anchored at both ends. */
  readonly pattern?: RegExp;
  /** How the service says that the pattern does not fit, where it has words of its own. */
  readonly sentence?: string;
  readonly values?: readonly string[];
  /** Its value never stands in a message: secret, or as good as one. */
  readonly secret?: boolean;
  /** Of each entry of a list. */
  readonly each?: Rule;
  /** Of the members of a structure. */
  readonly members?: Readonly<Record<string, Rule>>;
  /** Of a structure's member: it must be there. */
  readonly required?: boolean;
}

/** What holds for the operations of a service. */
export interface ConstraintTable {
  /** By member, which means the same in every operation that takes it, but for those by `Operation.Member`. */
  readonly rules: Readonly<Record<string, Rule>>;
  /** Members that must be there, by operation. */
  readonly required: Readonly<Record<string, readonly string[]>>;
  /** Whether the service's model, and so its messages, have `^` and `$` around patterns. */
  readonly showsAnchors: boolean;
}

/** As many as AWS tells at once; more only make a long message longer. */
const COMPLAINTS_MAX = 10;
/** Lists that pass and have no bound of their own are shorter. */
const ENTRIES_CHECKED_MAX = 200;
/** More of a wrong value helps nobody to find the mistake. */
const SHOWN_CHARS_MAX = 256;

interface Found {
  readonly showsAnchors: boolean;
  readonly constraints: string[];
  /** Services' own words, which stand alone. */
  readonly sentences: string[];
}

/**
 * Holds the input of an operation against the constraints of its service.
 * @param more complaints of the service's own (`complaintOf`)
 * @returns AWS's message of all that is wrong, or undefined
 */
export function brokenConstraints(
  { rules, required, showsAnchors }: ConstraintTable,
  operation: string,
  input: Readonly<Record<string, unknown>>,
  more: readonly string[] = [],
): string | undefined {
  const found: Found = { showsAnchors, constraints: [], sentences: [] };
  for (const name of required[operation] ?? []) {
    if (input[name] === undefined) found.constraints.push(complaintOf('null', lowerFirst(name), NOT_NULL));
  }
  for (const [name, value] of Object.entries(input)) {
    const rule = rules[`${operation}.${name}`] ?? rules[name];
    if (rule && value !== undefined) check(value, rule, lowerFirst(name), found);
  }
  const told = [...found.constraints, ...more].slice(0, COMPLAINTS_MAX);
  if (told.length === 0) return found.sentences[0];
  return `${told.length} validation error${told.length === 1 ? '' : 's'} detected: ${told.join('; ')}`;
}

/** One complaint in AWS's words. @param value as it is shown; undefined for one that must not be */
export const complaintOf = (value: string | undefined, place: string, problem: string): string =>
  `Value ${value === undefined ? '' : `${value} `}at '${place}' failed to satisfy constraint: ${problem}`;

/** A member as AWS's messages name it. */
export const lowerFirst = (name: string): string =>
  /^[A-Z]{2}/.test(name) ? name : name.charAt(0).toLowerCase() + name.slice(1);

const NOT_NULL = 'Member must not be null';

function check(value: unknown, rule: Rule, place: string, found: Found): void {
  const complain = (problem: string) =>
    found.constraints.push(complaintOf(holdsSecret(rule) ? undefined : shown(value), place, problem));
  if (found.constraints.length >= COMPLAINTS_MAX) return;
  const problem = value === null ? NOT_NULL : problemOf(value, rule);
  if (problem !== undefined) {
    complain(problem);
    return;
  }
  if (rule.pattern && !rule.pattern.test(value as string)) {
    if (rule.sentence) found.sentences.push(`The specified value for ${place} is invalid. ${rule.sentence}`);
    else complain(`Member must satisfy regular expression pattern: ${sourceOf(rule.pattern, found)}`);
  }
  if (rule.members) checkMembers(value as Readonly<Record<string, unknown>>, rule.members, place, found);
  if (rule.each && Array.isArray(value)) {
    for (const [i, entry] of value.slice(0, ENTRIES_CHECKED_MAX).entries()) {
      check(entry, rule.each, `${place}.${i + 1}.member`, found);
    }
  }
}

function checkMembers(
  value: Readonly<Record<string, unknown>>,
  members: NonNullable<Rule['members']>,
  place: string,
  found: Found,
): void {
  for (const [name, rule] of Object.entries(members)) {
    const at = `${place}.${lowerFirst(name)}`;
    if (value[name] !== undefined) check(value[name], rule, at, found);
    else if (rule.required) found.constraints.push(complaintOf('null', at, NOT_NULL));
  }
}

function problemOf(value: unknown, { min, max, values }: Rule): string | undefined {
  const isNumber = typeof value === 'number';
  if (isNumber && !Number.isInteger(value)) return 'Member must be an integer'; // the catalogue knows numbers alone
  const size = isNumber ? value : ((value as { readonly length?: number }).length ?? 0);
  const what = isNumber ? 'value' : 'length';
  if (min !== undefined && size < min) return `Member must have ${what} greater than or equal to ${min}`;
  if (max !== undefined && size > max) return `Member must have ${what} less than or equal to ${max}`;
  if (values && !values.includes(value as string)) return `Member must satisfy enum value set: [${values.join(', ')}]`;
  return undefined;
}

/** Lists and structures are shown whole. */
const holdsSecret = ({ secret, each, members = {} }: Rule): boolean =>
  secret === true || (each !== undefined && holdsSecret(each)) || Object.values(members).some(holdsSecret);

const sourceOf = ({ source }: RegExp, { showsAnchors }: Found): string =>
  showsAnchors ? source : source.replace(/^\^|\$$/g, '');

const shown = (value: unknown): string =>
  value === null
    ? 'null'
    : `'${(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, SHOWN_CHARS_MAX)}'`;
