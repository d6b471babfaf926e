import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoredEvent } from '../log.ts';
import { COLUMNS, JSON_COLUMNS, TEXT_COLUMNS } from './columns.ts';
import { Staging } from './staging.ts';
import { CHUNK_ROWS } from './text-rows.ts';

const word = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'twelve bytes',
    'thirteen byte',
    'ü',
    'ÜBER ÜBER ÜBER',
    '🦆🦆🦆🦆',
    'a\u0000b',
    '"',
    '\\',
    '{',
    '\ud800',
    '}],',
  ),
  fc.string({ maxLength: 40 }),
);
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    { weight: 5, arbitrary: word },
    fc.constantFrom(null, true, false, 0, -3, 12.5, 1e21, 1e-7, [], {}),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(word, tie('any'), { maxKeys: 3 }),
  ),
})).any;

const named = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      'eventVersion',
      'errorCode',
      'eventType',
      'userAgent',
      'requestParameters',
      'resources',
      'tlsDetails',
    ),
    fc.constantFrom('userIdentity', 'sourceIPAddress', 'requestID', 'errorcode', 'eventTypf'),
    word,
  ),
  value,
);
const identity = fc.record(
  {
    type: value,
    arn: value,
    sessionContext: fc.oneof(
      value,
      fc.record({ sessionIssuer: fc.oneof(value, fc.record({ arn: value, type: value })) }),
    ),
  },
  { requiredKeys: [] },
);
const records = fc
  .tuple(named, fc.option(identity), fc.constantFrom(0, 0, 0, 2))
  .map(([record, userIdentity, space]) => {
    const text = JSON.stringify(userIdentity ? { ...record, userIdentity } : record, null, space);
    return space ? ` ${text}\n` : text;
  });

function eventOf(sequence: number, json: string, name = 'n'): StoredEvent {
  const header = {
    timeMs: 1_700_000_000_000 + sequence,
    accountId: '111111111111',
    region: '',
    category: 'Data' as const,
    readOnly: sequence % 2 ? false : undefined,
    eventId: `id-${sequence}`,
    eventName: name,
    eventSource: 's3.amazonaws.com',
    username: '',
    accessKeyId: '',
    resources: [
      ['T', 'x'],
      ['T', 'y'],
      ['', ''],
    ] as const,
  };
  return { sequence, acceptedMs: 0, header, json: Buffer.from(json) };
}

/** Without halves of characters. */
const wellFormed = (text: string) => Buffer.from(text).toString();
const mended = (text: string) => wellFormed(text.replace(/\\ud[89a-f]../g, '\ufffd'));
const compact = (found: unknown) => (found == null ? null : mended(JSON.stringify(found)));

function textAt(record: unknown, path: string): string | null {
  let at = record as Record<string, unknown> | undefined;
  for (const name of path.slice(2).split('.'))
    at = (
      typeof at === 'object' && at !== null && !Array.isArray(at) && Object.hasOwn(at, name) ? at[name] : undefined
    ) as typeof at;
  return typeof at === 'string' ? wellFormed(at) || null : compact(at);
}

async function staged(batches: readonly (readonly StoredEvent[])[]) {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const staging = new Staging(connection);
  await staging.createTable('fresh');
  for (const events of batches) await staging.add('fresh', events);
  const read = async (columns: readonly string[]) =>
    (await connection.runAndReadAll(`SELECT ${columns.join(', ')} FROM fresh ORDER BY sequence`)).getRowsJS();
  return { connection, staging, read };
}

test('columns are what the record says, however it is written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(records, { minLength: 1, maxLength: 60 }), async (list) => {
      const { connection, read } = await staged([list.map((json, i) => eventOf(i, json))]);
      const texts = await read(Object.keys(TEXT_COLUMNS));
      const parts = await read(Object.keys(JSON_COLUMNS));
      const whole = await read(['eventjson']);
      list.forEach((json, i) => {
        const record = JSON.parse(json) as Record<string, unknown>;
        expect(whole[i]).toEqual([json]);
        expect(texts[i]).toEqual(Object.values(TEXT_COLUMNS).map((path) => textAt(record, path)));
        expect(parts[i]).toEqual(
          Object.values(JSON_COLUMNS).map((name) => compact(Object.hasOwn(record, name) ? record[name] : null)),
        );
      });
      connection.closeSync();
    }),
    { numRuns: 40 },
  );
});

test('DuckDB can read all JSON that is in columns, numbers as the record has them', async () => {
  const json = `{"requestParameters":{"n":[1.50,1e999,-0,${'9'.repeat(400)}],"a":1,"a":2},"errorCode":1.0,"errorCode":2,"userIdentity":"\\ud83d"}`;
  const { read } = await staged([[eventOf(0, json)]]);
  expect(
    await read([
      "json_extract_string(requestparameters, '$.n[1]')",
      "json_extract_string(requestparameters, '$.a')",
      'errorcode',
      'useridentity',
    ]),
  ).toEqual([['1e999', '1', '1.0', '"\ufffd"']]);
});

test('headers, and rows of more than one chunk, keep their places', async () => {
  const long = 'x'.repeat(1_000_000);
  const events = Array.from({ length: CHUNK_ROWS + 10 }, (_, i) =>
    eventOf(i, i % 500 ? '{}' : `{"userAgent":"${long}${i}"}`, `name-${'y'.repeat(i % 20)}`),
  );
  const { read } = await staged([events.slice(0, 1), events.slice(1)]);
  expect(await read(COLUMNS.slice(0, 13))).toEqual(
    events.map(({ sequence, header }) => [
      BigInt(sequence),
      new Date(header.timeMs),
      header.accountId,
      header.eventName,
      header.eventSource,
      null,
      'Data',
      sequence % 2 ? 'false' : null,
      header.eventId,
      null,
      null,
      '\u001fT\u001f',
      '\u001fx\u001fy\u001f',
    ]),
  );
  expect((await read(['useragent'])).flat()).toEqual(events.map((_, i) => (i % 500 ? null : `${long}${i}`)));
});

test('what is no JSON at all goes in without columns; a batch that fails leaves nothing', async () => {
  const { read, staging } = await staged([[eventOf(0, 'no JSON'), eventOf(1, '{"errorCode":"a"}x')]]);
  await expect(staging.add('gone', [eventOf(2, '{}')])).rejects.toThrow();
  await staging.add('fresh', [eventOf(2, '{"errorCode":"b"}')]);
  expect(await read(['sequence', 'errorcode'])).toEqual([
    [0n, null],
    [1n, null],
    [2n, 'b'],
  ]);
});

test('a name that is written with escapes is found', async () => {
  const { read } = await staged([[eventOf(0, '{"error\\u0043ode":"a","\\u0001":1}')]]);
  expect(await read(['errorcode'])).toEqual([['a']]);
});
