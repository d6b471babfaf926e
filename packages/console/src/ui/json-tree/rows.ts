/** Steps from the root of a tree to a value in it. */
export type TreePath = readonly (string | number)[];

/** One line of a tree as it is shown. */
export interface TreeRow {
  readonly path: TreePath;
  /** The path as one text, by which a row is known. */
  readonly id: string;
  /** Name of the member or index of the item; undefined for the root. */
  readonly key: string | number | undefined;
  readonly depth: number;
  readonly value: unknown;
  /** `text` is text that holds JSON itself, such as a policy: it opens as what it holds. */
  readonly kind: 'object' | 'list' | 'text' | 'leaf';
  /** Members or items; 0 for leaves. */
  readonly count: number;
  /** Of a leaf: its text is shown in full, however long. */
  readonly isOpen: boolean;
}

/** Records nest less; what is deeper is shown as text. */
const DEPTH_MAX = 40;
/** Text that is looked at for JSON in it: CloudTrail's own limit of parameters. */
const EMBEDDED_CHARS_MAX = 100_000;

export const idOf = (path: TreePath): string => JSON.stringify(path);

export interface TreeView {
  /** Rows whose state the reader has changed. */
  readonly toggled: ReadonlySet<string>;
  /** Down to this depth rows are open unless toggled. */
  readonly openDepth: number;
  /** Only what holds this, and what leads there; '' for all. */
  readonly search: string;
  readonly rowsMax: number;
}

export interface TreeRows {
  readonly rows: readonly TreeRow[];
  /** There are more rows than `rowsMax`. */
  readonly isCut: boolean;
  /** Rows that hold what was searched. */
  readonly matchCount: number;
}

/** The rows of a value that are to be shown, from top to bottom. Keys stand in the record's own order. */
export function rowsOf(root: unknown, view: TreeView): TreeRows {
  const needle = view.search.trim().toLowerCase();
  const rows: TreeRow[] = [];
  let matchCount = 0;
  let isCut = false;

  /** @returns whether it, or something in it, is what is searched */
  const add = (value: unknown, path: TreePath, isWithin: boolean): boolean => {
    if (rows.length > view.rowsMax) {
      isCut = true;
      return false;
    }
    const row = rowOf(value, path, view);
    const isMatch = needle !== '' && matches(row, needle);
    const at = rows.push(row) - 1;
    let isShown = needle === '' || isWithin;
    const members = row.isOpen || needle !== '' ? membersOf(row) : [];
    for (const [key, member] of members) {
      const found = add(member, [...path, key], isWithin || (isMatch && row.isOpen));
      if (found) isShown = true;
    }
    // What stands within a text is found there; the text itself only where it is found nowhere within.
    if (isMatch || (!isShown && holdsInText(row, needle))) {
      matchCount++;
      isShown = true;
    }
    if (!isShown) rows.length = at;
    else if (rows.length > at + 1) rows[at] = { ...row, isOpen: true };
    return isShown;
  };

  for (const [key, member] of membersOf(rowOf(root, [], view))) add(member, [key], false);
  return { rows: rows.slice(0, view.rowsMax), isCut: isCut || rows.length > view.rowsMax, matchCount };
}

function rowOf(value: unknown, path: TreePath, { toggled, openDepth }: TreeView): TreeRow {
  const id = idOf(path);
  const { kind, count } = path.length > DEPTH_MAX ? LEAF : kindOf(value);
  // What stands in text is opened by the reader alone: the text itself is what was sent.
  const opensItself = path.length <= openDepth && (kind === 'object' || kind === 'list');
  const isOpen = opensItself !== toggled.has(id);
  return { path, id, key: path.at(-1), depth: path.length - 1, value, kind, count, isOpen };
}

const LEAF = { kind: 'leaf', count: 0 } as const;

function kindOf(value: unknown): Pick<TreeRow, 'kind' | 'count'> {
  if (Array.isArray(value)) return value.length === 0 ? LEAF : { kind: 'list', count: value.length };
  if (typeof value === 'object' && value !== null) {
    const count = Object.keys(value).length;
    return count === 0 ? LEAF : { kind: 'object', count };
  }
  const embedded = embeddedIn(value);
  return embedded === undefined ? LEAF : { kind: 'text', count: Object.keys(embedded).length };
}

function membersOf({ value, kind }: TreeRow): readonly (readonly [string | number, unknown])[] {
  if (kind === 'leaf') return [];
  const composite = kind === 'text' ? embeddedIn(value)! : (value as object);
  return Array.isArray(composite) ? composite.map((item, i) => [i, item] as const) : Object.entries(composite);
}

/** JSON that stands in a text, as policies do in records of IAM: also where it was percent-encoded. */
export function embeddedIn(value: unknown): object | undefined {
  if (typeof value !== 'string' || value.length < 2 || value.length > EMBEDDED_CHARS_MAX) return undefined;
  const text = /^%(7B|5B)/i.test(value) ? decoded(value) : value;
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && Object.keys(parsed).length > 0 ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function matches({ key, value, kind }: TreeRow, needle: string): boolean {
  if (String(key).toLowerCase().includes(needle)) return true;
  return kind === 'leaf' && printValue(value).toLowerCase().includes(needle);
}

const holdsInText = ({ kind, value }: TreeRow, needle: string): boolean =>
  needle !== '' && kind === 'text' && printValue(value).toLowerCase().includes(needle);

/** A value as it is copied: text as it is, all else as JSON. */
export const printValue = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value, undefined, 2) ?? 'undefined');
