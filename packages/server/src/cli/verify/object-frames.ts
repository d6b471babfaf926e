import type { FetchedObject } from '../../verify/source.ts';

/** The line before an object says less than this: 2 KB of metadata, a key of 1 KB, and JSON's escapes. */
const HEAD_BYTES_MAX = 64 * 1024;
const NEWLINE = 0x0a;

interface Head {
  readonly Key: string;
  readonly Status: number;
  readonly Bytes: number;
  readonly Metadata?: Readonly<Record<string, string>>;
}

/**
 * Reads the answer to ReadObjects: of each object what it is, or undefined where it is refused.
 * @param bodyBytesMax larger objects are not taken
 * @throws Error when it is not such an answer, or ends early
 */
export async function* readObjectFrames(
  answer: AsyncIterable<Buffer>,
  bodyBytesMax: number,
): AsyncGenerator<FetchedObject | undefined> {
  let held: Buffer = Buffer.alloc(0);
  let head: Head | undefined;
  /** Parts of a body that is longer than what came at once. */
  let parts: Buffer[] = [];
  let missing = 0;
  for await (const part of answer) {
    let bytes = held.length === 0 ? part : Buffer.concat([held, part]);
    held = Buffer.alloc(0);
    while (bytes.length > 0 || (head && missing === 0)) {
      if (!head) {
        const end = bytes.indexOf(NEWLINE);
        if (end < 0) {
          if (bytes.length > HEAD_BYTES_MAX) throw new Error('the answer to ReadObjects has a head that does not end');
          held = bytes;
          break;
        }
        head = JSON.parse(bytes.toString('utf8', 0, end)) as Head;
        if (head.Bytes > bodyBytesMax) throw new Error(`the object ${head.Key} is larger than any log file`);
        missing = head.Bytes;
        parts = [];
        bytes = bytes.subarray(end + 1);
      }
      const taken = bytes.subarray(0, missing);
      if (taken.length > 0) parts.push(taken);
      missing -= taken.length;
      bytes = bytes.subarray(taken.length);
      if (missing > 0) break;
      yield objectOf(head, parts);
      head = undefined;
    }
  }
  if (head || held.length > 0) throw new Error('the answer to ReadObjects ended early');
}

function objectOf({ Status, Metadata = {} }: Head, parts: readonly Buffer[]): FetchedObject | undefined {
  if (Status !== 200) return undefined;
  return { body: parts.length === 1 ? parts[0]! : Buffer.concat(parts), metadata: Metadata };
}
