import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { createStaticFiles } from './static-files.ts';

const dir = mkdtempSync(join(tmpdir(), 'opentrail-console-'));
afterAll(() => rmSync(dir, { recursive: true }));
const SCRIPT = `console.log(${JSON.stringify('x'.repeat(2000))})`;
const built = join(dir, 'built');
mkdirSync(join(built, 'assets'), { recursive: true });
writeFileSync(join(dir, 'secret.txt'), 'secret');
writeFileSync(join(built, 'index.html'), '<!doctype html><html><head></head><body></body></html>');
writeFileSync(join(built, 'assets/app-1.js'), SCRIPT);
writeFileSync(join(built, 'assets/app-2.js'), SCRIPT);
writeFileSync(join(built, 'assets/app-2.js.br'), brotliCompressSync(SCRIPT));
writeFileSync(join(built, 'assets/app-4.js'), SCRIPT);
writeFileSync(join(built, 'mark.svg'), '<svg/>');

const files = createStaticFiles(built, seededRandom('files'));
const get = (rawPath: string, headers: Record<string, string> = {}, method = 'GET') =>
  files({ method, rawPath, rawQuery: '', query: [], headers, host: 'localhost', sourceIp: '' });

describe('the page', () => {
  test.each([
    '/',
    '/events',
    '/trails/arn:aws:x',
    '/index.html',
    '/events/1/2.json',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
  ])('is what %s shows', async (path) => {
    const { status, headers, body } = await get(path);
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'text/html; charset=utf-8',
      'no-store',
    ]);
    const nonce = /<meta name="nonce" content="([^"]{22,})">/.exec(body.toString())![1];
    expect(headers['content-security-policy']).toContain(`style-src 'self' 'nonce-${nonce}'`);
    expect(headers['content-security-policy']).toContain("script-src 'self';");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
  });

  test('has another nonce each time', async () => {
    expect((await get('/')).body).not.toEqual((await get('/')).body);
  });
});

describe('files', () => {
  test('with a hash in their name are kept for ever, others are asked for again', async () => {
    expect((await get('/assets/app-1.js')).headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
      vary: 'accept-encoding',
    });
    expect((await get('/mark.svg')).headers).toMatchObject({ 'cache-control': 'no-cache' });
  });

  test('come as the browser takes them', async () => {
    const plain = await get('/assets/app-1.js');
    expect([plain.headers['content-encoding'], plain.body.toString()]).toEqual([undefined, SCRIPT]);
    const gz = await get('/assets/app-1.js', { 'accept-encoding': 'gzip, deflate, br' });
    expect(gz.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(gz.body as Buffer).toString()).toBe(SCRIPT);
    const br = await get('/assets/app-2.js', { 'accept-encoding': 'gzip, br;q=1' });
    expect(br.headers['content-encoding']).toBe('br');
    const no = await get('/assets/app-2.js', { 'accept-encoding': 'br;q=0, gzip;q=0.0' });
    expect(no.headers['content-encoding']).toBeUndefined();
    expect(new Set([plain, gz, br].map(({ headers }) => headers.etag)).size).toBe(3);
  });

  test('that are known already are not sent again', async () => {
    const { headers } = await get('/mark.svg');
    const again = await get('/mark.svg', { 'if-none-match': `"other", W/${headers.etag}` });
    expect([again.status, again.body]).toEqual([304, Buffer.alloc(0)]);
  });

  test.each(['/assets/gone.js', '/assets/', '/assets/../../secret.txt', '/assets/%2e%2e/index.html'])(
    '%s is not found',
    async (path) => {
      await expect(get(path)).rejects.toMatchObject({ status: 404 });
    },
  );

  test('that go while they are asked for are not found', async () => {
    rmSync(join(built, 'assets/app-4.js'));
    await expect(get('/assets/app-4.js')).rejects.toMatchObject({ status: 404 });
  });

  test('are only read', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'TRACE'])
      await expect(get('/', {}, method)).rejects.toMatchObject({ status: 405 });
  });

  test('of a new build are noticed', async () => {
    writeFileSync(join(built, 'assets/app-3.js'), 'new');
    await expect(get('/assets/app-3.js')).rejects.toMatchObject({ status: 404 });
    utimesSync(join(built, 'index.html'), new Date(), new Date(Date.now() + 5_000));
    expect((await get('/assets/app-3.js')).body.toString()).toBe('new');
  });

  test('that were never built are said to be so', async () => {
    const none = createStaticFiles(join(dir, 'nowhere'), seededRandom('none'));
    const { status, body } = await none({
      method: 'GET',
      rawPath: '/events',
      rawQuery: '',
      query: [],
      headers: {},
      host: '',
      sourceIp: '',
    });
    expect([status, body.toString()]).toEqual([503, expect.stringContaining('npm run build')]);
  });
});
