import { existsSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSearchFilter } from '../../event/search/index.ts';
import { Engine } from './engine.ts';
import type { LakeFile } from './manifest.ts';
import { filesThatMayMatch, sketchOf, writeSketch } from './sketch.ts';

const FILES = 40;
const ROWS = 500;

let directory: string;
let engine: Engine;
const file = (n: number): LakeFile => ({
  ...{ path: `${n}.parquet`, rows: ROWS, bytes: 0, largeBytes: 0, minMs: 0, maxMs: 0, first: 0, last: 0 },
});
const files = Array.from({ length: FILES }, (_, n) => file(n));

/** File `n` has the events `n`·ROWS and those after it, and one user of its own. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-sketch-'));
  engine = await Engine.open({ directory, temporary: join(directory, 'tmp'), threads: 1, memoryBytes: 1 << 28 });
  for (let n = 0; n < FILES; n++) {
    const columns = [
      "'event-' || i AS eventid",
      "'request-' || i AS requestid",
      'NULL::VARCHAR AS sharedeventid',
      `CASE WHEN i % 2 = 0 THEN 'everybody' ELSE 'user-${n}' END AS username`,
      "'' AS accesskeyid",
      `'half \ufffd' AS principalid`,
      "'192.0.2.1' AS sourceipaddress",
      "chr(31) || 'arn:' || i || chr(31) || 'with' || chr(30) || 'mark' || chr(31) AS resourcenames",
    ];
    const path = join(directory, `${n}.parquet`);
    await engine.run(
      `COPY (SELECT ${columns.join(', ')} FROM range(${n * ROWS}, ${(n + 1) * ROWS}) AS r(i)) TO '${path}' (FORMAT parquet)`,
    );
    await writeSketch(engine, path);
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const found = (filter: string) =>
  filesThatMayMatch(directory, files, parseSearchFilter(filter)).map(({ path }) => Number.parseInt(path, 10));
/** As many files more as one in fifty questions may need. */
const expectAbout = (numbers: readonly number[], wanted: readonly number[]) => {
  expect(numbers).toEqual(expect.arrayContaining([...wanted]));
  expect(numbers.length).toBeLessThanOrEqual(wanted.length + 3);
};

describe('sketches of files', () => {
  test('never hide a value, and seldom let one through that is not there', () => {
    let asked = 0;
    let vain = 0;
    for (let n = 0; n < FILES; n++) {
      for (const i of [n * ROWS, n * ROWS + 1, n * ROWS + ROWS - 1]) {
        for (const filter of [`eventId = event-${i}`, `requestID = request-${i}`, `resourceName = "arn:${i}"`]) {
          const numbers = found(filter);
          expect(numbers, filter).toContain(n);
          asked += FILES - 1;
          vain += numbers.length - 1;
        }
      }
    }
    expect(vain / asked).toBeLessThan(0.02);
  });

  test('are asked as far as the filter must hold a single value', () => {
    const all = files.map((_, n) => n);
    expectAbout(found('userName = user-7'), [7]);
    expectAbout(found('userName in (user-7, user-9)'), [7, 9]);
    expectAbout(found('eventId = event-1 or userName = user-9'), [0, 9]);
    expectAbout(found('userName = everybody and eventId = event-1 and errorCode exists'), [0]);
    expectAbout(found('userName = user-7 and userName = user-9'), []);
    expectAbout(found('userName = nobody'), []);
    expectAbout(found('not (not userName = user-7) and userName = user-7'), [7]);
    for (const filter of [
      ...['userName = everybody', 'userName != user-7', 'not userName = user-7', 'userName : user-7', 'user-7'],
      ...['userName = user-7 or errorCode exists', 'eventName = event-1', 'requestParameters.a = user-7'],
      'sourceIPAddress = 192.0.2.1',
    ])
      expect(found(filter), filter).toEqual(all);
    expect(filesThatMayMatch(directory, files, undefined)).toEqual(files);
  });

  test('know values as columns have them', () => {
    expect(found('principalId = "half \ud800"')).toHaveLength(FILES);
    expect(found('resourceName = "with\u001fmark"')).toHaveLength(FILES);
  });

  test('that are missing or damaged hide nothing', () => {
    rmSync(sketchOf(join(directory, '3.parquet')));
    truncateSync(sketchOf(join(directory, '4.parquet')), 33);
    expect(existsSync(join(directory, '3.parquet'))).toBe(true);
    expectAbout(found('userName = user-7'), [3, 4, 7]);
  });
});
