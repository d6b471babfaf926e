/**
 * Cuts a body into records without parsing it: NDJSON, `{"Records":[…]}` log files (compact or pretty), JSON arrays and
 * objects one after another. Each record comes out as its exact bytes. What stands between brackets is not judged here:
 * a slice is balanced, and whether it is JSON is for `eventFromBytes` to say.
 */
export interface Refusal {
  /** `MalformedJson`, `TruncatedRecord`, `RecordTooLarge`, `RecordTooDeep`, `NotARecord`, `InvalidEventTime`, `InvalidRegion`. */
  readonly code: string;
  readonly message: string;
}

/** `line` counts from 1: where the record, or what was refused, begins. */
export type Slice =
  | { readonly json: Buffer; readonly line: number }
  | { readonly refused: Refusal; readonly line: number };

/** CloudTrail's own largest record: 256 KB, or 1 MB in event data stores with large events (spec: records §2). */
export const RECORD_BYTES_MAX = 1024 * 1024;
/** Real records nest 11 deep at most; readers that walk a record recursively must survive what is let in here. */
export const RECORD_DEPTH_MAX = 128;

/**
 * The slices of a body that is in memory, one at a time, however many there are; `json` is a subarray of it.
 * @param from where a line begins that no record reaches into, and its number
 */
export function* sliceRecords(buffer: Buffer, from = 0, line = 1): Generator<Slice> {
  const slicer = new Slicer(line);
  const out: Slice[] = [];
  for (let i = from; i < buffer.length; ) {
    i = slicer.advance(buffer, i, out);
    yield* out;
    out.length = 0;
  }
  yield* slicer.end();
}

export interface RecordSlicer {
  /** The slices that end within this chunk. The chunk must not be changed while they are in use. */
  push(chunk: Buffer): Slice[];
  /** Call once after the last chunk: what was left open is refused. */
  end(): Slice[];
}

/** The incremental form, for streams; holds at most one record (`RECORD_BYTES_MAX`). */
export function createRecordSlicer(): RecordSlicer {
  return new Slicer(1);
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Bytes at which a run of plain content ends, in a string and outside of one. */
const ENDS_TEXT = table(QUOTE, BACKSLASH, NEWLINE);
const ENDS_PLAIN = table(QUOTE, NEWLINE, OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY);
const BLANK = table(SPACE, TAB, RETURN, NEWLINE);
/** What may stand between records: blanks, commas, and the byte order mark that some editors put first. */
const BETWEEN = table(SPACE, TAB, RETURN, NEWLINE, COMMA, 0xef, 0xbb, 0xbf);

/** What numbers, strings, `true`, `false` and `null` begin with, and what they are made of outside of quotes. */
const SCALAR_BEGIN = table(QUOTE, ...Buffer.from('-0123456789tfn'));
const SCALAR = table(QUOTE, ...Buffer.from('+-.0123456789abcdefghijklmnopqrstuvwxyzE'));

/** How a log file begins, behind its `{`. A record's first member is another, so two bytes mostly decide. */
const CONTAINER = Buffer.from('"Records":[');
/** Places in `CONTAINER` where blanks may stand, and those that are inside its string. */
const CONTAINER_BLANK = table(0, 9, 10);
const CONTAINER_TEXT = table(1, 2, 3, 4, 5, 6, 7, 8);

/** Said with whatever makes the scanner lose its way: there may be records in what it leaves out. */
const UNREAD = 'what follows is not read, up to a line that begins with { or [';

const EXPECTED = 'expected a record, which is a JSON object';

const NOTHING = Buffer.alloc(0);

/**
 * Where the scanner stands: between records; behind a `{` that opens a record or else a container; in a record; among
 * scalars in the place of records; behind a container's list; or lost after something malformed, until a line that
 * begins with a bracket.
 */
type Place = 'between' | 'probe' | 'record' | 'scalars' | 'tail' | 'lost';

class Slicer implements RecordSlicer {
  #place: Place = 'between';
  #list: 'none' | 'array' | 'container' = 'none';
  #listLine = 0;
  #line: number;
  /** Whether the chunk before ended a line. */
  #lineBegan = true;

  // The record that is open:
  #recordLine = 0;
  /** Where it begins in this chunk: 0 when it began in an earlier one. */
  #start = 0;
  /** Its bytes from earlier chunks (`#heldBytes` of them, unless it is too large to be kept). */
  #held = NOTHING;
  #heldBytes = 0;
  #probed = 0;
  #quoted = false;
  #escaped = false;
  /** Its open brackets, outermost first, as far as `RECORD_DEPTH_MAX`. */
  readonly #open = new Uint8Array(RECORD_DEPTH_MAX);
  #depth = 0;
  #depthMax = 0;

  constructor(line: number) {
    this.#line = line;
  }

  push(chunk: Buffer): Slice[] {
    const out: Slice[] = [];
    this.#start = 0;
    for (let i = 0; i < chunk.length; ) i = this.advance(chunk, i, out);
    if (this.#place === 'record' || this.#place === 'probe') this.#hold(chunk.subarray(this.#start));
    if (chunk.length > 0) this.#lineBegan = chunk[chunk.length - 1] === NEWLINE;
    return out;
  }

  end(): Slice[] {
    const out: Slice[] = [];
    if (this.#place === 'record' || this.#place === 'probe') {
      this.#refuse(out, 'TruncatedRecord', 'the input ends inside this record', this.#recordLine);
    } else if (this.#list !== 'none' && this.#place !== 'lost') {
      this.#refuse(out, 'TruncatedRecord', 'the input ends inside the list that begins here', this.#listLine);
    }
    return out;
  }

  /** One step from `i`; @returns where the next one begins. Adds at most a slice or two. */
  advance(chunk: Buffer, i: number, out: Slice[]): number {
    switch (this.#place) {
      case 'between':
        return this.#between(chunk, i, out);
      case 'probe':
        return this.#probe(chunk, i);
      case 'record':
        return this.#record(chunk, i, out);
      case 'scalars':
        return this.#scalars(chunk, i, out);
      case 'tail':
        return this.#tail(chunk, i, out);
      default:
        return this.#lost(chunk, i);
    }
  }

  #between(chunk: Buffer, from: number, out: Slice[]): number {
    const i = this.#skip(chunk, from, BETWEEN);
    if (i === chunk.length) return i;
    const byte = chunk[i];
    if (byte === OPEN_OBJECT) {
      this.#begin(i);
    } else if (byte === OPEN_ARRAY && this.#list === 'none') {
      this.#list = 'array';
      this.#listLine = this.#line;
    } else if (byte === CLOSE_ARRAY && this.#list !== 'none') {
      if (this.#list === 'container') this.#place = 'tail';
      else this.#list = 'none';
    } else if (SCALAR_BEGIN[byte!] && this.#list !== 'none') {
      this.#refuse(out, 'NotARecord', `${EXPECTED}; what comes before the next object is left out`, this.#line);
      this.#place = 'scalars';
      this.#quoted = false;
      return i;
    } else {
      this.#loseWay(out, 'MalformedJson', EXPECTED, this.#line);
      return i;
    }
    return i + 1;
  }

  /** Passes over scalars in a list, any number for one refusal: the records behind them are whole. */
  #scalars(chunk: Buffer, from: number, out: Slice[]): number {
    let i = this.#resume(from);
    for (; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (this.#quoted && byte === NEWLINE) {
        this.#loseWay(out, 'MalformedJson', 'the list breaks off inside a string', this.#line);
        return i;
      }
      if (byte === QUOTE) this.#quoted = !this.#quoted;
      else if (this.#quoted && byte === BACKSLASH) this.#escaped = ++i === chunk.length;
      else if (byte === NEWLINE) this.#line++;
      else if (!this.#quoted && !SCALAR[byte] && !BETWEEN[byte]) {
        this.#place = 'between';
        break;
      }
    }
    return Math.min(i, chunk.length);
  }

  /** Passes over what a backslash at the end of the last chunk escaped. */
  #resume(from: number): number {
    const skipped = this.#escaped ? 1 : 0;
    this.#escaped = false;
    return from + skipped;
  }

  #begin(i: number): void {
    this.#place = this.#list === 'none' ? 'probe' : 'record';
    this.#recordLine = this.#line;
    this.#start = i;
    this.#heldBytes = 0;
    this.#probed = 0;
    this.#quoted = false;
    this.#open[0] = OPEN_OBJECT;
    this.#depth = 1;
    this.#depthMax = 1;
  }

  #probe(chunk: Buffer, from: number): number {
    let i = from;
    while (i < chunk.length && this.#probed < CONTAINER.length) {
      if (chunk[i] === CONTAINER[this.#probed]) this.#probed++;
      else if (CONTAINER_BLANK[this.#probed] && BLANK[chunk[i]!]) this.#line += chunk[i] === NEWLINE ? 1 : 0;
      else {
        this.#place = 'record';
        this.#quoted = CONTAINER_TEXT[this.#probed] === 1;
        return i;
      }
      i++;
    }
    if (this.#probed === CONTAINER.length) {
      this.#place = 'between';
      this.#list = 'container';
      this.#listLine = this.#recordLine;
    }
    return i;
  }

  /** The hot loop: from inside a record to its end, or as far as the chunk goes. */
  #record(chunk: Buffer, from: number, out: Slice[]): number {
    const end = chunk.length;
    let i = this.#resume(from);
    while (i < end) {
      if (this.#quoted) {
        while (i < end && ENDS_TEXT[chunk[i]!] === 0) i++;
        if (i === end) break;
        if (chunk[i] === NEWLINE) {
          this.#loseWay(out, 'TruncatedRecord', 'the record breaks off inside a string', this.#recordLine);
          return i;
        }
        if (chunk[i] === QUOTE) this.#quoted = false;
        else if (++i === end) this.#escaped = true;
        i++;
        continue;
      }
      while (i < end && ENDS_PLAIN[chunk[i]!] === 0) i++;
      if (i === end) break;
      const byte = chunk[i]!;
      if (byte === QUOTE) this.#quoted = true;
      else if (byte === NEWLINE) this.#line++;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (!this.#mayOpen(chunk, i)) return this.#brokenOff(chunk, i, out);
        if (this.#depth < RECORD_DEPTH_MAX) this.#open[this.#depth] = byte;
        if (++this.#depth > this.#depthMax) this.#depthMax = this.#depth;
      } else {
        // The closing bracket of each kind stands two places after the opening one in ASCII.
        if (this.#depth <= RECORD_DEPTH_MAX && this.#open[this.#depth - 1] !== byte - 2) {
          this.#loseWay(out, 'MalformedJson', 'the brackets do not match', this.#recordLine);
          return i;
        }
        if (--this.#depth === 0) {
          this.#emit(chunk, i + 1, out);
          return i + 1;
        }
      }
      i++;
    }
    return end;
  }

  /** A value may begin after a colon, after `[`, or after a comma in a list: else the record broke off before. */
  #mayOpen(chunk: Buffer, i: number): boolean {
    const before = this.#significantBefore(chunk, i);
    if (before !== COMMA) return before === COLON || before === OPEN_ARRAY;
    return this.#depth > RECORD_DEPTH_MAX || this.#open[this.#depth - 1] === OPEN_ARRAY;
  }

  #significantBefore(chunk: Buffer, i: number): number {
    for (let at = i - 1; at >= this.#start; at--) if (!BLANK[chunk[at]!]) return chunk[at]!;
    if (this.#heldBytes > RECORD_BYTES_MAX) return COLON; // not held any more; it will be refused for its size
    for (let at = this.#heldBytes - 1; at >= 0; at--) if (!BLANK[this.#held[at]!]) return this.#held[at]!;
    return 0;
  }

  /** In NDJSON a record that was cut at a comma or value is followed by the next one: that one is whole. */
  #brokenOff(chunk: Buffer, i: number, out: Slice[]): number {
    if (chunk[i] !== OPEN_OBJECT || !this.#lineBegins(chunk, i)) {
      this.#loseWay(out, 'MalformedJson', 'a bracket opens where no value may stand', this.#recordLine);
      return i;
    }
    this.#refuse(out, 'TruncatedRecord', 'the record breaks off before the next one begins', this.#recordLine);
    this.#begin(i);
    return i + 1;
  }

  #emit(chunk: Buffer, end: number, out: Slice[]): void {
    this.#place = 'between';
    const line = this.#recordLine;
    const size = this.#heldBytes + end - this.#start;
    if (size > RECORD_BYTES_MAX) {
      this.#refuse(out, 'RecordTooLarge', `a record may have ${RECORD_BYTES_MAX} bytes, this one has ${size}`, line);
    } else if (this.#depthMax > RECORD_DEPTH_MAX) {
      this.#refuse(out, 'RecordTooDeep', `a record may nest ${RECORD_DEPTH_MAX} deep`, line);
    } else {
      const here = chunk.subarray(this.#start, end);
      const json = this.#heldBytes === 0 ? here : Buffer.concat([this.#held.subarray(0, this.#heldBytes), here]);
      out.push({ json, line });
    }
  }

  #tail(chunk: Buffer, from: number, out: Slice[]): number {
    const i = this.#skip(chunk, from, BLANK);
    if (i === chunk.length) return i;
    if (chunk[i] !== CLOSE_OBJECT) {
      this.#loseWay(out, 'MalformedJson', 'only "}" may follow the list of Records', this.#line);
      return i;
    }
    this.#place = 'between';
    this.#list = 'none';
    return i + 1;
  }

  #lost(chunk: Buffer, from: number): number {
    for (let i = from; i < chunk.length; ) {
      if (this.#lineBegins(chunk, i) && (chunk[i] === OPEN_OBJECT || chunk[i] === OPEN_ARRAY)) {
        this.#place = 'between';
        return i;
      }
      i = chunk.indexOf(NEWLINE, i) + 1;
      if (i === 0) break;
      this.#line++;
    }
    return chunk.length;
  }

  #loseWay(out: Slice[], code: string, message: string, line: number): void {
    this.#refuse(out, code, `${message}; ${UNREAD}`, line);
    this.#place = 'lost';
    this.#list = 'none';
  }

  #refuse(out: Slice[], code: string, message: string, line: number): void {
    out.push({ refused: { code, message }, line });
  }

  #lineBegins(chunk: Buffer, i: number): boolean {
    return i === 0 ? this.#lineBegan : chunk[i - 1] === NEWLINE;
  }

  #skip(chunk: Buffer, from: number, skipped: Uint8Array): number {
    let i = from;
    for (; i < chunk.length && skipped[chunk[i]!]; i++) if (chunk[i] === NEWLINE) this.#line++;
    return i;
  }

  /** Keeps the open record's bytes for the next chunk, in a buffer that doubles; past the limit only counts them. */
  #hold(bytes: Buffer): void {
    const size = this.#heldBytes + bytes.length;
    if (size <= RECORD_BYTES_MAX) {
      if (this.#held.length < size) {
        const larger = Buffer.allocUnsafe(Math.min(RECORD_BYTES_MAX, 2 * size));
        this.#held.copy(larger, 0, 0, this.#heldBytes);
        this.#held = larger;
      }
      bytes.copy(this.#held, this.#heldBytes);
    }
    this.#heldBytes = size;
  }
}

function table(...members: readonly number[]): Uint8Array {
  const flags = new Uint8Array(256);
  for (const m of members) flags[m] = 1;
  return flags;
}
