import type { Digest } from '../trails/digest.ts';
import { type Finding, finding } from './findings.ts';

/** A digest that was read and whose own signature, place and form were checked. */
export interface ReadDigest {
  readonly key: string;
  readonly digest: Digest;
  /** SHA-256 of its uncompressed bytes. */
  readonly sha256: string;
  /** As its object's metadata (or its successor) has it; undefined for the newest of a copy without metadata. */
  readonly signature: string | undefined;
}

/**
 * Checks how the digests of one chain hang together; what each is by itself has been checked before. The AWS CLI walks
 * from the newest digest and believes each link; here every digest is looked at from both sides.
 * @param digests of one trail, account and Region, in any order
 * @param exists whether an object of this key is in the bucket, also outside the time range that was read
 */
export function checkChain(digests: readonly ReadDigest[], exists: (key: string) => boolean): Finding[] {
  const sorted = [...digests].sort(
    (a, b) => compare(a.digest.digestEndTime, b.digest.digestEndTime) || compare(a.key, b.key),
  );
  const byKey = new Map(sorted.map((d) => [d.key, d]));
  return [...sorted.flatMap((d, i) => checkLink(d, byKey, sorted[i - 1], exists)), ...findForks(sorted)];
}

function checkLink(
  d: ReadDigest,
  byKey: ReadonlyMap<string, ReadDigest>,
  older: ReadDigest | undefined,
  exists: (key: string) => boolean,
): Finding[] {
  const link = d.digest.previousDigestS3Object;
  if (link === null || d.digest.previousDigestS3Bucket === null) {
    if (!older) return [];
    const gap = `a new chain starts here; nothing is said of ${older.digest.digestEndTime} to ${d.digest.digestStartTime}`;
    return [finding('chain-restarted', d.key, gap)];
  }
  if (d.digest.previousDigestS3Bucket !== d.digest.digestS3Bucket) return []; // the trail moved to another bucket
  const previous = byKey.get(link);
  if (!previous) {
    return exists(link)
      ? []
      : [finding('digest-missing', link, `the digest that ${d.key} names as its predecessor is gone`)];
  }
  const found: Finding[] = [];
  if (d.digest.previousDigestHashValue !== previous.sha256) {
    found.push(finding('chain-hash-mismatch', d.key, `its hash of the previous digest is not that of ${link}`));
  }
  if (previous.signature !== undefined && d.digest.previousDigestSignature !== previous.signature) {
    found.push(
      finding('chain-signature-mismatch', d.key, `its signature of the previous digest is not that of ${link}`),
    );
  }
  if (previous.digest.digestEndTime > d.digest.digestStartTime) {
    found.push(finding('chain-overlap', d.key, `it starts at ${d.digest.digestStartTime}, before ${link} ends`));
  }
  return found;
}

function findForks(digests: readonly ReadDigest[]): Finding[] {
  const successors = new Map<string, string[]>();
  for (const { key, digest } of digests) {
    const link = digest.previousDigestS3Object;
    if (link === null) continue;
    const known = successors.get(link);
    if (known) known.push(key);
    else successors.set(link, [key]);
  }
  return [...successors]
    .filter(([, keys]) => keys.length > 1)
    .map(([link, keys]) => finding('chain-forked', link, `${keys.length} digests follow it: ${keys.join(', ')}`));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
