import { type Finding, finding } from './findings.ts';
import type { Chain, ListedDigest, ListedLogFile } from './inventory.ts';

/** A log file is named by the minute of its delivery, so it may have come up to this much after what its name says. */
export const NAME_PRECISION_MS = 60_000;
/** A digest is written some minutes after the hour that it covers; later than this it is overdue. */
const DIGEST_GRACE_MS = 15 * 60_000;
/** Demos and tests have digests every few seconds: there the grace is this many of them. */
const DIGEST_GRACE_SPANS = 5;

const graceMs = (spanMs: number): number => Math.min(DIGEST_GRACE_MS, DIGEST_GRACE_SPANS * spanMs);
/** Between a digest's arrival, as the trail's status tells it, and the object's own time. */
const STATUS_TOLERANCE_MS = 60_000;

/** Between a chain's end and its new beginning, ms since the epoch: nobody vouches for what was delivered then. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface CoverageInput {
  readonly chains: readonly Chain[];
  readonly logFiles: readonly ListedLogFile[];
  /** Keys that some digest in the bucket lists, whatever trail. */
  readonly listedKeys: ReadonlySet<string>;
  readonly startMs: number;
  readonly endMs: number;
  readonly isOpenEnded?: boolean;
  /** How long the newest digest of a chain covers, by chain id. */
  readonly digestSpanMs: ReadonlyMap<string, number>;
  /** By chain id. */
  readonly gaps: ReadonlyMap<string, readonly Gap[]>;
  /** When the service says it last delivered a digest, by account and Region (`deliveryOf`); undefined where nobody says. */
  readonly latestDigestDeliveryMs: ReadonlyMap<string, number>;
  /** Where some trail without validation delivers too, so that files which no digest lists are to be expected. */
  readonly unvalidatedPrefixes: ReadonlySet<string>;
}

/**
 * Compares what is in the bucket with what the digests vouch for: log files that no digest lists, digests cut off at
 * the end, Regions without any. The AWS CLI starts from the newest digest that it finds and never looks beyond.
 */
export function checkCoverage(input: CoverageInput): Finding[] {
  // The service was asked of one trail: of others that deliver here too it says nothing.
  const selected = input.chains.filter((chain) => chain.selected);
  const found = selected.flatMap((chain) => checkEnd(chain, input));
  for (const [stream, deliveredMs] of input.latestDigestDeliveryMs) {
    if (!selected.some((chain) => deliveryOf(chain) === stream)) found.push(goneWhole(stream, deliveredMs, selected));
  }
  for (const [folder, files] of groupByFolder(input.logFiles)) found.push(...checkFolder(folder, files, input));
  return found;
}

export const deliveryOf = ({ accountId, region }: { readonly accountId: string; readonly region: string }): string =>
  `${accountId} ${region}`;

/** The service's own word that a newer digest was delivered than the newest that is here. */
function checkEnd(chain: Chain, { latestDigestDeliveryMs, digestSpanMs }: CoverageInput): Finding[] {
  const newest = chain.digests.at(-1);
  const deliveredMs = latestDigestDeliveryMs.get(deliveryOf(chain));
  if (!newest?.lastModifiedMs || newest.place.backfill || deliveredMs === undefined) return [];
  const spanMs = digestSpanMs.get(chain.id) ?? 0;
  const laterThanObject = deliveredMs > newest.lastModifiedMs + STATUS_TOLERANCE_MS;
  // Of a range without digests of the chain nobody has looked how long one covers.
  const laterThanContent = spanMs > 0 && deliveredMs > newest.place.endMs + spanMs + graceMs(spanMs);
  if (!laterThanObject && !laterThanContent) return [];
  const when = new Date(deliveredMs).toISOString();
  return [
    finding('chain-truncated', newest.key, `it is the newest here, but the trail delivered a later digest at ${when}`),
  ];
}

/**
 * The service delivered digests of which not one is here. Where another chain of the trail shows that it delivered here by
 * then, they were deleted; else the trail may have been moved here since.
 */
function goneWhole(stream: string, deliveredMs: number, selected: readonly Chain[]): Finding {
  const [accountId, region] = stream.split(' ');
  const what = `the trail delivered a digest of ${region} at ${new Date(deliveredMs).toISOString()}, and not one is here`;
  const isEarlier = ({ place, lastModifiedMs = place.endMs }: ListedDigest) =>
    Math.max(place.endMs, lastModifiedMs) <= deliveredMs;
  const witness = selected.find((chain) => chain.accountId === accountId && chain.digests.some(isEarlier));
  if (!witness) return finding('chain-absent', `${accountId}/CloudTrail-Digest/${region}/`, what);
  const folder = witness.digests[0]!.key.replace(/\/CloudTrail-Digest\/.*$/, `/CloudTrail-Digest/${region}/`);
  return finding('chain-truncated', folder, what);
}

function checkFolder(folder: string, files: readonly ListedLogFile[], input: CoverageInput): Finding[] {
  const { accountId, region } = files[0]!.place;
  const chains = input.chains.filter((c) => c.accountId === accountId && c.region === region && c.digests.length > 0);
  const inRange = files.filter(
    ({ place: { timeMs } }) =>
      timeMs + NAME_PRECISION_MS > input.startMs && (input.isOpenEnded || timeMs <= input.endMs),
  );
  const unlisted = inRange.filter((f) => !input.listedKeys.has(f.key));
  if (unlisted.length === 0) return [];
  const root = folder.slice(0, folder.indexOf('AWSLogs/'));
  if (input.unvalidatedPrefixes.has(root)) {
    return [
      finding(
        'log-files-of-unvalidated-trail',
        folder,
        `${unlisted.length} log files are in no digest; a trail without validation delivers here too`,
      ),
    ];
  }
  if (chains.length === 0) {
    return [
      finding(
        'log-files-without-digests',
        folder,
        `${unlisted.length} log files, and not one digest that could vouch for them`,
      ),
    ];
  }
  const firstStartMs = Math.min(
    ...chains.map((c) => coveredUntilMs(c.digests[0]!) - (input.digestSpanMs.get(c.id) ?? 0)),
  );
  const lastEndMs = Math.max(...chains.map((c) => coveredUntilMs(c.digests.at(-1)!)));
  const spanMs = Math.max(...chains.map((c) => input.digestSpanMs.get(c.id) ?? 0));
  const before = unlisted.filter((f) => f.place.timeMs + NAME_PRECISION_MS <= firstStartMs);
  const after = unlisted.filter((f) => f.place.timeMs >= lastEndMs - NAME_PRECISION_MS);
  const between = unlisted.filter((f) => !before.includes(f) && !after.includes(f));
  const gaps = chains.filter((c) => isIn(root, c)).flatMap((c) => input.gaps.get(c.id) ?? []);
  const inGap = between.filter(({ place: { timeMs } }) =>
    gaps.some(({ fromMs, toMs }) => timeMs + NAME_PRECISION_MS > fromMs && timeMs < toMs),
  );
  const within = between.filter((f) => !inGap.includes(f));
  const overdue = after.filter(
    (f) => f.place.timeMs > lastEndMs && input.endMs - f.place.timeMs > spanMs + graceMs(spanMs) + NAME_PRECISION_MS,
  );
  return [
    ...within.map((f) =>
      finding('log-file-not-listed', f.key, 'it lies where digests cover everything, and none lists it'),
    ),
    ...(inGap.length > 0
      ? [
          finding(
            'log-files-in-gap',
            folder,
            `${inGap.length} log files came while a trail that delivers here made no digests: nothing is said of them`,
          ),
        ]
      : []),
    ...(before.length > 0
      ? [finding('log-files-before-first-digest', folder, `${before.length} log files are older than the first digest`)]
      : []),
    ...(overdue.length > 0
      ? [
          finding(
            'chain-truncated',
            folder,
            `${overdue.length} log files are overdue for a digest: the newest one ends at ${new Date(lastEndMs).toISOString()}`,
          ),
        ]
      : []),
    ...(after.length > overdue.length
      ? [
          finding(
            'log-files-not-covered-yet',
            folder,
            `${after.length - overdue.length} log files came after the newest digest`,
          ),
        ]
      : []),
  ];
}

/** Whether some of the chain lies under this prefix. */
const isIn = (root: string, { digests }: Chain): boolean =>
  digests.some(({ key }) => key.startsWith(`${root}AWSLogs/`));

/**
 * A digest lists what was there when it was made. Its name says a later time where the service's clock had been ahead
 * before, since the ends of a chain only rise; then the store's time is the right one.
 */
const coveredUntilMs = ({ place, lastModifiedMs = Number.NaN }: ListedDigest): number =>
  lastModifiedMs < place.endMs ? lastModifiedMs : place.endMs;

function groupByFolder(files: readonly ListedLogFile[]): Map<string, ListedLogFile[]> {
  const groups = new Map<string, ListedLogFile[]>();
  for (const file of files) {
    const folder = file.key.replace(/\/\d{4}\/\d\d\/\d\d\/[^/]+$/, '/');
    const group = groups.get(folder);
    if (group) group.push(file);
    else groups.set(folder, [file]);
  }
  return groups;
}
