import type { Digest } from '../trails/digest.ts';
import type { Gap } from './coverage.ts';
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

/** `there` also outside of the time range that was read; `elsewhere` where nothing was listed. */
export type Whereabouts = 'there' | 'gone' | 'elsewhere';
export type WhereIs = (key: string, isInSameBucket: boolean) => Whereabouts;

/**
 * Checks how the digests of one chain hang together; what each is by itself has been checked before. The AWS CLI walks
 * from the newest digest and believes each link; here every digest is looked at from both sides.
 * @param digests of one trail, account and Region, in any order
 * @param whereIs what became of a digest that another names and that is not among these
 */
export function checkChain(digests: readonly ReadDigest[], whereIs: WhereIs): Finding[] {
  const sorted = [...digests].sort(
    (a, b) => compare(a.digest.digestEndTime, b.digest.digestEndTime) || compare(a.key, b.key),
  );
  const byKey = new Map(sorted.map((d) => [d.key, d]));
  return [...sorted.flatMap((d, i) => checkLink(d, byKey, sorted[i - 1], whereIs)), ...findForks(sorted)];
}

/** Where the chain ended and began anew, as it does when logging or its validation is switched off and on. */
export function gapsIn(digests: readonly ReadDigest[]): Gap[] {
  return digests.flatMap(({ digest }, i) => {
    const older = digests[i - 1]?.digest;
    return older === undefined || digest.previousDigestS3Object !== null
      ? []
      : [{ fromMs: Date.parse(older.digestEndTime), toMs: Date.parse(digest.digestStartTime) }];
  });
}

function checkLink(
  d: ReadDigest,
  byKey: ReadonlyMap<string, ReadDigest>,
  older: ReadDigest | undefined,
  whereIs: WhereIs,
): Finding[] {
  const { previousDigestS3Bucket: bucket, previousDigestS3Object: link } = d.digest;
  if (link === null || bucket === null) {
    if (!older) return [];
    const gap = `a new chain starts here; nothing is said of ${older.digest.digestEndTime} to ${d.digest.digestStartTime}`;
    return [finding('chain-restarted', d.key, gap)];
  }
  const isInSameBucket = bucket === d.digest.digestS3Bucket;
  const previous = isInSameBucket ? byKey.get(link) : undefined;
  if (!previous) return checkAbsent(d, whereIs(link, isInSameBucket));
  return checkPrevious(d, previous);
}

/** Checks a digest against the one that it names as its predecessor. */
export function checkPrevious(d: ReadDigest, previous: ReadDigest): Finding[] {
  const link = previous.key;
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

function checkAbsent({ key, digest }: ReadDigest, where: Whereabouts): Finding[] {
  const { previousDigestS3Bucket: bucket, previousDigestS3Object: link } = digest;
  if (where === 'there') return [];
  return where === 'gone'
    ? [finding('digest-missing', link!, `the digest that ${key} names as its predecessor is gone`)]
    : [
        finding(
          'chain-begins-elsewhere',
          key,
          `the digest before it is s3://${bucket}/${link}: verify what lies there, too`,
        ),
      ];
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
