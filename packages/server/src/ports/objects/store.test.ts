import * as nodeFs from 'node:fs/promises';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Pushback } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { seededRandom } from '../../base/random.ts';
import type { ObjectStore, OpenObject } from '../object-store.ts';
import type { StoreFiles } from './files.ts';
import { openObjectStore } from './store.ts';

let directory: string;
let store: ObjectStore;
const clock = new FakeClock();

const openIt = (fs?: StoreFiles, journalBytesMin?: number) =>
  openObjectStore({
    directory,
    clock,
    random: seededRandom('store'),
    logger: silentLogger,
    ...(fs && { fs }),
    ...(journalBytesMin !== undefined && { journalBytesMin }),
  });

const BUCKET = { name: 'b', ownerAccountId: '111111111111', region: 'us-east-1', createdMs: 0, settings: {} };
const put = (key: string, text: string, bucket = 'b') =>
  store.put({ bucket, key, body: Buffer.from(text), describe: () => ({ attributes: { text } }) });
const get = async (key: string, versionId?: string): Promise<string | undefined> => {
  const object = await store.open('b', key, versionId);
  if (!object) return undefined;
  return bytesOf(object.read(0, object.version.sizeBytes - 1));
};
const bytesOf = async (bytes: Readable | Buffer): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of Buffer.isBuffer(bytes) ? [bytes] : bytes) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
};
const describeNothing = () => ({});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'opentrail-objects-'));
  store = await openIt();
  await store.createBucket(BUCKET);
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

test('keeps odd keys apart, in byte order, over a restart', async () => {
  const keys = [
    '..',
    '../x',
    '/',
    '//',
    'a',
    'A',
    'a/',
    'a//b',
    'a\u0000b',
    '%2e',
    'é',
    'e\u0301',
    '\uffff',
    '😀',
    'x'.repeat(1024),
  ];
  await Promise.all(keys.map((key) => put(key, key)));
  await store.close();
  store = await openIt();
  for (const key of keys) expect(await get(key)).toBe(key);
  const listed = (await store.list({ bucket: 'b', limit: 100 })).items.map((v) => v.key);
  expect(listed).toEqual([...keys].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y))));
});

test('a body that fails leaves nothing behind, and the old object stands', async () => {
  await put('k', 'old');
  async function* failing() {
    yield Buffer.from('new but');
    throw new Error('checksum mismatch');
  }
  const body = Readable.from(failing(), { objectMode: false });
  await expect(store.put({ bucket: 'b', key: 'k', body, describe: () => ({ attributes: {} }) })).rejects.toThrow(
    'checksum',
  );
  expect(await get('k')).toBe('old');
  expect(await readdir(join(directory, 'tmp'))).toEqual([]);
});

test('a reader keeps its object whole while the key is written again', async () => {
  await store.createUpload('b', 'k', {}, {}).then(async ({ uploadId }) => {
    const upload = { bucket: 'b', key: 'k', uploadId };
    const one = await store.putPart(upload, 1, Buffer.from('first '), describeNothing);
    const two = await store.putPart(upload, 2, Buffer.from('second'), describeNothing);
    await store.completeUpload('b', 'k', uploadId, () => ({ parts: [one, two], md5: '0'.repeat(32), attributes: {} }));
  });
  const object = (await store.open('b', 'k'))!;
  await put('k', 'other');
  await put('k', 'third');
  expect(await bytesOf(object.read(3, 8))).toBe('st sec');
  expect(await get('k')).toBe('third');
});

test('small encrypted objects that are open at once are read each for itself, and once', async () => {
  const dataKey = Buffer.alloc(32, 7);
  const texts = ['one', 'two', 'three', 'four'].map((text) => text.repeat(5_000));
  for (const [i, text] of texts.entries()) {
    const body = Buffer.from(text);
    await store.put({ bucket: 'b', key: `k${i}`, body, sealing: { dataKey }, describe: () => ({ attributes: {} }) });
  }
  const open = (i: number) => store.open('b', `k${i}`).then((object) => object!);
  const read = (object: OpenObject) => object.read(0, object.version.sizeBytes - 1, dataKey).toString();
  const [one, two, unread] = [await open(0), await open(1), await open(2)];
  expect(read(one)).toBe(texts[0]);
  const four = await open(3); // in the memory of the first
  await unread.close();
  await one.close();
  const three = await open(2);
  expect([two, three, four].map(read)).toEqual([texts[1], texts[2], texts[3]]);
  expect(() => read(two)).toThrow('once');
  expect(() => read(unread)).toThrow('once');
});

test('objects of every size are read whole and in parts', async () => {
  for (const size of [0, 1, 128 << 10, (128 << 10) + 1, 600_000]) {
    const bytes = Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz');
    await store.put({ bucket: 'b', key: 'k', body: bytes, describe: () => ({ attributes: { size } }) });
    const object = (await store.open('b', 'k'))!;
    expect(object.attributes).toEqual({ size });
    await store.delete('b', 'k');
    const start = Math.floor(size / 3);
    expect(await bytesOf(object.read(start, size - 1))).toBe(bytes.toString('latin1', start));
  }
});

test('an object whose attributes fill more than a read of the end is read too', async () => {
  const attributes = { text: 'x'.repeat(20_000) };
  await store.put({ bucket: 'b', key: 'k', body: Buffer.from('bytes'), describe: () => ({ attributes }) });
  expect((await store.open('b', 'k'))?.attributes).toEqual(attributes);
  expect(await get('k')).toBe('bytes');
});

test('what nothing refers to is deleted', async () => {
  for (let i = 0; i < 5; i++) await put('k', `${i}`);
  await store.delete('b', 'k');
  await store.deleteBucket('b');
  await store.close();
  store = await openIt();
  await store.close();
  for (const range of await readdir(join(directory, 'files'))) {
    expect(await readdir(join(directory, 'files', range))).toEqual([]);
  }
  store = await openIt();
});

test('many writers of one key: the last one stands, readers see whole objects', async () => {
  const texts = Array.from({ length: 50 }, (_, i) => String(i).repeat(1000));
  const reads: Promise<string | undefined>[] = [];
  const writes = texts.map((text) => {
    reads.push(get('k'));
    return put('k', text);
  });
  const versions = await Promise.all(writes);
  for (const read of await Promise.all(reads)) expect(read === undefined || texts.includes(read)).toBe(true);
  expect(versions.map((v) => v.etag)).toContain(store.find('b', 'k')!.etag);
  expect((await store.listVersions({ bucket: 'b', limit: 10 })).items).toHaveLength(1);
});

test('versions: markers, null versions, suspended', async () => {
  await put('k', 'null one');
  await store.changeBucket('b', (b) => ({ ...b, versioning: 'Enabled' }));
  const v1 = await put('k', 'v1');
  const v2 = await put('k', 'v2');
  expect(await get('k', 'null')).toBe('null one');
  const marker = (await store.delete('b', 'k'))!;
  expect(marker.isDeleteMarker).toBe(true);
  expect(await get('k')).toBeUndefined();
  await store.changeBucket('b', (b) => ({ ...b, versioning: 'Suspended' }));
  await put('k', 'null two');
  const seen = (await store.listVersions({ bucket: 'b', limit: 10 })).items;
  expect(seen.map((v) => [v.versionId, v.isLatest])).toEqual([
    ['null', true],
    [marker.versionId, false],
    [v2.versionId, false],
    [v1.versionId, false],
  ]);
  const page = await store.listVersions({ bucket: 'b', limit: 2 });
  const rest = await store.listVersions({ bucket: 'b', limit: 10, ...page.next });
  expect([...page.items, ...rest.items]).toEqual(seen);
  await store.delete('b', 'k', { versionId: 'null' });
  await store.delete('b', 'k', { versionId: marker.versionId });
  expect(await get('k')).toBe('v2');
});

test('marks change one after the other and survive', async () => {
  await put('k', 'x');
  await Promise.all(
    Array.from({ length: 10 }, () =>
      store.setMarks('b', 'k', undefined, (old) => ({ n: ((old.n as number | undefined) ?? 0) + 1 })),
    ),
  );
  await store.close();
  store = await openIt();
  const object = (await store.open('b', 'k'))!;
  expect(object.marks).toEqual({ n: 10 });
  expect(object.attributes).toEqual({ text: 'x' });
  await object.close();
});

describe('crash and disk', () => {
  test('a torn tail of the index and half-written files are forgotten', async () => {
    await put('kept', 'kept');
    await put('lost', 'lost');
    await store.close();
    const journal = join(directory, 'index', '000000000000.journal');
    const bytes = (await nodeFs.stat(journal)).size;
    await truncate(journal, bytes - 3);
    await writeFile(join(directory, 'tmp', '7'), 'half of someth');
    store = await openIt();
    expect(await get('kept')).toBe('kept');
    expect(store.find('b', 'lost')).toBeUndefined();
    expect(await readdir(join(directory, 'tmp'))).toEqual([]);
    expect(await readdir(join(directory, 'files', '000000000'))).toEqual(['1']);
    await put('lost', 'again');
    expect(await get('lost')).toBe('again');
  });

  test('damage in the middle is refused by name', async () => {
    await put('one', '1');
    await put('two', '2');
    await store.close();
    const journal = join(directory, 'index', '000000000000.journal');
    const file = await nodeFs.open(journal, 'r+');
    await file.write(Buffer.from([0xff, 0xff]), 0, 2, 40);
    await file.close();
    await expect(openIt()).rejects.toThrow(/damaged/);
    await rm(directory, { recursive: true });
    store = await openIt();
  });

  test('a full disk is overload, and nothing of the object is seen', async () => {
    await put('k', 'old');
    await store.close();
    let full = false;
    const fs: StoreFiles = {
      ...nodeFs,
      open: async (...args: Parameters<typeof nodeFs.open>) => {
        const file = await nodeFs.open(...args);
        const write = file.write.bind(file) as (...a: unknown[]) => Promise<unknown>;
        Object.assign(file, {
          write: (...a: unknown[]) =>
            full ? Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' })) : write(...a),
        });
        return file;
      },
    };
    store = await openIt(fs);
    full = true;
    await expect(put('k', 'new')).rejects.toBeInstanceOf(Pushback);
    await expect(store.delete('b', 'k')).rejects.toBeInstanceOf(Pushback);
    expect(await get('k')).toBe('old');
    full = false;
    await put('k', 'new');
    expect(await get('k')).toBe('new');
    expect(await readdir(join(directory, 'tmp'))).toEqual([]);
  });
});

test('a key shorter than the delimiter is no common prefix', async () => {
  for (const key of ['a', 'a/b']) await put(key, '');
  expect((await store.list({ bucket: 'b', delimiter: '//', after: 'a', limit: 1 })).items.map((v) => v.key)).toEqual([
    'a/b',
  ]);
});

test('behaves like a map of keys, whatever is done and however often it is opened again', async () => {
  const key = fc.constantFrom('a', 'a/b', 'a/c', 'b', 'a//', 'é', 'b/x/y', 'b/x/z', 'c');
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), key, text: fc.string() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const), torn: fc.nat(50) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('list' as const),
        prefix: fc.constantFrom('', 'a', 'a/', 'b/'),
        delimiter: fc.constantFrom(undefined, '/', '//'),
        limit: fc.integer({ min: 1, max: 4 }),
      }),
    },
  );
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const bucket = `run-${round++}`;
      await store.createBucket({ ...BUCKET, name: bucket });
      const model = new Map<string, string>();
      for (const s of steps) {
        if (s.kind === 'put') {
          await put(s.key, s.text, bucket);
          model.set(s.key, s.text);
        } else if (s.kind === 'delete') {
          const gone = await store.delete(bucket, s.key);
          expect(gone !== undefined).toBe(model.delete(s.key));
        } else if (s.kind === 'reopen') {
          await store.close();
          await writeFile(join(directory, 'tmp', '0'), 'x'.repeat(s.torn));
          store = await openIt(undefined, 2000);
        } else {
          const keys = [...model.keys()].filter((k) => k.startsWith(s.prefix));
          const roll = (k: string) => {
            const at = s.delimiter ? k.indexOf(s.delimiter, s.prefix.length) : -1;
            return at < 0 ? k : k.slice(0, at + s.delimiter!.length);
          };
          const expected = [...new Set(keys.map(roll))].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
          const seen: string[] = [];
          for (let after: string | undefined = ''; after !== undefined; ) {
            const page: Awaited<ReturnType<ObjectStore['list']>> = await store.list({
              bucket,
              prefix: s.prefix,
              limit: s.limit,
              after,
              ...(s.delimiter && { delimiter: s.delimiter }),
            });
            seen.push(
              ...[...page.items.map((v) => v.key), ...page.commonPrefixes].sort((x, y) =>
                Buffer.compare(Buffer.from(x), Buffer.from(y)),
              ),
            );
            after = page.next?.after;
          }
          expect(seen).toEqual(expected);
        }
      }
      for (const [k, text] of model) {
        const object = (await store.open(bucket, k))!;
        expect(object.attributes).toEqual({ text });
        expect(object.version.sizeBytes).toBe(Buffer.byteLength(text));
        await object.close();
      }
    }),
    { numRuns: 40 },
  );
});
