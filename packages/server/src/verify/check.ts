import type { DigestLogFile } from '../trails/digest.ts';
import { LOG_FILE_KINDS, parseDigestKey, parseLogFileKey } from '../trails/paths.ts';
import { checkChain, gapsIn, type ReadDigest, type WhereIs } from './chain.ts';
import { checkDigest, type OpenedDigest, openDigest, type PublicKeys, withSignature } from './check-digest.ts';
import { type LogFileToRead, type ReadLogFile, readLogFile } from './check-log-file.ts';
import { checkCoverage, deliveryOf, type Gap } from './coverage.ts';
import { fetchEach } from './fetch.ts';
import { type Finding, finding } from './findings.ts';
import { type Chain, type Inventory, type ListedDigest, type Selection, takeInventory } from './inventory.ts';
import { inParallel } from './parallel.ts';
import type { Source } from './source.ts';
import { TrailEvents } from './trail-events.ts';
import { digestVerdicts, logFileVerdict, type ObjectVerdict, unlistedVerdicts } from './verdicts.ts';

export interface VerifyInput {
  readonly source: Source;
  readonly selection: Selection;
  readonly startMs: number;
  readonly endMs: number;
  /** Nobody asked for an end, which is merely now: what bears a later time, since a clock was ahead, is in the range too. */
  readonly isOpenEnded?: boolean;
  /** The public keys of a Region that may have signed between these times. */
  readonly publicKeys: (region: string, startMs: number, endMs: number) => Promise<PublicKeys>;
  readonly latestDigestDeliveryMs: ReadonlyMap<string, number>;
  /** Of the bucket, where some trail without validation delivers: '' or a trail's prefix with its slash. */
  readonly unvalidatedPrefixes: ReadonlySet<string>;
  /** The same of other buckets, by their names. */
  readonly unvalidatedElsewhere?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Log files of this bucket that digests in other buckets list. */
  readonly listedElsewhere?: ReadonlySet<string>;
  /** What is known of the events of other buckets' log files. Default: nothing. */
  readonly events?: TrailEvents;
  /** Objects read at once. */
  readonly concurrency: number;
  readonly onProgress: (done: number, total: number, text: string) => void;
  /** Hears of each digest and log file, once, in no particular order. */
  readonly onVerdict?: (verdict: ObjectVerdict) => void;
  /** Reads all log files, where that is to be done by further threads. Default: here. */
  readonly readAll?: ReadAll;
}

/**
 * @param concurrency files read at once
 * @param onRead hears of each file, in no particular order
 * @throws OperatorError when the source cannot tell
 */
export type ReadAll = (
  files: readonly LogFileToRead[],
  concurrency: number,
  onRead: (index: number, read: ReadLogFile) => void,
) => Promise<void>;

export interface VerifyResult {
  readonly digests: { readonly checked: number; readonly valid: number };
  readonly logFiles: { readonly checked: number; readonly valid: number };
  readonly records: number;
  readonly findings: readonly Finding[];
}

/** What was found in one bucket, and what it leads to. */
export interface VerifiedPlace extends VerifyResult {
  /** The digests in the range of chains that were asked for, by key; undefined for what could not be read. */
  readonly seen: ReadonlyMap<string, ReadDigest | undefined>;
  /** Of these the sound ones that name a predecessor in another bucket, which is in the range as well. */
  readonly leads: readonly ReadDigest[];
  /** Log files of other buckets that digests here list, by bucket. */
  readonly listsElsewhere: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether an object of this key would have been found. */
  covers(key: string): boolean;
}

export type Verdict = 'valid' | 'invalid' | 'nothing-found';

export function verdictOf(result: VerifyResult): Verdict {
  if (result.findings.some((f) => f.severity === 'invalid')) return 'invalid';
  return result.digests.checked === 0 ? 'nothing-found' : 'valid';
}

interface Listing {
  readonly trail: string;
  /** Of the digest that lists it. */
  readonly digestStartMs: number;
  readonly digestEndMs: number;
  readonly chain: Chain;
  readonly key: string;
  readonly file: DigestLogFile;
}

/** Two hours, as the AWS CLI asks beyond its range: digests are signed some time after what they cover. */
const KEY_MARGIN_MS = 2 * 3_600_000;

/** Verifies what of the selection lies in the source's bucket. Reads each object once, many at a time. */
export async function verifyPlace(input: VerifyInput): Promise<VerifiedPlace> {
  const inventory = await takeInventory(input.source, input.selection);
  const findings: Finding[] = [];
  const listings: Listing[] = [];
  const listedKeys = new Set<string>(input.listedElsewhere);
  const listsElsewhere = new Map<string, Set<string>>();
  const seen = new Map<string, ReadDigest | undefined>();
  const leads: ReadDigest[] = [];
  const digestSpanMs = new Map<string, number>();
  const gaps = new Map<string, readonly Gap[]>();
  let checked = 0;
  let valid = 0;
  const total = () => [...inventory.chains.values()].reduce((sum, chain) => sum + inRange(chain, input).length, 0);
  for (const chain of inventory.chains.values()) {
    const opened = await openWhole(chain, inventory, input);
    for (const { digest } of opened.digests)
      for (const f of digest.logFiles) listedKeys.add(keyIn(input.source, f.s3Object, inventory));
    gaps.set(chain.id, gapsIn(opened.digests));
    if (!chain.selected) continue;
    const found: Finding[] = [];
    const sound = await checkDigests(chain, opened.digests, input, found);
    found.push(...opened.problems, ...checkChain(opened.digests, whereIn(inventory, input)));
    findings.push(...found);
    digestVerdicts(inRange(chain, input), opened.digests, found).forEach((verdict) => void input.onVerdict?.(verdict));
    for (const { key } of inRange(chain, input)) seen.set(key, undefined);
    for (const d of opened.digests) seen.set(d.key, d);
    leads.push(...sound.filter((d) => leadsElsewhere(d, input)));
    for (const listing of listingsOf(chain, sound, inventory, input)) listings.push(listing);
    for (const { digest } of sound)
      for (const { s3Bucket, s3Object } of digest.logFiles)
        if (s3Bucket !== digest.digestS3Bucket) setOf(listsElsewhere, s3Bucket).add(s3Object);
    digestSpanMs.set(chain.id, spanOf(opened.digests));
    checked += opened.digests.length + opened.problems.length;
    valid += sound.length;
    input.onProgress(checked, total(), 'digests');
  }
  const chains = [...inventory.chains.values()];
  const coverage = { ...input, chains, logFiles: inventory.logFiles, listedKeys, digestSpanMs, gaps };
  const beyond = await listingsBeyond(input, inventory, checkCoverage(coverage));
  for (const { key } of beyond) listedKeys.add(key);
  listings.push(...beyond.filter(({ chain }) => chain.selected));
  const uncovered = checkCoverage(coverage);
  const logs = await checkLogFiles(listings, inventory, input);
  findings.push(...logs.findings, ...uncovered);
  for (const verdict of unlistedVerdicts(uncovered)) input.onVerdict?.(verdict);
  return {
    digests: { checked, valid },
    logFiles: { checked: logs.checked, valid: logs.valid },
    records: logs.records,
    findings,
    seen,
    leads,
    listsElsewhere,
    covers: inventory.covers,
  };
}

/**
 * What digests beyond the range say of log files in it that none in the range lists. A log file is named by when it was
 * made: one that its bucket refused for hours is in a digest of much later, and one of the minute in which the range begins
 * may be in one that ends before it. Such a digest is believed once its own signature holds.
 */
async function listingsBeyond(
  input: VerifyInput,
  inventory: Inventory,
  uncovered: readonly Finding[],
): Promise<Listing[]> {
  const missed = uncovered.filter(({ code }) => code === 'log-file-not-listed');
  if (missed.length === 0) return [];
  const keys = new Set(missed.map(({ object }) => object));
  const places = missed.flatMap(({ object }) => parseLogFileKey(object) ?? []);
  const streams = new Set(places.map(deliveryOf));
  const oldestMs = Math.min(...places.map(({ timeMs }) => timeMs));
  const found: Listing[] = [];
  for (const chain of inventory.chains.values()) {
    if (!streams.has(deliveryOf(chain))) continue;
    const read = new Set(inRange(chain, input));
    const beyond = chain.digests.filter((d) => !read.has(d) && d.place.endMs >= oldestMs - KEY_MARGIN_MS);
    const { digests } = await openChain(beyond, input);
    const sound = await checkDigests(chain, digests, input, []);
    found.push(...listingsOf(chain, sound, inventory, input).filter(({ key }) => keys.has(key)));
  }
  return found;
}

function listingsOf(
  chain: Chain,
  digests: readonly OpenedDigest[],
  inventory: Inventory,
  { source }: VerifyInput,
): Listing[] {
  return digests.flatMap(({ digest }) => {
    const digestStartMs = Date.parse(digest.digestStartTime);
    const digestEndMs = Date.parse(digest.digestEndTime);
    return digest.logFiles.map((file) => {
      const key = keyIn(source, file.s3Object, inventory);
      return { trail: chain.trail, digestStartMs, digestEndMs, chain, key, file };
    });
  });
}

function leadsElsewhere({ digest }: ReadDigest, { startMs }: VerifyInput): boolean {
  const { digestS3Bucket, previousDigestS3Bucket, previousDigestS3Object: link } = digest;
  if (link === null || previousDigestS3Bucket === null || previousDigestS3Bucket === digestS3Bucket) return false;
  return (parseDigestKey(link)?.endMs ?? Number.NEGATIVE_INFINITY) >= startMs;
}

function setOf(sets: Map<string, Set<string>>, name: string): Set<string> {
  const set = sets.get(name) ?? new Set();
  sets.set(name, set);
  return set;
}

/** Digests whose hour ends in the range, and the one after it, which covers what arrived at the range's very end. */
const inRange = (chain: Chain, { startMs, endMs, isOpenEnded }: VerifyInput) =>
  chain.digests.filter(({ place }) => place.endMs >= startMs && (isOpenEnded || place.endMs <= endMs + KEY_MARGIN_MS));

/** Opens a chain, also what of it lies where the trail delivered before its prefix was changed. */
async function openWhole(chain: Chain, inventory: Inventory, input: VerifyInput) {
  const followed = new Set<string>();
  for (;;) {
    const opened = await openChain(inRange(chain, input), input);
    if (!chain.selected || input.selection.trailName === undefined) return opened;
    const former = formerFolders(opened.digests, inventory, input).filter((folder) => !followed.has(folder));
    if (former.length === 0) return opened;
    for (const folder of former) {
      followed.add(folder);
      await inventory.add(folder);
    }
  }
}

/** Folders with digests, and with log files, of which the chain names some and none was listed. */
function formerFolders(digests: readonly OpenedDigest[], { keys }: Inventory, { startMs }: VerifyInput): string[] {
  const links = digests.flatMap(
    ({ digest: { digestS3Bucket, previousDigestS3Bucket, previousDigestS3Object: link } }) => {
      const place = link === null || keys.has(link) ? undefined : parseDigestKey(link);
      return place && place.endMs >= startMs && previousDigestS3Bucket === digestS3Bucket ? [link!] : [];
    },
  );
  const folders = links.map((link) => link.replace(/\/\d{4}\/\d\d\/\d\d\/[^/]+$/, '/'));
  const kinds = ['CloudTrail-Digest', ...LOG_FILE_KINDS];
  const foldersOf = (folder: string) => kinds.map((kind) => folder.replace('/CloudTrail-Digest/', `/${kind}/`));
  return [...new Set(folders.flatMap(foldersOf))];
}

async function openChain(
  listed: readonly ListedDigest[],
  { source, concurrency }: VerifyInput,
): Promise<{ digests: OpenedDigest[]; problems: Finding[] }> {
  const keys = listed.map(({ key }) => key);
  const results = await fetchEach(source, source.bucket, keys, concurrency, (object, i) =>
    openDigest(listed[i]!, object),
  );
  const opened = results.filter((r): r is OpenedDigest => 'digest' in r);
  const bySuccession = new Map(opened.map((d) => [d.digest.previousDigestS3Object, d]));
  return {
    digests: opened.map((d) => withSignature(d, bySuccession.get(d.digest.digestS3Object))),
    problems: results.filter((r): r is Finding => 'severity' in r),
  };
}

async function checkDigests(
  chain: Chain,
  digests: readonly OpenedDigest[],
  input: VerifyInput,
  findings: Finding[],
): Promise<OpenedDigest[]> {
  if (digests.length === 0) return [];
  const ends = digests.map((d) => Date.parse(d.digest.digestEndTime)).filter((ms) => !Number.isNaN(ms));
  const keys = await input.publicKeys(chain.region, Math.min(...ends), Math.max(...ends) + KEY_MARGIN_MS);
  return digests.filter((d) => {
    const wrong = checkDigest(d, input.source, keys);
    findings.push(...wrong);
    return wrong.every((f) => f.severity !== 'invalid');
  });
}

const spanOf = (digests: readonly OpenedDigest[]): number => {
  const newest = digests.at(-1)?.digest;
  return newest ? Date.parse(newest.digestEndTime) - Date.parse(newest.digestStartTime) : 0;
};

const whereIn =
  (inventory: Inventory, { source, startMs }: VerifyInput): WhereIs =>
  (key, isInSameBucket) => {
    if (isInSameBucket && inventory.keys.has(keyIn(source, key, inventory))) return 'there';
    if (isInSameBucket && inventory.covers(key)) return 'gone';
    const place = parseDigestKey(key);
    return place && place.endMs < startMs ? 'there' : 'elsewhere';
  };

/** A folder may hold the copy of a bucket from its prefix on: then keys in it lack what stands before `AWSLogs`. */
function keyIn(source: Source, key: string, { keys }: Inventory): string {
  if (source.bucket !== undefined || keys.has(key)) return key;
  const cut = key.indexOf('AWSLogs/');
  return cut > 0 && keys.has(key.slice(cut)) ? key.slice(cut) : key;
}

async function checkLogFiles(listings: readonly Listing[], { logFiles }: Inventory, input: VerifyInput) {
  const findings: Finding[] = [];
  const once: Listing[] = [];
  const seen = new Set<string>();
  for (const listing of listings) {
    const id = `${listing.trail} ${listing.file.s3Bucket} ${listing.key}`;
    if (seen.has(id))
      findings.push(finding('log-file-listed-twice', listing.key, 'more than one digest of the trail lists it'));
    else once.push(listing);
    seen.add(id);
  }
  // The first digest after a move lists what was delivered before it.
  const isElsewhere = ({ s3Bucket }: DigestLogFile) => (input.source.bucket ?? s3Bucket) !== s3Bucket;
  const nameOf = ({ key, file }: Listing) => (isElsewhere(file) ? `s3://${file.s3Bucket}/${key}` : key);
  const events = input.events ?? new TrailEvents();
  const total = once.length;
  let [checked, valid, records] = [0, 0, 0];
  const note = (file: number, read: ReadLogFile): void => {
    const { trail, key, chain, digestStartMs, digestEndMs, file: listed } = once[file]!;
    const name = nameOf(once[file]!);
    const wrong =
      'wrong' in read
        ? [finding(read.wrong, name, read.message)]
        : events.add(trail, { bucket: listed.s3Bucket, key }, name, read);
    findings.push(...wrong);
    if (wrong.length === 0) valid++;
    if ('records' in read) records += read.records;
    if (input.onVerdict) {
      const verdict = logFileVerdict(key, { ...chain, startMs: digestStartMs, timeMs: digestEndMs }, wrong);
      input.onVerdict(isElsewhere(listed) ? { ...verdict, bucket: listed.s3Bucket } : verdict);
    }
    input.onProgress(++checked, total, 'log files');
  };
  const sizes = new Map(logFiles.map(({ key, sizeBytes }) => [key, sizeBytes]));
  const files = once.map(({ key, file: { s3Bucket, hashValue } }) => {
    return { key, s3Bucket, hashValue, sizeBytes: sizes.get(key) ?? 0 };
  });
  await (input.readAll ?? readHere(input.source))(files, input.concurrency, note);
  return { findings, checked, valid, records };
}

const readHere =
  (source: Source): ReadAll =>
  async (files, concurrency, onRead) => {
    await inParallel(files, concurrency, async (file, i) => onRead(i, await readLogFile(source, file)));
  };
