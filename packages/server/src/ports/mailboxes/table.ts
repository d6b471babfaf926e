import type { MessageEntry } from '../mailboxes.ts';

/** Entries beside each other: small enough to be moved at each removal, large enough that pages are few. */
const PAGE_ENTRIES = 512;

/** What is known of a message besides its body, which is elsewhere. */
export interface TableEntry<Place> extends MessageEntry {
  readonly place: Place;
}

/** The messages of a box in order of id. Ids mostly come in that order, and go from the front, but need not. */
class Box<Place> {
  readonly #pages: TableEntry<Place>[][] = [];
  count = 0;
  bytes = 0;

  find(id: number): TableEntry<Place> | undefined {
    const page = this.#pages[this.#pageOf(id)];
    const entry = page?.[positionIn(page, id)];
    return entry?.id === id ? entry : undefined;
  }

  /** One that is there is replaced. */
  set(entry: TableEntry<Place>): void {
    const at = this.#pageOf(entry.id);
    const page = this.#pages[at];
    this.count++;
    this.bytes += entry.bodyBytes;
    if (!page) {
      this.#pages.push([entry]);
      return;
    }
    const position = positionIn(page, entry.id);
    const known = page[position];
    if (known?.id === entry.id) {
      page[position] = entry;
      this.count--;
      this.bytes -= known.bodyBytes;
      return;
    }
    if (page.length < PAGE_ENTRIES) page.splice(position, 0, entry);
    else if (position === page.length) this.#pages.splice(at + 1, 0, [entry]);
    else {
      const half = page.splice(PAGE_ENTRIES / 2);
      this.#pages.splice(at + 1, 0, half);
      const target = entry.id < half[0]!.id ? page : half;
      target.splice(positionIn(target, entry.id), 0, entry);
    }
  }

  delete(id: number): TableEntry<Place> | undefined {
    const at = this.#pageOf(id);
    const page = this.#pages[at];
    const position = page ? positionIn(page, id) : 0;
    const entry = page?.[position];
    if (entry?.id !== id) return undefined;
    page!.splice(position, 1);
    if (page!.length === 0) this.#pages.splice(at, 1);
    this.count--;
    this.bytes -= entry.bodyBytes;
    return entry;
  }

  /** May be changed while it is read: what comes behind is seen, what has gone is not. */
  *after(id: number): Generator<TableEntry<Place>, void> {
    for (let last = id; ; ) {
      const at = this.#pageOf(last + 1);
      const page = this.#pages[at];
      const rest = page?.slice(positionIn(page, last + 1)) ?? [];
      const entries = rest.length > 0 ? rest : [...(this.#pages[at + 1] ?? [])];
      if (entries.length === 0) return;
      for (const entry of entries) {
        last = entry.id;
        if (this.find(last)) yield entry;
      }
    }
  }

  /** The last page that begins at or before `id`, or else the first. */
  #pageOf(id: number): number {
    let low = 0;
    let high = this.#pages.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#pages[middle]![0]!.id <= id) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Of the first entry that is not below `id`. */
function positionIn(page: readonly { readonly id: number }[], id: number): number {
  let low = 0;
  let high = page.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (page[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** All boxes in memory. Every operation on a message takes the logarithm of a box's size. */
export class MailboxTable<Place> {
  readonly #boxes = new Map<string, Box<Place>>();
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }
  /** Of all bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  find(path: string, id: number): TableEntry<Place> | undefined {
    return this.#boxes.get(path)?.find(id);
  }

  set(path: string, entry: TableEntry<Place>): void {
    const box = this.#boxes.get(path) ?? new Box<Place>();
    this.#boxes.set(path, box);
    const before = { count: box.count, bytes: box.bytes };
    box.set(entry);
    this.#count += box.count - before.count;
    this.#bytes += box.bytes - before.bytes;
  }

  delete(path: string, id: number): TableEntry<Place> | undefined {
    const box = this.#boxes.get(path);
    const entry = box?.delete(id);
    if (!entry) return undefined;
    this.#count--;
    this.#bytes -= entry.bodyBytes;
    if (box!.count === 0) this.#boxes.delete(path);
    return entry;
  }

  *entries(path: string, after = 0): Generator<TableEntry<Place>, void> {
    const box = this.#boxes.get(path);
    if (box) yield* box.after(after);
  }

  size(path: string): { readonly count: number; readonly bytes: number } {
    const { count, bytes } = this.#boxes.get(path) ?? { count: 0, bytes: 0 };
    return { count, bytes };
  }

  boxes(prefix: string): string[] {
    return [...this.#boxes.keys()].filter((path) => path.startsWith(prefix)).sort();
  }
}
