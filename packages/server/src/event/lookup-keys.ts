import { LOOKUP_RESOURCES } from './conventions/lookup-resources.ts';

/** A parsed record of any origin: nothing about its members is certain. */
export type LooseRecord = Readonly<Record<string, unknown>>;

/** What LookupEvents shows of a record and finds it by, besides its own fields (spec: history §3). */
export interface LookupKeys {
  /** '' when there is none. */
  readonly username: string;
  readonly accessKeyId: string;
  /** [type, name]; the type is '' when it is not known. */
  readonly resources: readonly (readonly [string, string])[];
}

/** LookupAttributes take values of at most 2,000 characters: a longer one could not be asked for. */
const RESOURCE_NAME_CHARS_MAX = 2_000;
/** The header's own limit; real records stay below 20. */
const RESOURCES_MAX = 255;

/** Derives the keys. Total: odd shapes give empty keys, never an error. */
export function lookupKeys(record: LooseRecord): LookupKeys {
  const identity = objectOf(record.userIdentity);
  return {
    username: usernameOf(identity),
    accessKeyId: text(identity.accessKeyId),
    resources: resourcesOf(record),
  };
}

/** AWS documents "user or role name"; in practice a role's Username is its session name. */
function usernameOf(identity: LooseRecord): string {
  switch (identity.type) {
    case 'Root':
      return 'root';
    case 'AssumedRole':
    case 'FederatedUser':
      return after(text(identity.arn), '/') || after(text(identity.principalId), ':') || text(identity.userName);
    default:
      return text(identity.userName);
  }
}

interface Rule {
  readonly side: 'requestParameters' | 'responseElements';
  /** The path below it: its first member, and the rest. */
  readonly first: string;
  readonly rest: readonly string[];
  readonly type: string;
}

const RULES: ReadonlyMap<unknown, readonly Rule[]> = new Map(
  Object.entries(LOOKUP_RESOURCES).map(([source, rules]) => [
    source,
    Object.entries(rules).map(([path, type]): Rule => {
      const [side, first, ...rest] = path.split('.');
      return { side: side === 'q' ? 'requestParameters' : 'responseElements', first: first!, rest, type };
    }),
  ]),
);

/** What the call names, then what the record lists itself (`resources`), each pair once. */
function resourcesOf(record: LooseRecord): [string, string][] {
  const found: [string, string][] = [];
  const add = (type: string, name: unknown): void => {
    if (typeof name !== 'string' || name === '' || name.length > RESOURCE_NAME_CHARS_MAX) return;
    if (found.length < RESOURCES_MAX && !found.some(([t, n]) => n === name && t === type)) found.push([type, name]);
  };
  // A service has dozens of rules, and a call what one or two of them name.
  const sides = {
    requestParameters: objectOf(record.requestParameters),
    responseElements: objectOf(record.responseElements),
  };
  for (const { side, first, rest, type } of RULES.get(record.eventSource) ?? []) {
    const value = sides[side][first];
    if (value !== undefined) walk(value, rest, 0, (name) => add(type, name));
  }
  if (Array.isArray(record.resources)) {
    for (const entry of record.resources) {
      const { type, ARN, ARNPrefix } = objectOf(entry);
      add(text(type), ARN ?? ARNPrefix);
    }
  }
  return found;
}

/** Follows `path`, through every element of a list on the way. Lists in lists are not followed: none occur. */
function walk(value: unknown, path: readonly string[], depth: number, found: (leaf: unknown) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) if (!Array.isArray(item)) walk(item, path, depth, found);
  } else if (depth === path.length) {
    found(value);
  } else if (typeof value === 'object' && value !== null) {
    walk((value as LooseRecord)[path[depth]!], path, depth + 1, found);
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const after = (s: string, separator: string): string => s.slice(s.lastIndexOf(separator) + 1 || s.length);
export const objectOf = (value: unknown): LooseRecord =>
  typeof value === 'object' && value !== null ? (value as LooseRecord) : {};
