import { RECORD_MEMBERS, SEARCH_FIELDS, type SearchField } from './fields.ts';
import { NESTING_MAX, refuse } from './filter.ts';

/** A step into a record: a member of an object, an element of a list, or every element of it. */
export type PathStep = { readonly name: string } | { readonly index: number } | { readonly each: true };

/** What a filter's `field` names. `name` is the one way to write it. */
export type FieldReference =
  | { readonly name: string; readonly field: SearchField }
  | { readonly name: string; readonly path: readonly PathStep[] };

const lowerCased = <T>(entries: readonly (readonly [string, T])[]): ReadonlyMap<string, T> =>
  new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));

const FIELDS = lowerCased(SEARCH_FIELDS.map((field) => [field.name, field]));
const MEMBERS = lowerCased(RECORD_MEMBERS.map((name) => [name, name]));
const ALL_NAMES = lowerCased([...RECORD_MEMBERS, ...SEARCH_FIELDS.map(({ name }) => name)].map((name) => [name, name]));

/** A step in quotes is taken as it stands; others hold nothing that an operator or a list begins with. */
const STEP = String.raw`(?:"(?:[^"\\]|\\.)*"|[^\s()"',=!:^<>.[\]]+)`;
/** What may be a field's name, if an operator follows. */
export const FIELD = new RegExp(String.raw`${STEP}(?:\.${STEP}|\[\d{1,6}\]|\[\*\])*`, 'y');
const NEXT_STEP = new RegExp(String.raw`\.?(${STEP})|\[(\d+|\*)\]`, 'y');
const BARE_STEP = /^[^\s()"',=!:^<>.[\]]+$/;

/**
 * Reads a field as filters name it: `userName` in any case, `requestParameters.tagSet[*].key`,
 * `requestParameters."x-amz:acl"`.
 * @param position where it stands in the filter
 * @throws PatternError for what names nothing, with what may be meant
 */
export function resolveField(text: string, position = 0): FieldReference {
  const path = stepsOf(text, position);
  const [first, ...rest] = path;
  if (first === undefined || !('name' in first)) return refuse(`${JSON.stringify(text)} is no field`, position);
  if (text.startsWith('"')) return { name: printPath(path, true), path };
  const own = rest.length === 0 ? FIELDS.get(first.name.toLowerCase()) : undefined;
  if (own) return { name: own.name, field: own };
  const member = MEMBERS.get(first.name.toLowerCase());
  if (member === undefined) return refuse(unknownField(first.name, rest.length > 0), position);
  const known = [{ name: member }, ...rest];
  const same = rest.length === 0 ? FIELD_OF_MEMBER.get(member) : undefined;
  return same ? { name: same.name, field: same } : { name: printPath(known, false), path: known };
}

/** `requestID` is another name of requestId. */
const FIELD_OF_MEMBER: ReadonlyMap<string, SearchField> = new Map(
  SEARCH_FIELDS.flatMap((field) => (field.path?.length === 1 ? [[field.path[0]!, field] as const] : [])),
);

function stepsOf(text: string, position: number): readonly PathStep[] {
  const steps: PathStep[] = [];
  for (let at = 0; at < text.length; at = NEXT_STEP.lastIndex) {
    NEXT_STEP.lastIndex = at;
    const [, name, index] = NEXT_STEP.exec(text) ?? refuse(`${JSON.stringify(text)} is no field`, position);
    if (name !== undefined) steps.push({ name: name.startsWith('"') ? readQuotes(name, position + at) : name });
    else steps.push(index === '*' ? { each: true } : { index: Number(index) });
    if (steps.length > NESTING_MAX) refuse(`a field may have ${NESTING_MAX} steps`, position);
  }
  return steps;
}

/** Text in quotes, as JSON has it; line breaks and tabs may stand in it as they are. */
export function readQuotes(quoted: string, position: number): string {
  try {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON takes none in its strings
    return JSON.parse(quoted.replace(/[\u0000-\u001f]/g, (c) => JSON.stringify(c).slice(1, -1))) as string;
  } catch {
    return refuse('a backslash in quotes is written twice: "C:\\\\Temp"', position);
  }
}

function printPath(path: readonly PathStep[], isQuoted: boolean): string {
  return path
    .map((step, i) => {
      if (!('name' in step)) return `[${'each' in step ? '*' : step.index}]`;
      const quote = (i === 0 && isQuoted) || !BARE_STEP.test(step.name);
      return `${i === 0 ? '' : '.'}${quote ? JSON.stringify(step.name) : step.name}`;
    })
    .join('');
}

/** The field of a path into a record, such as a viewer of records knows it. Steps are names and indexes of lists. */
export function fieldOfPath(path: readonly (string | number)[]): string {
  const steps = path.map((step): PathStep => (typeof step === 'string' ? { name: step } : { index: step }));
  const isMember = typeof path[0] === 'string' && RECORD_MEMBERS.includes(path[0]);
  return resolveField(printPath(steps, !isMember)).name;
}

function unknownField(name: string, isPath: boolean): string {
  const isLong = name.length > NAME_CHARS_MAX;
  const near = isLong ? undefined : nearest(name.toLowerCase(), isPath ? MEMBERS : ALL_NAMES);
  const shown = JSON.stringify(isLong ? `${name.slice(0, NAME_CHARS_MAX)}…` : name);
  const meant = near === undefined ? '.' : `; did you mean ${near}?`;
  return `${shown} is no field${meant} Text with such characters stands in double quotes.`;
}

/** Longer than any name that could be meant. */
const NAME_CHARS_MAX = 40;
/** Typing errors that are forgiven. */
const TYPING_ERRORS_MAX = 3;

function nearest(name: string, among: ReadonlyMap<string, string>): string | undefined {
  const near = [...among].map(([key, meant]) => ({ meant, distance: editDistance(name, key) }));
  const best = near.sort((a, b) => a.distance - b.distance)[0]!;
  return best.distance > Math.min(TYPING_ERRORS_MAX, name.length / 2) ? undefined : best.meant;
}

/** How many characters are added, left out or changed (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
