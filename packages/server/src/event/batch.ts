import { isAscii } from 'node:buffer';
import { type AcceptOptions, eventFromBytes, headerFromRecord } from './accept.ts';
import type { NewEvent } from './event.ts';
import type { LooseRecord } from './lookup-keys.ts';
import { RECORD_BYTES_MAX, RECORD_DEPTH_MAX, type Refusal, sliceRecords } from './slice.ts';

/** `line` counts from 1: where the record, or what was refused, begins. */
export type BatchItem =
  | { readonly line: number; readonly event: NewEvent }
  | { readonly line: number; readonly refused: Refusal };

/**
 * The Events of a body, one at a time: what `sliceRecords` and `eventFromBytes` say of it. Lines that hold one ASCII
 * record each, as most senders write them, come by a way that takes two thirds of the time: text is made of the body
 * once, and JSON.parse tells whether a line is a record. From the first line that is anything else on it is the long way.
 */
export function* eventsOfBatch(body: Buffer, options: AcceptOptions): Generator<BatchItem> {
  const text = isAscii(body) ? body.toString('latin1') : '';
  let at = 0;
  let line = 1;
  for (; at < text.length; line++) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const record = recordIn(text.slice(at, end));
    if (!record) break;
    const json = body.subarray(at, end);
    const header = headerFromRecord(record, json, options);
    yield 'code' in header ? { line, refused: header } : { line, event: { header, json } };
    at = end + 1;
  }
  for (const slice of sliceRecords(body, at, line)) {
    yield 'refused' in slice ? slice : { line: slice.line, ...eventFromBytes(slice.json, options) };
  }
}

/** The record that a line is from its first to its last character; undefined when it is none, or may be something else. */
function recordIn(line: string): LooseRecord | undefined {
  if (line.length > RECORD_BYTES_MAX || line[0] !== '{' || line[line.length - 1] !== '}') return undefined;
  if (line[1] !== '"' || line[2] === 'R') return undefined; // nothing, or a log file: {"Records":[
  if (mayNestTooDeep(line)) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Fewer brackets cannot nest deeper. To find them takes a fifth of the time of looking at every character. */
function mayNestTooDeep(line: string): boolean {
  let brackets = 0;
  for (const bracket of BRACKETS) {
    for (let at = line.indexOf(bracket); at >= 0; at = line.indexOf(bracket, at + 1)) brackets++;
  }
  return brackets > RECORD_DEPTH_MAX;
}
const BRACKETS = ['{', '['];
