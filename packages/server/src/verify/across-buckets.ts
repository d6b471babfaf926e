import { OperatorError } from '../base/errors.ts';
import { checkPrevious, type ReadDigest } from './chain.ts';
import { type VerifiedPlace, type VerifyInput, type VerifyResult, verifyPlace } from './check.ts';
import { type Finding, finding } from './findings.ts';
import { TrailEvents } from './trail-events.ts';
import { digestVerdicts, type ObjectVerdict } from './verdicts.ts';

/** One bucket of a trail, and what was found there, without what is found of the links between buckets. */
interface Visited extends VerifiedPlace {
  /** undefined where the verification began: what lies there is named by its key alone. */
  readonly bucket: string | undefined;
  /** Digests whose predecessor in another bucket has been looked at: that it lies elsewhere is settled. */
  readonly settled: Set<string>;
  /** Why that could not be looked at, by the digest's key. */
  readonly unsettled: Map<string, string>;
}

/**
 * Verifies everything that the selection covers. Of a trail that was asked for, also what lies in buckets to which it
 * delivered before: a digest names the bucket of the one before it, and is believed once its signature holds. Where such
 * a bucket cannot be read any more, that is a notice. Objects of these buckets are named by `s3://`.
 * @throws OperatorError when the source cannot tell
 */
export async function verify(input: VerifyInput): Promise<VerifyResult> {
  const visited = new Map<string | undefined, Visited>();
  const events = new TrailEvents();
  const visit = async (bucket: string | undefined, more: Partial<VerifyInput>): Promise<Visited> => {
    const place = {
      bucket,
      settled: new Set<string>(),
      unsettled: new Map<string, string>(),
      ...(await verifyPlace({ ...input, events, ...more })),
    };
    visited.set(bucket ?? input.source.bucket, place);
    return place;
  };
  const first = await visit(undefined, {});
  const between: Finding[] = [];
  const queue = first.leads.map((from) => ({ from, of: first }));
  // It grows while it is gone through.
  for (const { from, of } of queue) {
    const { previousDigestS3Bucket: bucket, previousDigestS3Object: key } = from.digest;
    if (bucket === null || key === null || input.selection.trailName === undefined) continue;
    let place = visited.get(bucket);
    if (!place) {
      const former = formerPlace(input, bucket, key, [...visited.values()]);
      if (!former) continue;
      try {
        place = await visit(bucket, former);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        of.unsettled.set(from.key, error.message);
        continue; // the notice that it lies elsewhere stands
      }
      for (const lead of place.leads) queue.push({ from: lead, of: place });
    }
    const found = checkLead(from, place, key);
    if (!found) continue;
    of.settled.add(from.key);
    between.push(...found.of.map(named(of.bucket)), ...found.gone.map(named(place.bucket)));
    for (const verdict of digestVerdicts([], [], found.gone)) input.onVerdict?.(inBucket(place.bucket, verdict));
  }
  return sum([...visited.values()], between);
}

/** How a bucket is verified to which the trail delivered formerly; undefined for a source that can look into one only. */
function formerPlace(
  { source, selection, unvalidatedElsewhere, onVerdict }: VerifyInput,
  bucket: string,
  key: string,
  visited: readonly Visited[],
): Partial<VerifyInput> | undefined {
  if (!source.inBucket) return undefined;
  return {
    source: source.inBucket(bucket),
    selection: { ...selection, prefix: key.slice(0, key.indexOf('AWSLogs/') + 'AWSLogs/'.length) },
    // What the service says of the trail's newest digest is said of another bucket.
    latestDigestDeliveryMs: new Map(),
    unvalidatedPrefixes: unvalidatedElsewhere?.get(bucket) ?? new Set(),
    listedElsewhere: new Set(visited.flatMap((place) => [...(place.listsElsewhere.get(bucket) ?? [])])),
    ...(onVerdict && { onVerdict: (verdict) => onVerdict(inBucket(bucket, verdict)) }),
  };
}

/** @returns what is wrong with the digest and with its predecessor; undefined where nobody has looked for that */
function checkLead(
  from: ReadDigest,
  { seen, covers }: VerifiedPlace,
  key: string,
): { readonly of: readonly Finding[]; readonly gone: readonly Finding[] } | undefined {
  const previous = seen.get(key);
  if (previous) return { of: checkPrevious(from, previous), gone: [] };
  if (seen.has(key)) return { of: [], gone: [] }; // it is there, and was found to be unreadable
  const message = `the digest that ${from.key} names as its predecessor is gone`;
  return covers(key) ? { of: [], gone: [finding('digest-missing', key, message)] } : undefined;
}

const named =
  (bucket: string | undefined) =>
  (found: Finding): Finding =>
    bucket === undefined || found.object.startsWith('s3://')
      ? found
      : { ...found, object: `s3://${bucket}/${found.object}` };

const inBucket = (bucket: string | undefined, verdict: ObjectVerdict): ObjectVerdict =>
  bucket === undefined ? verdict : { bucket, ...verdict };

function sum(places: readonly Visited[], between: readonly Finding[]): VerifyResult {
  const total = (numberOf: (place: Visited) => number) => places.reduce((all, place) => all + numberOf(place), 0);
  const own = places.flatMap(({ bucket, settled, unsettled, findings }) =>
    findings.flatMap((found) => {
      const leads = found.code === 'chain-begins-elsewhere';
      if (leads && settled.has(found.object)) return [];
      const why = leads ? unsettled.get(found.object) : undefined;
      return named(bucket)(why === undefined ? found : { ...found, message: `${found.message}. ${why}` });
    }),
  );
  return {
    digests: { checked: total((place) => place.digests.checked), valid: total((place) => place.digests.valid) },
    logFiles: { checked: total((place) => place.logFiles.checked), valid: total((place) => place.logFiles.valid) },
    records: total((place) => place.records),
    findings: [...own, ...between],
  };
}
