import { parseDigestKey, parseLogFileKey } from '../trails/paths.ts';
import type { ReadDigest } from './chain.ts';
import { NAME_PRECISION_MS } from './coverage.ts';
import type { Finding, FindingCode } from './findings.ts';
import type { ListedDigest } from './inventory.ts';

/**
 * What became of one object: `changed` is whatever is wrong with what is there; `unlisted` is a log file that no digest
 * vouches for, where digests cover everything.
 */
export type ObjectState = 'valid' | 'missing' | 'changed' | 'unlisted';

export interface ObjectVerdict {
  readonly kind: 'digest' | 'log-file';
  readonly state: ObjectState;
  readonly key: string;
  /** Where it lies in a bucket to which the trail delivered formerly. */
  readonly bucket?: string;
  readonly accountId: string;
  readonly region: string;
  /** Of a digest: from when on it covers what was delivered. ms since the epoch; undefined where it could not be read. */
  readonly startMs?: number;
  /** Until when a digest covers what was delivered; when a log file was delivered, to the minute. ms since the epoch. */
  readonly timeMs: number;
  /** What makes it other than valid. */
  readonly codes: readonly FindingCode[];
}

type Place = Pick<ObjectVerdict, 'accountId' | 'region' | 'timeMs'>;

const MISSING: ReadonlySet<FindingCode> = new Set(['digest-missing', 'log-file-missing']);

/** Of the digests that are there, and of those that others name and that are gone. @param findings of their chain */
export function digestVerdicts(
  listed: readonly ListedDigest[],
  opened: readonly ReadDigest[],
  findings: readonly Finding[],
): ObjectVerdict[] {
  const wrong = invalidByObject(findings);
  const spans = new Map(opened.map(({ key, digest }) => [key, Date.parse(digest.digestStartTime)]));
  const there = listed.map(({ key, place: { accountId, region, endMs } }) => {
    const startMs = spans.get(key);
    const place = { accountId, region, timeMs: endMs };
    const verdict = verdictOf('digest', key, place, wrong.get(key) ?? []);
    return startMs === undefined || Number.isNaN(startMs) ? verdict : { ...verdict, startMs };
  });
  const keys = new Set(listed.map(({ key }) => key));
  const gone = [...wrong].flatMap(([key, codes]) => {
    const place = keys.has(key) || !codes.some((code) => MISSING.has(code)) ? undefined : parseDigestKey(key);
    return place ? [verdictOf('digest', key, { ...place, timeMs: place.endMs }, codes)] : [];
  });
  return [...there, ...gone];
}

/**
 * Its key says the minute; it came no earlier than its digest begins.
 * @param digest where its digest stands, for a key that says nothing
 */
export function logFileVerdict(
  key: string,
  digest: Place & { readonly startMs: number },
  findings: readonly Finding[],
): ObjectVerdict {
  const codes = findings.filter(({ severity }) => severity === 'invalid').map(({ code }) => code);
  const place = parseLogFileKey(key) ?? digest;
  const isSameMinute = digest.startMs > place.timeMs && digest.startMs < place.timeMs + NAME_PRECISION_MS;
  return verdictOf('log-file', key, isSameMinute ? { ...place, timeMs: digest.startMs } : place, codes);
}

/** @param findings of what is in the bucket beside what digests list */
export function unlistedVerdicts(findings: readonly Finding[]): ObjectVerdict[] {
  return findings.flatMap(({ code, object }) => {
    const place = code === 'log-file-not-listed' ? parseLogFileKey(object) : undefined;
    return place ? [verdictOf('log-file', object, place, [code])] : [];
  });
}

function verdictOf(
  kind: ObjectVerdict['kind'],
  key: string,
  { accountId, region, timeMs }: Place,
  codes: readonly FindingCode[],
): ObjectVerdict {
  return { kind, state: stateOf(codes), key, accountId, region, timeMs, codes };
}

function stateOf(codes: readonly FindingCode[]): ObjectState {
  if (codes.length === 0) return 'valid';
  if (codes.some((code) => MISSING.has(code))) return 'missing';
  return codes.includes('log-file-not-listed') ? 'unlisted' : 'changed';
}

/** By the object that it is about. */
function invalidByObject(findings: readonly Finding[]): ReadonlyMap<string, readonly FindingCode[]> {
  const codes = new Map<string, FindingCode[]>();
  for (const { code, object, severity } of findings) {
    if (severity !== 'invalid') continue;
    const known = codes.get(object);
    if (known) known.push(code);
    else codes.set(object, [code]);
  }
  return codes;
}
