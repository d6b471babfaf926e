import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { LogEvent } from '../history/sealed-events.ts';
import { encodeEvent, FIRST_OF_WRITE, LAST_OF_BATCH } from '../log/frame.ts';
import { encodeRawHeader, RAW_HEADER_BYTES, segmentName } from '../log/raw-reader.ts';
import { sampleEvent } from '../log/sample.ts';
import { writeSealed } from '../log/sealed.ts';
import { LogReader, type LogView } from './log-reader.ts';

const root = mkdtempSync(join(tmpdir(), 'opentrail-log-reader-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

/** A Log of these sealed segments, each of so many events, and a raw one in the end. */
function logOf(segments: readonly number[]): { readonly directory: string; readonly view: LogView } {
  const directory = join(root, String(folders++));
  mkdirSync(directory);
  let end = 0;
  let raw: LogView['raw'] = [];
  for (const [i, count] of segments.entries()) {
    const path = join(directory, segmentName(end, 'wal'));
    const bytes = writeRaw(path, end, count);
    if (i < segments.length - 1) {
      writeSealed(path, join(directory, segmentName(end, 'seg')), bytes);
      rmSync(path);
    } else raw = [{ first: end, path, bytes }];
    end += count;
  }
  return { directory, view: { start: 0, end, raw } };
}

function writeRaw(path: string, first: number, count: number): number {
  const bytes = Buffer.alloc(100_000 + count * 1_000);
  let at = RAW_HEADER_BYTES;
  encodeRawHeader({ first, seed: 7 }).copy(bytes);
  for (let i = first; i < first + count; i++)
    at = encodeEvent(bytes, at, sampleEvent(i, (i * 37) % 300), 0, FIRST_OF_WRITE | LAST_OF_BATCH, 7);
  writeFileSync(path, bytes.subarray(0, at));
  return at;
}

const about = ({ sequence, header, json }: LogEvent) => ({ sequence, header, json: `${json}` });

test('all events come once and in order, in batches of any size, and again from where it is set back to', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 9_000 }), fc.nat(), (segments, bytesMax, place) => {
      const { directory, view } = logOf(segments);
      const all = Array.from({ length: view.end }, (_, i) => ({ sequence: i, ...sampleEvent(i, (i * 37) % 300) }));
      const reader = new LogReader(directory, 0);
      const rest = () => {
        const read: LogEvent[] = [];
        for (let some = reader.read(view, bytesMax); some.length > 0; some = reader.read(view, bytesMax)) {
          const before = some.slice(0, -1).reduce((sum, { json }) => sum + json.length, 0);
          expect(before).toBeLessThan(bytesMax);
          read.push(...some);
        }
        return read.map(about);
      };
      expect(rest()).toEqual(all.map(about));
      reader.back(place % view.end);
      expect(rest()).toEqual(all.slice(place % view.end).map(about));
      reader.close();
    }),
    { numRuns: 40 },
  );
});

test('a damaged segment is told of, and one that is gone is waited for', () => {
  const { directory, view } = logOf([50, 50]);
  const path = join(directory, segmentName(0, 'seg'));
  truncateSync(path, 200);
  expect(() => new LogReader(directory, 0).read(view, 1e6)).toThrow(path);
  rmSync(path);
  expect(new LogReader(directory, 0).read(view, 1e6)).toEqual([]);
});
