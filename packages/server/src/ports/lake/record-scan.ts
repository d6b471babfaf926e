/**
 * Finds the values of a record that the lake has columns for, in its bytes: as fast as JavaScript can look at each byte
 * once, a third of what JSON.parse takes. It relies on the record being JSON, as all of the Log are, and gives up on
 * what is not compact.
 */

/** A member that is looked for, by the columns that it goes to. */
export interface Member {
  readonly name: string;
  /** The column of its text. */
  readonly text?: number;
  /** The column of its JSON. */
  readonly json?: number;
  /** What is looked for within it. */
  readonly members?: Members;
}

/** By `keyOf` their names. */
export type Members = ReadonlyMap<number, Member>;

export interface Found {
  /** A value stands from `start` to `end`. @param escaped whether it has a backslash in it */
  found(member: Member, start: number, end: number, escaped: boolean): void;
}

/** @param columns paths (without the `$.`) of columns that take text, and of those that take JSON, by their number */
export function membersOf(
  columns: readonly { readonly path: string; readonly text?: number; readonly json?: number }[],
) {
  const members = new Map<number, Member>();
  for (const name of new Set(columns.map(({ path }) => path.split('.')[0]!))) {
    const { text, json } = Object.assign({}, ...columns.filter(({ path }) => path === name)) as Partial<Member>;
    const deeper = columns
      .filter(({ path }) => path.startsWith(`${name}.`))
      .map((column) => ({ ...column, path: column.path.slice(name.length + 1) }));
    const key = keyOf(Buffer.from(name), 0, name.length);
    if (members.has(key)) throw new Error(`${name} and ${members.get(key)?.name} have the same key`);
    members.set(key, {
      name,
      ...(text !== undefined && { text }),
      ...(json !== undefined && { json }),
      ...(deeper.length > 0 && { members: membersOf(deeper) }),
    });
  }
  return members as Members;
}

/** Few enough bytes to be fast; `membersOf` makes sure that they tell its names apart. */
function keyOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  return ((length & 0x7f) << 24) | (bytes[start]! << 16) | (bytes[start + (length >> 1)]! << 8) | bytes[end - 1]!;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What bytes mean outside of strings. */
const [PLAIN, STRING, OPEN, CLOSE, BLANK] = [0, 1, 2, 3, 4];
const MEANING = new Uint8Array(256);
for (const character of '"') MEANING[character.charCodeAt(0)] = STRING;
for (const character of '[{') MEANING[character.charCodeAt(0)] = OPEN;
for (const character of ']}') MEANING[character.charCodeAt(0)] = CLOSE;
for (const character of ' \t\r\n') MEANING[character.charCodeAt(0)] = BLANK;

const ODD = -1;

interface Scan extends Found {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly isPlain: boolean;
  /** Whether there was a backslash since it was last cleared. */
  escaped: boolean;
}

/**
 * Tells `found` of each member that is looked for, in the order in which they end.
 * @param isPlain whether JSON.stringify wrote it, so that no name that is looked for is written with escapes
 * @returns false when the record has to be read in another way; some members may have been told of
 */
export function scanRecord(
  { bytes, start, end, isPlain }: { bytes: Uint8Array; start: number; end: number; isPlain: boolean },
  members: Members,
  found: Found,
): boolean {
  const scan: Scan = { bytes, end, isPlain, escaped: false, found: found.found.bind(found) };
  return bytes[start] === OPEN_OBJECT && scanObject(scan, start, members) === end;
}

/** @returns where the object that begins at `from` ends, or `ODD` */
function scanObject(scan: Scan, from: number, members: Members): number {
  const { bytes } = scan;
  let escaped = false;
  let at = from + 1;
  if (bytes[at] === CLOSE_OBJECT) return at + 1;
  for (;;) {
    const nameEnd = bytes[at] === QUOTE ? endOfName(scan, at + 1) : ODD;
    if (nameEnd === ODD || bytes[nameEnd + 1] !== COLON) return ODD;
    const member = memberAt(members, bytes, at + 1, nameEnd);
    const start = nameEnd + 2;
    scan.escaped = false;
    at =
      member?.members && bytes[start] === OPEN_OBJECT
        ? scanObject(scan, start, member.members)
        : endOfValue(scan, start);
    if (at === ODD) return ODD;
    if (member) scan.found(member, start, at, scan.escaped);
    escaped ||= scan.escaped;
    scan.escaped = escaped;
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    if (bytes[at] !== COMMA) return ODD;
    at++;
  }
}

function memberAt(members: Members, bytes: Uint8Array, start: number, end: number): Member | undefined {
  const member = members.get(keyOf(bytes, start, end));
  if (member === undefined) return undefined;
  const { name } = member;
  if (name.length !== end - start) return undefined;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name.charCodeAt(i)) return undefined;
  return member;
}

/** @param from behind the quote that opens it. @returns where the one that closes it is */
function endOfName({ bytes, end, isPlain }: Scan, from: number): number {
  let at = from;
  for (; at < end && bytes[at] !== QUOTE; at++) {
    if (bytes[at] !== BACKSLASH) continue;
    if (!isPlain) return ODD;
    at++;
  }
  return at;
}

function endOfValue(scan: Scan, from: number): number {
  const { bytes, end } = scan;
  const first = bytes[from];
  if (first === QUOTE) return endOfString(scan, from + 1);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return endOfNested(scan, from + 1);
  let at = from;
  for (; at < end && bytes[at] !== COMMA && bytes[at] !== CLOSE_OBJECT; at++)
    if (MEANING[bytes[at]!] === BLANK) return ODD;
  return at;
}

/** @param from behind the quote that opens it */
function endOfString(scan: Scan, from: number): number {
  const { bytes, end } = scan;
  let at = from;
  while (at < end && bytes[at] !== QUOTE) {
    if (bytes[at] === BACKSLASH) {
      scan.escaped = true;
      at++;
    }
    at++;
  }
  return at < end ? at + 1 : ODD;
}

/** @param from behind the bracket that opens it */
function endOfNested(scan: Scan, from: number): number {
  const { bytes, end } = scan;
  let depth = 1;
  let at = from;
  while (at < end) {
    const meaning = MEANING[bytes[at]!];
    if (meaning === PLAIN) at++;
    else if (meaning === STRING) {
      at = endOfString(scan, at + 1);
      if (at === ODD) return ODD;
    } else if (meaning === BLANK) return ODD;
    else {
      depth += meaning === OPEN ? 1 : -1;
      at++;
      if (depth === 0) return at;
    }
  }
  return ODD;
}
