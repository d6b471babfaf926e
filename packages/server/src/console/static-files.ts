import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { systemErrorCode } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { EncodedResponse } from '../wire/codec/index.ts';
import type { HttpRequest } from '../wire/request.ts';
import { refusal } from './answers.ts';
import { INERT, pagePolicy } from './visit.ts';

const compress = promisify(gzip);

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};
/** These hold no air to press out. */
const DENSE: ReadonlySet<string> = new Set(['.ico', '.png', '.webp', '.woff', '.woff2']);
/** Vite puts a hash of what is in them into their names. */
const HASHED = 'assets/';
const FOR_EVER = 'public, max-age=31536000, immutable';
/** Of a nonce: more than can be guessed while a page is shown. */
const NONCE_BYTES = 16;

interface Encoded {
  readonly body: Buffer;
  readonly etag: string;
  readonly encoding?: 'br' | 'gzip';
}

interface Built {
  /** Paths below the folder, with `/`. */
  readonly names: ReadonlySet<string>;
  readonly builtMs: number;
  readonly contents: Map<string, Promise<Encoded>>;
}

/**
 * The built console: its files, and its page for every path that is none. Only what was there when it was looked at is
 * served, by its exact name; a new build is noticed.
 * @param directory need not be there: a page says how to make it
 */
export function createStaticFiles(directory: string, random: Random) {
  let built: Built | undefined;

  function look(): Built | undefined {
    const builtMs = statSync(join(directory, 'index.html'), { throwIfNoEntry: false })?.mtimeMs;
    if (builtMs === undefined) built = undefined;
    else if (built?.builtMs !== builtMs) built = { names: new Set(filesIn(directory)), builtMs, contents: new Map() };
    return built;
  }

  async function encoded({ names, contents }: Built, name: string, accepted: string): Promise<Encoded> {
    const encoding =
      names.has(`${name}.br`) && takes(accepted, 'br')
        ? 'br'
        : !DENSE.has(extname(name)) && takes(accepted, 'gzip')
          ? 'gzip'
          : undefined;
    const key = `${encoding ?? ''} ${name}`;
    const known = contents.get(key) ?? read(names, name, encoding);
    contents.set(key, known);
    known.catch(() => contents.delete(key));
    return known;
  }

  async function read(names: ReadonlySet<string>, name: string, encoding: Encoded['encoding']): Promise<Encoded> {
    const suffix = encoding === 'br' ? '.br' : encoding === 'gzip' && names.has(`${name}.gz`) ? '.gz' : '';
    const stored = await readFile(join(directory, name + suffix)).catch((error) => {
      throw systemErrorCode(error) === 'ENOENT' ? gone() : error; // a new build took its place just now
    });
    const body = encoding === 'gzip' && suffix === '' ? await compress(stored, { level: 9 }) : stored;
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    return { body, etag, ...(encoding && { encoding }) };
  }

  async function page(): Promise<EncodedResponse> {
    const nonce = random.bytes(NONCE_BYTES).toString('base64');
    const html = await readFile(join(directory, 'index.html'), 'utf8');
    // Where the components look for it before they write a style into the page.
    const body = Buffer.from(html.replace('<head>', `<head><meta name="nonce" content="${nonce}">`));
    const headers = { 'content-type': TYPES['.html']!, 'cache-control': 'no-store' };
    return { status: 200, headers: { ...headers, 'content-security-policy': pagePolicy(nonce) }, body };
  }

  /** @throws AwsError MethodNotAllowed, NotFound */
  return async ({ method, rawPath, headers }: HttpRequest): Promise<EncodedResponse> => {
    if (method !== 'GET' && method !== 'HEAD') {
      throw refusal(405, 'MethodNotAllowed', 'Pages are only read.', { allow: 'GET, HEAD' });
    }
    const there = look();
    if (!there) return NOT_BUILT;
    const name = rawPath.slice(1);
    if (name === 'index.html' || !there.names.has(name)) {
      if (name.startsWith(HASHED)) throw gone();
      return page();
    }
    const { body, etag, encoding } = await encoded(there, name, headers['accept-encoding'] ?? '');
    const isKnown = (headers['if-none-match'] ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
    return {
      status: isKnown ? 304 : 200,
      headers: {
        'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
        'cache-control': name.startsWith(HASHED) ? FOR_EVER : 'no-cache',
        'content-security-policy': INERT,
        etag,
        vary: 'accept-encoding',
        ...(encoding && { 'content-encoding': encoding }),
      },
      body: isKnown ? Buffer.alloc(0) : body,
    };
  };
}

const gone = () => refusal(404, 'NotFound', 'There is no such file. Load the page again.');

/** Whether an Accept-Encoding names a coding, and not with the weight 0. */
const takes = (accepted: string, coding: string): boolean =>
  accepted.split(',').some((part) => {
    const [name = '', weight = ''] = part.split(';');
    return name.trim().toLowerCase() === coding && !/^\s*q=0(\.0*)?\s*$/i.test(weight);
  });

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'));

const NOT_BUILT: EncodedResponse = {
  status: 503,
  headers: { 'content-type': TYPES['.html']!, 'cache-control': 'no-store', 'content-security-policy': INERT },
  body: Buffer.from(`<!doctype html>
<html lang="en">
<title>OpenTrail</title>
<h1>The console is not built</h1>
<p>Build it with <code>npm run build</code> in the folder of OpenTrail, then load this page again.</p>
</html>
`),
};
