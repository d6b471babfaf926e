import { HASH_START, hashed } from './words.ts';

/**
 * Paths into records as texts, and as numbers while a group is made: of each step its name in quotes, and `[` for the
 * elements of a list, whichever. No path's text begins another's but where that leads into it.
 */
export const ELEMENTS = '[';
/** A path's text as its numbers begin: no steps. */
export const ROOT = 0;

/** Of a group. Records with more, such as have names for data, are kept by their words. */
export const PATHS_MAX = 8192;
const SLOTS = PATHS_MAX * 4;
const SLOT_SHIFT = 32 - Math.log2(SLOTS);
const MULTIPLIER = 0x9e3779b1;

/** Members that differ in each record. They would fill the dictionary with what is soon over, as times are. */
export const UNIQUE: readonly string[] = ['"eventID"', '"requestID"', '"sharedEventID"', '"eventTime"'];
/** So many of them are ids, whose parts are as rare as they are. */
export const IDS = 3;

export class LeafPaths {
  readonly #slots = new Int16Array(SLOTS).fill(-1);
  readonly #parents = new Int16Array(PATHS_MAX);
  readonly #hashes = new Int32Array(PATHS_MAX);
  readonly #steps: Buffer[] = [Buffer.alloc(0)];
  readonly #texts: string[] = [''];
  /** Of their texts. */
  readonly #textHashes = new Int32Array(PATHS_MAX).fill(HASH_START);
  /** Of a path, that of its elements; 0 when that is not known. */
  readonly #elements = new Int16Array(PATHS_MAX);
  /** Of each path, the one that a record had after it last, and of an object, its first one: mostly it is that again. */
  readonly #next = new Int16Array(PATHS_MAX);
  readonly #first = new Int16Array(PATHS_MAX);

  /**
   * The path of a member, if it is the one that came after the one before it the last time.
   * @param before ROOT when it is the first one. @returns 0 when it is not
   */
  guessed(parent: number, before: number, record: Uint8Array, from: number): number {
    const path = before === ROOT ? this.#first[parent]! : this.#next[before]!;
    const step = this.#steps[path]!;
    for (let i = 0; i < step.length; i++) if (step[i] !== record[from + i]) return 0;
    return path;
  }

  follows(parent: number, before: number, path: number): void {
    if (before === ROOT) this.#first[parent] = path;
    else this.#next[before] = path;
  }

  bytesOf(path: number): number {
    return this.#steps[path]!.length;
  }

  /**
   * The path one step on, whose text stands in a record, its quotes included.
   * @param hash of the step's bytes. @returns -1 when there are too many
   */
  child(parent: number, record: Uint8Array, from: number, to: number, hash: number): number {
    const mixed = Math.imul(hash ^ Math.imul(parent + 1, 0x85ebca6b), MULTIPLIER);
    let slot = mixed >>> SLOT_SHIFT;
    for (let path = this.#slots[slot]!; path >= 0; path = this.#slots[slot]!) {
      if (this.#hashes[path] === mixed && this.#parents[path] === parent && isAt(this.#steps[path]!, record, from, to))
        return path;
      slot = (slot + 1) % SLOTS;
    }
    const path = this.#steps.length;
    if (path === PATHS_MAX) return -1;
    this.#slots[slot] = path;
    this.#parents[path] = parent;
    this.#hashes[path] = mixed;
    const step = Buffer.from(record.subarray(from, to));
    this.#steps.push(step);
    this.#texts.push(this.#texts[parent]! + step.toString('latin1'));
    this.#textHashes[path] = step.reduce(hashed, this.#textHashes[parent]!);
    return path;
  }

  /** Of a path, that of its elements. @returns -1 when there are too many */
  elementsOf(path: number): number {
    this.#elements[path] ||= this.child(path, ELEMENT_BYTES, 0, 1, hashed(HASH_START, ELEMENT_BYTES[0]!));
    return this.#elements[path]!;
  }

  /** @returns the path of this text; -1 when there are too many */
  pathOf(text: string): number {
    let path = ROOT;
    for (const [step] of text.matchAll(/"[^"]*"|\[/g)) {
      const bytes = Buffer.from(step, 'latin1');
      path = step === ELEMENTS ? this.elementsOf(path) : this.child(path, bytes, 0, bytes.length, hashOf(bytes));
      if (path < 0) return -1;
    }
    return path;
  }

  /** As `hashOfPath` has it of the path's text. */
  hashOf(path: number): number {
    return this.#textHashes[path]!;
  }

  textOf(path: number): string {
    return this.#texts[path]!;
  }
}

export const hashOfPath = (text: string): number => Buffer.from(text, 'latin1').reduce(hashed, HASH_START);

const ELEMENT_BYTES = Buffer.from(ELEMENTS);

/** As `scanLeaves` hashes names and values: all but the quote that ends them. */
export function hashOf(token: Uint8Array): number {
  let hash = HASH_START;
  const end = token[token.length - 1] === 0x22 ? token.length - 1 : token.length;
  for (let i = 0; i < end; i++) hash = hashed(hash, token[i]!);
  return hash;
}

function isAt(step: Uint8Array, record: Uint8Array, from: number, to: number): boolean {
  if (step.length !== to - from) return false;
  for (let i = 0; i < step.length; i++) if (step[i] !== record[from + i]) return false;
  return true;
}
