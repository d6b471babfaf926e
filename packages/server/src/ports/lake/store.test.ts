import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { eventFromBytes } from '../../event/accept.ts';
import type { LogEvent } from '../history/sealed-events.ts';
import { Engine, statement } from './engine.ts';
import { literal } from './filter-sql.ts';
import { readManifest } from './manifest.ts';
import { LakeStore } from './store.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21);
const root = mkdtempSync(join(tmpdir(), 'opentrail-store-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** An event of one of 28 folders: a batch of more than 16 of them waits to be distributed. */
function eventOf(sequence: number, kind: number): LogEvent {
  const record = {
    eventTime: `${new Date(NOW_MS - (kind % 7) * 20 * DAY_MS - sequence * 1000).toISOString().slice(0, 19)}Z`,
    ...(kind % 3 > 0 && { awsRegion: 'us-east-1' }),
    recipientAccountId: `11111111111${kind % 2}`,
    eventName: 'N',
    eventSource: 's',
    annotation: 'x'.repeat(kind % 11 === 0 ? 40_000 : kind),
  };
  const made = eventFromBytes(Buffer.from(JSON.stringify(record)), { fallbackAccountId: '000000000000' });
  if ('refused' in made) throw new Error(made.refused.message);
  return { ...made.event, sequence };
}

const FIGURES = `count(*) FILTER (WHERE sequence >= START), count(*), sum(strlen(eventjson)), coalesce(sum(strlen(eventjson)) FILTER (WHERE strlen(eventjson) > 32768), 0), epoch_ms(min(event_time)), epoch_ms(max(event_time)), min(sequence), max(sequence)`;

test('what the manifest says of each file is so, however files were written, distributed, merged and let go of', async () => {
  const kind = fc.integer({ min: 0, max: 200 });
  const kinds = fc.oneof(fc.array(kind, { minLength: 1, maxLength: 9 }), {
    weight: 7,
    arbitrary: fc.array(kind, { minLength: 50, maxLength: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(kinds, { minLength: 10, maxLength: 14 }), fc.nat(), async (batches, place) => {
      const directory = mkdtempSync(join(root, 'lake-'));
      const engine = await Engine.open({
        ...{ directory, temporary: join(directory, 'tmp'), threads: 1, memoryBytes: 1 << 28 },
      });
      const store = await LakeStore.open({ directory, engine, start: 0, end: 0 });
      let [start, end] = [0, 0];
      for (const [i, batch] of batches.entries()) {
        await store.add(
          batch.map((kind, k) => eventOf(end + k, kind)),
          0,
        );
        end += batch.length;
        await store.flush();
        if (i === place % batches.length) {
          start = place % end;
          store.retain(start);
        }
      }
      for (let more = true; more; ) more = await store.compact(NOW_MS + 400 * DAY_MS);
      const { files } = readManifest(directory)!;
      let kept = 0;
      for (const { path, rows, bytes, largeBytes, minMs, maxMs, first, last } of files) {
        const sql = `SELECT ${FIGURES.replace('START', String(start))} FROM read_parquet(${literal(join(directory, path))})`;
        const [found] = await engine.rows<readonly unknown[]>(statement(() => sql));
        const [sinceStart, ...figures] = found!.map(Number);
        expect([rows, bytes, largeBytes, minMs, maxMs, first, last]).toEqual(figures);
        kept += sinceStart!;
      }
      expect(kept).toBe(end - start);
    }),
    { numRuns: 2 },
  );
}, 120_000);
