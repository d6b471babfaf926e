import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventFromBytes } from '../../event/accept.ts';
import { compileSearchFilter, parseSearchFilter, searchableEvent } from '../../event/search/index.ts';
import type { StoredEvent } from '../log.ts';
import { Engine, statement } from './engine.ts';
import { filterSql } from './filter-sql.ts';
import { Staging } from './staging.ts';

/** Members of requestParameters as a hostile or old-fashioned writer may spell them. */
const PARAMETERS = [
  '{"bucketName":"alpha/x"}',
  '{"bucketName":"\\u0061lph\\u0061\\/x"}',
  '{"bucketName":"ALPHA/X"}',
  '{"bucketName":"alpha\\u002fx-2"}',
  '{"items":[{"bucketName":"al\\u0070ha/x"},{"bucketName":"beta"}]}',
  '{"bucketName":"\\u00e9t\\u00e9"}',
  '{"bucketName":"été"}',
  '{"bucketName":"a\\"b\\\\c"}',
  '{"bucketName":"\\ud83e\\udd86"}',
  '{"bucketName":12.50}',
  '{"bucketName":true}',
  '{"bucketName":"\u212aelvin.+(x)"}',
  '{"bucketName":"kelvin.+(x)"}',
  '{"bucketName":"\u017fharp"}',
  '{"bucketName":"SHARP"}',
  '{"other":"alpha/x"}',
  '{"bucketN\\u0061me":"alpha/x"}',
  '{"it\\"s":"alpha/x","\\u00fc":1}',
];

let directory: string;
let engine: Engine;
const events: readonly StoredEvent[] = PARAMETERS.map((parameters, sequence) => {
  const json = `{"eventTime":"2026-11-21T00:00:00Z","eventName":"N","eventSource":"s","requestParameters":${parameters}}`;
  const made = eventFromBytes(Buffer.from(json), { fallbackAccountId: '123456789012' });
  if (!('event' in made)) throw new Error(made.refused.message);
  return { ...made.event, sequence, acceptedMs: 0 };
});

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-filter-'));
  engine = await Engine.open({ directory, temporary: join(directory, 'tmp'), threads: 1, memoryBytes: 1 << 28 });
  const staging = new Staging(await engine.ownConnection());
  await staging.createTable('events');
  await staging.add('events', events);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  ...[
    'requestParameters.bucketName = alpha/x',
    'requestParameters.bucketName : PHA/',
    'requestParameters.bucketName ^ Alph',
  ],
  ...['requestParameters.bucketName != alpha/x', 'not requestParameters.bucketName : alpha'],
  ...['requestParameters.items[*].bucketName = alpha/x', 'requestParameters.items[*].bucketName : ET'],
  ...['requestParameters.bucketName = été', 'requestParameters.bucketName : ÉT', 'requestParameters.bucketName = 🦆'],
  ...['requestParameters.bucketName = "a\\"b\\\\c"', 'requestParameters.bucketName = true'],
  ...[
    'requestParameters.bucketName in (alpha/x, true)',
    'requestParameters.bucketName ^ "KELVIN.+("',
    'requestParameters.bucketName ^ s',
    'requestParameters.bucketName ^ 12.5',
    'requestParameters.bucketName ^ É',
    'requestParameters.items[*].bucketName ^ AL',
    'requestParameters.items[0] ^ "{"',
    'requestParameters.ü ^ 1',
    'requestParameters.bucketName > 12',
    'requestParameters.bucketName exists',
    'not requestParameters.bucketName exists',
    'requestParameters."it\\"s" = alpha/x',
    'requestParameters.ü exists',
    'kElvin',
    '"KELVIN.+("',
    'sharp',
    'É',
    '"\\"bucketName\\":12"',
    '".50"',
    'not kelvin',
    '"it\'s" or harp',
  ],
])('%s finds in columns what it finds in records, however those are spelt', async (text) => {
  const filter = parseSearchFilter(text)!;
  const rows = await engine.rows<[bigint]>(
    statement((bind) => `SELECT sequence FROM events WHERE ${filterSql(filter, bind)} ORDER BY sequence`),
  );
  const holds = compileSearchFilter(filter);
  const expected = events
    .filter((event) => holds(searchableEvent(event.header, event.json)))
    .map(({ sequence }) => sequence);
  expect(expected.length).toBeGreaterThan(0);
  expect(rows.map(([sequence]) => Number(sequence))).toEqual(expected);
});
