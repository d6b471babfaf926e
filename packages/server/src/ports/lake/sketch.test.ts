import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSearchFilter } from '../../event/search/index.ts';
import { Engine } from './engine.ts';
import type { LakeFile } from './manifest.ts';
import { filesThatMayMatch, sketchOf, writeSketch } from './sketch.ts';

const FILES = 20;
const ROWS = 500;

let directory: string;
let engine: Engine;
const file = (n: number): LakeFile => ({
  ...{ path: `${n}.parquet`, rows: ROWS, bytes: 0, largeBytes: 0, minMs: 0, maxMs: 0, first: 0, last: 0 },
});
const files = Array.from({ length: FILES }, (_, n) => file(n));

/** File `n` has the events `n`·ROWS and those after it. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-sketch-'));
  engine = await Engine.open({ directory, temporary: join(directory, 'tmp'), threads: 1, memoryBytes: 1 << 28 });
  for (let n = 0; n < FILES; n++) {
    const columns = [
      "'event-' || i AS eventid",
      "'request-' || i AS requestid",
      "'half \ufffd' AS sharedeventid",
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

const found = async (filter: string) => {
  const may = await filesThatMayMatch(engine, directory, files, parseSearchFilter(filter));
  return may.map(({ path }) => Number.parseInt(path, 10));
};
/** As many files more as one in fifty questions may need. */
const expectAbout = (numbers: readonly number[], wanted: readonly number[]) => {
  expect(numbers).toEqual(expect.arrayContaining([...wanted]));
  expect(numbers.length).toBeLessThanOrEqual(wanted.length + 3);
};

describe('sketches of files', () => {
  test('never hide a value, and seldom let one through that is not there', async () => {
    let asked = 0;
    let vain = 0;
    for (let n = 0; n < FILES; n++) {
      for (const i of [n * ROWS, n * ROWS + 1, n * ROWS + ROWS - 1]) {
        for (const filter of [`eventId = event-${i}`, `requestID = request-${i}`, `resourceName = "arn:${i}"`]) {
          const numbers = await found(filter);
          expect(numbers, filter).toContain(n);
          asked += FILES - 1;
          vain += numbers.length - 1;
        }
      }
    }
    expect(vain / asked).toBeLessThan(0.02);
  });

  test('are asked as far as the filter must hold a single value', async () => {
    const all = files.map((_, n) => n);
    expectAbout(await found('eventId = event-3500'), [7]);
    expectAbout(await found('eventId in (event-3500, event-4500)'), [7, 9]);
    expectAbout(await found('eventId = event-1 or requestID = request-4500'), [0, 9]);
    expectAbout(await found('userName = everybody and eventId = event-1 and errorCode exists'), [0]);
    expectAbout(await found('eventId = event-3500 and eventId = event-4500'), []);
    expectAbout(await found('resourceName = nothing'), []);
    expectAbout(await found('not (not eventId = event-3500) and eventId = event-3500'), [7]);
    for (const filter of [
      ...[
        'userName = user-7',
        'eventId != event-3500',
        'not eventId = event-3500',
        'eventId : event-3500',
        'event-3500',
      ],
      ...['eventId = event-3500 or errorCode exists', 'eventName = event-1', 'requestParameters.a = event-3500'],
      'eventId exists',
    ])
      expect(await found(filter), filter).toEqual(all);
    expect(await filesThatMayMatch(engine, directory, files, undefined)).toEqual(files);
  });

  test('know values as columns have them', async () => {
    expect(await found('sharedEventID = "half \ud800"')).toHaveLength(FILES);
    expect(await found('resourceName = "with\u001fmark"')).toHaveLength(FILES);
  });

  test('that are missing or damaged hide nothing', async () => {
    rmSync(sketchOf(join(directory, '3.parquet')));
    truncateSync(sketchOf(join(directory, '4.parquet')), 33);
    writeFileSync(sketchOf(join(directory, '5.parquet')), Buffer.alloc(320)); // as of another way to hash
    expectAbout(await found('eventId = event-3500'), [3, 4, 5, 7]);
    for (const n of [3, 4, 5]) await writeSketch(engine, join(directory, `${n}.parquet`));
  });
});
