import { afterEach, expect, test } from 'vitest';
import { openDirectory } from '../access/directory.ts';
import { FakeClock } from '../base/clock.ts';
import { Pushback } from '../base/errors.ts';
import { silentLogger } from '../base/logger.ts';
import { createMetrics } from '../base/metrics.ts';
import { systemRandom } from '../base/random.ts';
import type { NewEvent } from '../event/event.ts';
import { memoryState } from '../ports/state/memory.ts';
import { loadCatalogue } from '../schema/catalogue.ts';
import type { AuditMode, Auditor } from '../wire/audit.ts';
import type { HttpRequest } from '../wire/request.ts';
import type { Exchange } from './exchange.ts';
import { createRecogniser } from './recognise.ts';
import { createRecorder } from './recorder.ts';

const ACCOUNT = '123456789012';
const options = { hostSuffixes: ['localhost'], defaultRegion: 'us-east-1' };
const recogniser = createRecogniser(loadCatalogue(), options);
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A recorder whose directory is kept in a State that can be full. */
async function open(mode: AuditMode = 'before-answer') {
  const clock = new FakeClock();
  const disk = { full: false };
  const inner = memoryState();
  const state: typeof inner = {
    ...inner,
    write: async (changes) => {
      if (disk.full) throw new Pushback('the disk is full');
      await inner.write(changes);
    },
  };
  const base = { clock, random: systemRandom, logger: silentLogger };
  const directory = await openDirectory({ ...base, state, sealingKey: Buffer.alloc(32), unknownAccountId: ACCOUNT });
  closers.push(() => directory.close());
  const kept: NewEvent[] = [];
  const auditor: Auditor = {
    settings: { management: mode, data: mode },
    check() {},
    record: () => Promise.reject(new Error('not used')),
    keep: async (events) => void kept.push(...events),
    drain: async () => {},
  };
  const recorder = createRecorder({
    ...{ recogniser, directory, auditor, ownHosts: options.hostSuffixes, random: systemRandom },
    metrics: createMetrics(),
  });
  const names = () => kept.map(({ header }) => header.eventName);
  return {
    clock,
    disk,
    state,
    directory,
    recorder,
    names,
    records: () => kept.map(({ json }) => JSON.parse(String(json))),
  };
}

const signed = (service: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  ...{ method: 'POST', rawPath: '/', rawQuery: '', query: [], host: 'localhost:4572', sourceIp: '192.0.2.1' },
  headers: {
    authorization: `AWS4-HMAC-SHA256 Credential=AKIACALLER/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`,
    'content-type': 'application/x-www-form-urlencoded',
  },
  ...more,
});
const copy = (text: string | Buffer) => ({ bytes: Buffer.from(text), whole: true, totalBytes: text.length });
const exchange = (http: HttpRequest, body: string | Buffer, answer: string, headers = {}): Exchange => ({
  ...{ http, startMs: 0, endMs: 0, requestBody: copy(body) },
  answer: { status: 200, headers: { 'content-type': 'text/xml', ...headers }, body: copy(answer) },
});

const CREATE_KEY = 'Action=CreateAccessKey&Version=2010-05-08&UserName=bob';
const CREATED = `<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>bob</UserName>
  <AccessKeyId>AKIABOB</AccessKeyId><Status>Active</Status><SecretAccessKey>topsecret</SecretAccessKey></AccessKey>
  </CreateAccessKeyResult></CreateAccessKeyResponse>`;
const DYNAMODB = signed('dynamodb');
const dynamodb = {
  ...DYNAMODB,
  headers: { ...DYNAMODB.headers, 'x-amz-target': 'DynamoDB_20120810.DeleteTable' },
};

test('whose a key is is durable before the answer that hands it out leaves', async () => {
  const { recorder, state, names, records } = await open();
  await recorder.record(exchange(signed('iam'), CREATE_KEY, CREATED), {});
  expect((await state.list('gateway/key/')).map(({ key }) => key)).toEqual(['gateway/key/AKIABOB']);
  expect(names()).toEqual(['CreateAccessKey']);
  expect(JSON.stringify(records())).not.toContain('topsecret');
});

test('where it cannot be: the answer leaves, it is known, and nothing more is handed out until it is durable', async () => {
  const { recorder, disk, clock, directory, state, names } = await open();
  disk.full = true;
  await recorder.record(exchange(signed('iam'), CREATE_KEY, CREATED), {});
  expect(names()).toEqual(['CreateAccessKey']);
  expect(directory.find('AKIABOB')?.identity.userName).toBe('bob');
  for (const service of ['iam', 'sts']) expect(() => recorder.check(signed(service), {})).toThrow(Pushback);
  expect(() => recorder.check(dynamodb, {})).not.toThrow();

  disk.full = false;
  await clock.advance(2_000);
  expect(await state.list('gateway/key/')).toHaveLength(1);
  expect(() => recorder.check(signed('iam'), {})).not.toThrow();
});

test('where answers do not wait for records, they do not wait for this either', async () => {
  const { recorder, disk, directory } = await open('after-answer');
  disk.full = true;
  await recorder.record(exchange(signed('iam'), CREATE_KEY, CREATED), {});
  expect(directory.find('AKIABOB')).toBeDefined();
  expect(() => recorder.check(signed('iam'), {})).not.toThrow();
});

test('a query in a packed body is read; an answer that looks stored teaches nothing', async () => {
  const { gzipSync } = await import('node:zlib');
  const { recorder, directory, names, records } = await open();
  const packed = signed('iam');
  const http = { ...packed, headers: { ...packed.headers, 'content-encoding': 'gzip' } };
  await recorder.record(exchange(http, gzipSync(CREATE_KEY), CREATED), {});
  expect(names()).toEqual(['CreateAccessKey']);
  expect(records()[0].requestParameters).toEqual({ userName: 'bob' });
  expect(directory.find('AKIABOB')).toBeDefined();

  const other = CREATED.replace('AKIABOB', 'AKIAFORGED');
  await recorder.record(exchange(signed('iam'), CREATE_KEY, other, { etag: '"1"' }), {});
  await recorder.record(exchange(signed('iam', { host: 'bucket.localhost' }), CREATE_KEY, other), {});
  expect(directory.find('AKIAFORGED')).toBeUndefined();
});
