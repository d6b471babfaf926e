import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, run, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { signedFetch } from './support/sdk.ts';
import { linesOf, OPERATOR, record, searching } from './support/search.ts';

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;

let server: RunningOpenTrail;
let folder: string;
const on = () => searching(server);

beforeAll(async () => {
  server = await startOpenTrail();
  folder = newFolder('export');
});
afterAll(cleanUp);

/** The process that searches for a server. */
function lakeOf({ dataDir }: RunningOpenTrail): number {
  const processes = readdirSync('/proc').flatMap((pid) => {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const [, parent] = /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      return [{ pid: Number(pid), parent: Number(parent), args }];
    } catch {
      return []; // it has ended meanwhile
    }
  });
  const serving = processes.find(({ args }) => args.includes(dataDir) && args.includes('serve'))!;
  const isLake = ({ parent, args }: (typeof processes)[number]) =>
    parent === serving.pid && args.some((arg) => arg.endsWith('lake/process.js'));
  return processes.find(isLake)!.pid;
}

describe('exports', () => {
  const FORMULA = `=HYPERLINK("http://evil","x")`;
  const FILTER = 'eventSource = export.amazonaws.com';
  beforeAll(async () => {
    const more = (i: number) => ({
      eventTime: new Date(Date.UTC(2026, 0, 31, 12) + i * 1000).toISOString().replace('.000Z', 'Z'),
      ...{ eventSource: 'export.amazonaws.com', userAgent: i === 3 ? FORMULA : 'a, "quoted"\nagent' },
      ...{ requestParameters: { i, deep: { list: [{ a: 'ü' }, { a: '\u001b]0;owned\u0007' }] } } },
    });
    await on().put(Array.from({ length: 3_000 }, (_, i) => record(`export-${i}`, more(i))));
  });
  const path = (name: string) => join(folder, name);

  testWith(['boto3'], 'are what Python reads, whole', async () => {
    await on().said('export', '--filter', FILTER, '-o', path('all.csv'), '--oldest');
    await on().said('export', '--filter', FILTER, '-o', path('all.json'), '--oldest');
    await on().said('export', '--filter', FILTER, '-o', path('all.ndjson'), '--oldest', '--quiet');
    writeFileSync(
      path('read.py'),
      'import csv, json\nwith open("all.csv", newline="") as f: rows = list(csv.reader(f))\n' +
        'records = json.load(open("all.json"))["Records"]\nlines = [json.loads(l) for l in open("all.ndjson")]\n' +
        'print(json.dumps(dict(head=rows[0], rows=rows[1:], same=records == lines, ids=[r["eventID"] for r in records], third=records[3])))',
    );
    const done = await run('python3', ['read.py'], {}, { cwd: folder });
    expect(done.code, done.stderr).toBe(0);
    const read = JSON.parse(done.stdout);
    expect(read.head.slice(0, 8)).toEqual([
      ...['Event time', 'User name', 'Event name', 'Resource type'],
      ...['Resource name', 'AWS access key', 'AWS Region', 'Error code'],
    ]);
    expect(read.head).toContain('Event ID');
    expect(read.same).toBe(true);
    expect(read.ids).toEqual(Array.from({ length: 3_000 }, (_, i) => `export-${i}`));
    expect(read.third.userAgent).toBe(FORMULA);
    const agent = read.head.indexOf('User agent');
    expect(read.rows).toHaveLength(3_000);
    expect([read.rows[3][agent], read.rows[4][agent]]).toEqual([`'${FORMULA}`, 'a, "quoted"\nagent']);
    expect(read.rows[3][0]).toMatch(/^2026-01-31T12:00:03(\.000)?Z$/);
    expect(existsSync(path('all.csv.part'))).toBe(false);
  });
  test('keep each record byte for byte', async () => {
    const odd =
      '{ "eventTime":"2026-01-31T12:00:00Z",\n\t"eventSource" :"odd.amazonaws.com","eventName":"Odd", "eventID":"odd","n":1.0,"\\u0061":"\\/" }';
    await on().put([odd]);
    const { body } = await on().ask({ Filter: 'eventSource = odd.amazonaws.com', AccountId: OPERATOR });
    expect(body.Events.map((e: { Record: string }) => e.Record)).toEqual([odd]);
    const export_ = (format: string) =>
      on().said('export', '--filter', 'eventSource = odd.amazonaws.com', '--format', format);
    const file = await export_('json');
    expect(file).toContain(odd);
    expect(await export_('ndjson')).toBe(`${odd.replace('\n', ' ')}\n`);
    expect(JSON.parse(file).Records).toEqual([JSON.parse(odd)]);
  });
  test('have the columns that are asked for', async () => {
    const columns = ['--columns', 'eventId,requestParameters.deep.list[*].a,requestParameters."i"', '-n', '1'];
    const out = await on().said('export', '--filter', FILTER, '--oldest', ...columns);
    expect(out).toMatch(
      /^Event ID,requestParameters\.deep\.list\[\*\]\.a,requestParameters\.i\r\nexport-0,"?ü, .*,0\r\n$/,
    );
    const json = await on().said('export', '--filter', FILTER, '--oldest', '--format', 'ndjson', ...columns);
    expect(JSON.parse(json)).toMatchObject({ eventId: 'export-0' });
  });
  test('as Parquet, for every tool that reads it', async () => {
    await on().said('export', '--filter', FILTER, '-o', path('all.parquet'));
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const result = await connection.runAndReadAll(
      `SELECT count(*)::INT AS n, count(DISTINCT eventid)::INT AS ids, min(eventname) AS name FROM '${path('all.parquet')}'`,
    );
    expect(result.getRowObjects()).toEqual([{ n: 3_000, ids: 3_000, name: 'RunInstances' }]);
    connection.closeSync();
  });
  test('nothing of a record commands a terminal', async () => {
    for (const args of [['--table'], [], ['--facets', 'userAgent'], ['--columns', 'requestParameters.deep']]) {
      const out = await on().said('search', FILTER, '-n', '20', ...args);
      expect(out).not.toMatch(/[^\n\P{Cc}]/u);
    }
  });

  /** A server before the server, which lets so much of an answer through. */
  async function cutAfter(bytesMax: number) {
    const front = createServer((req, res) => {
      const onward = request(
        new URL(req.url!, server.endpoint),
        { method: req.method!, headers: req.headers },
        (answer) => {
          res.writeHead(answer.statusCode!, answer.headers).flushHeaders();
          let bytes = 0;
          answer.on('data', (part: Buffer) => {
            bytes += part.length;
            if (bytes > bytesMax) res.destroy();
            else res.write(part);
          });
          answer.on('end', () => res.end());
        },
      );
      req.pipe(onward).once('error', () => res.destroy());
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    return {
      endpoint: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
      stop: () => {
        front.closeAllConnections();
        front.close();
      },
    };
  }

  test('that break off leave no file that looks whole, and say so', async () => {
    writeFileSync(path('broken.csv'), 'what was there before');
    for (const bytesMax of [0, 200_000]) {
      const front = await cutAfter(bytesMax);
      const env = { AWS_ENDPOINT_URL: front.endpoint };
      const done = await on().opentrail(['export', '--filter', FILTER, '-o', path('broken.csv')], env);
      expect([done.code, done.stderr]).toEqual([1, expect.stringMatching(/broke off.*was not written/)]);
      expect(readFileSync(path('broken.csv'), 'utf8')).toBe('what was there before');
      expect(existsSync(path('broken.csv.part'))).toBe(false);
      const piped = await on().opentrail(['export', '--filter', FILTER], env);
      expect([piped.code, piped.stderr]).toEqual([1, expect.stringContaining('is not all')]);
      front.stop();
    }
    const nowhere = await on().opentrail(['export', '-o', '/nowhere/x.csv']);
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('Cannot write')]);
  });
  test.runIf(existsSync('/proc/self/stat'))('break off when what makes them dies, and the next is whole', async () => {
    const large = 'export-large.amazonaws.com';
    const filler = { eventSource: large, requestParameters: { filler: 'x'.repeat(15_000) } };
    await on().put(Array.from({ length: 2_000 }, (_, i) => record(`large-${i}`, filler)));
    const body = JSON.stringify({ Filter: `eventSource = ${large}`, Format: 'ndjson' });
    const begin = () =>
      signedFetch(server, 'POST', '/opentrail/v1/export', body, { headers: { 'content-type': 'application/json' } });
    const reader = (await begin()).body!.getReader();
    await reader.read();
    process.kill(lakeOf(server), 'SIGKILL');
    const rest = (async () => {
      while (!(await reader.read()).done);
    })();
    await expect(rest).rejects.toThrow(/terminated|aborted|other side closed/);
    const whole = await eventually(async () => {
      const answer = await begin();
      const text = await answer.text();
      return answer.headers.get('x-opentrail-events-behind') === '0' && linesOf(text);
    }, 'the lake is there again');
    expect(whole).toHaveLength(2_000);
  });
  test('end when their reader has seen enough, and give their place back', async () => {
    const body = JSON.stringify({ Filter: FILTER, Format: 'ndjson' });
    for (let i = 0; i < 12; i++) {
      const leaving = new AbortController();
      // More than may be made at once: those who left have to give their place back, when it is noticed that they did.
      const answer = await eventually(async () => {
        const answer = await signedFetch(server, 'POST', '/opentrail/v1/export', body, {
          headers: { 'content-type': 'application/json' },
          signal: leaving.signal,
        });
        if (!answer.ok)
          expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('under way')]);
        return answer.ok && answer;
      }, 'a place');
      await answer.body!.getReader().read();
      leaving.abort();
    }
    const head = spawn(
      'bash',
      ['-c', `"$0" "$@" | head -1`, process.execPath, COMMAND, 'export', '--data-dir', server.dataDir],
      {
        env: { ...process.env, ...server.env },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let first = '';
    for await (const part of head.stdout) first += part;
    expect(first).toMatch(/^Event time,.*\r\n$/);
    await eventually(async () => (await on().ask({ Filter: FILTER, Count: true })).body.Count === 3_000, 'it answers');
    expect(server.log()).not.toMatch(/"level":(50|60)(?!.*lake)/);
  });
});
