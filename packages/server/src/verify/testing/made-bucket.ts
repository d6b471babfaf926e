import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll } from 'vitest';
import { directorySource } from '../../cli/verify/directory-source.ts';
import {
  type DeliveredLogFile,
  encodeDigest,
  type PreviousDigest,
  sha256Hex,
  signDigest,
} from '../../trails/digest.ts';
import { digestKey, logFileKey } from '../../trails/paths.ts';
import { verify } from '../across-buckets.ts';
import { verdictOf } from '../check.ts';
import type { Selection } from '../inventory.ts';
import type { Source } from '../source.ts';
import type { ObjectVerdict } from '../verdicts.ts';

const root = mkdtempSync(join(tmpdir(), 'opentrail-verify-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

export const HOUR = 3_600_000;
export const T0 = Date.UTC(2026, 5, 1);
export const BUCKET = 'evidence';
export const place = { accountId: '123456789012', region: 'eu-west-1' };
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const der = publicKey.export({ format: 'der', type: 'pkcs1' });
const fingerprint = createHash('md5').update(der).digest('hex');

export interface Made {
  readonly folder: string;
  readonly digests: string[];
  readonly logs: string[];
  path(key: string): string;
  /** Rewrites a digest's JSON and signs it again, as somebody who has the key would. */
  rewrite(key: string, change: (digest: Record<string, unknown>) => void, resign: boolean): void;
}

let count = 0;

/** A bucket's copy: `hours` digests of one chain, two log files of three records each. */
export function makeBucket(
  hours = 4,
  prefixOf: (hour: number) => string = () => '',
  bucketOf = (_hour: number) => BUCKET,
): Made {
  const folder = join(root, String(count++));
  const path = (key: string) => join(folder, key);
  const put = (key: string, bytes: Buffer) => {
    mkdirSync(dirname(path(key)), { recursive: true });
    writeFileSync(path(key), bytes);
  };
  const digests: string[] = [];
  const logs: string[] = [];
  let previous: PreviousDigest | undefined;
  for (let hour = 0; hour < hours; hour++) {
    const bucket = bucketOf(hour);
    const at = prefixOf(hour) === '' ? place : { ...place, prefix: prefixOf(hour) };
    const startMs = T0 + hour * HOUR;
    const logFiles: DeliveredLogFile[] = [];
    for (let file = 0; file < 2; file++) {
      const ids = [0, 1, 2].map((i) => ({
        eventID: `00000000-0000-4000-8000-${String(hour * 100 + file * 10 + i).padStart(12, '0')}`,
      }));
      const content = Buffer.from(JSON.stringify({ Records: ids }));
      const timeMs = startMs + (file + 1) * 600_000;
      const key = logFileKey({ ...at, kind: 'CloudTrail', timeMs, unique: `h${hour}f${file}`.padEnd(16, '0') });
      put(key, gzipSync(content));
      logs.push(key);
      logFiles.push({ bucket, key, sha256: sha256Hex(content), newestMs: timeMs, oldestMs: startMs });
    }
    const endMs = startMs + HOUR;
    const key = digestKey({ ...at, trailName: 'main', homeRegion: 'us-east-1', endMs });
    const input = { accountId: place.accountId, startMs, endMs, bucket, key, fingerprint, previous, logFiles };
    const bytes = encodeDigest(input);
    const { sha256, signature } = signDigest(input, bytes, privateKey);
    put(key, gzipSync(bytes));
    put(`${key}.metadata.json`, Buffer.from(JSON.stringify({ signature, 'signature-algorithm': 'SHA256withRSA' })));
    digests.push(key);
    previous = { bucket, key, sha256, signature };
  }
  const rewrite: Made['rewrite'] = (key, change, resign) => {
    const digest = JSON.parse(gunzipSync(readFileSync(path(key))).toString());
    change(digest);
    const bytes = Buffer.from(JSON.stringify(digest));
    put(key, gzipSync(bytes));
    if (!resign) return;
    const input = {
      accountId: place.accountId,
      startMs: Date.parse(digest.digestStartTime),
      endMs: Date.parse(digest.digestEndTime),
      bucket: digest.digestS3Bucket,
      key: digest.digestS3Object,
      fingerprint,
      previous:
        digest.previousDigestSignature === null
          ? undefined
          : { bucket: '', key: '', sha256: '', signature: digest.previousDigestSignature },
      logFiles: [],
    };
    const { signature } = signDigest(input, bytes, privateKey);
    put(`${key}.metadata.json`, Buffer.from(JSON.stringify({ signature, 'signature-algorithm': 'SHA256withRSA' })));
  };
  return { folder, digests, logs, path, rewrite };
}

interface Asked {
  readonly startMs?: number;
  readonly endMs?: number;
  readonly isOpenEnded?: boolean;
  readonly selection?: Selection;
  readonly source?: Source;
  readonly onVerdict?: (verdict: ObjectVerdict) => void;
}

export const check = async (made: Made, asked: Asked = {}) => {
  const result = await verify({
    source: asked.source ?? directorySource(made.folder),
    ...(asked.onVerdict && { onVerdict: asked.onVerdict }),
    selection: asked.selection ?? { prefix: '' },
    startMs: asked.startMs ?? 0,
    endMs: asked.endMs ?? T0 + 5 * HOUR,
    isOpenEnded: asked.isOpenEnded ?? false,
    publicKeys: async () => new Map([[fingerprint, der]]),
    latestDigestDeliveryMs: new Map(),
    unvalidatedPrefixes: new Set(),
    concurrency: 4,
    onProgress: () => {},
  });
  return { ...result, codes: [...new Set(result.findings.map((f) => f.code))].sort(), verdict: verdictOf(result) };
};
