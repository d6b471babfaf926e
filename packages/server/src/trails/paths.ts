/**
 * Where log files and digests stand in a bucket (spec: delivery §1, integrity §1, validate-logs §2). Built by the
 * follower that delivers, parsed by `opentrail verify`; times are ms since the epoch.
 */

/** The folder of each kind of log file, which its name repeats. Records of different kinds never share a file. */
export const LOG_FILE_KINDS = [
  'CloudTrail',
  'CloudTrail-Insight',
  'CloudTrail-NetworkActivity',
  'CloudTrail-Aggregated',
] as const;
export type LogFileKind = (typeof LOG_FILE_KINDS)[number];

interface Place {
  /** The trail's S3KeyPrefix, without slash at its end; undefined for none. */
  readonly prefix?: string | undefined;
  /** `o-…`, of an organization trail. */
  readonly organizationId?: string | undefined;
  /** Whose events, and of which Region; for a digest: of the files that it covers. */
  readonly accountId: string;
  readonly region: string;
}

export interface LogFilePlace extends Place {
  readonly kind: LogFileKind;
  /** Delivery time; a key keeps its minute. */
  readonly timeMs: number;
  /** 16 characters `[A-Za-z0-9]` that only prevent overwriting. */
  readonly unique: string;
}

export interface DigestPlace extends Place {
  readonly trailName: string;
  readonly homeRegion: string;
  /** digestEndTime; a key keeps its second. */
  readonly endMs: number;
  /** A digest of files that the original digest missed. */
  readonly backfill?: boolean | undefined;
}

/** How many characters make a log file's name unique. */
export const UNIQUE_CHARS = 16;

/** `2026-01-02T03:04:05Z`: how CloudTrail writes every time. */
export const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, -5)}Z`;

/** `20260102T030405Z` */
export const compactSeconds = (ms: number): string => isoSeconds(ms).replace(/[-:]/g, '');

/** `[prefix/]AWSLogs/[o-…/]<account>/<folder>/<region>`: also what the AWS CLI lists by, so without slash at its end. */
export function folderOf(place: Place, folder: LogFileKind | 'CloudTrail-Digest'): string {
  const parts = [place.prefix, 'AWSLogs', place.organizationId, place.accountId, folder, place.region];
  return parts.filter((part) => part !== undefined && part !== '').join('/');
}

export function logFileKey(place: LogFilePlace): string {
  const stamp = compactSeconds(place.timeMs);
  const minute = `${stamp.slice(0, 13)}Z`;
  const name = `${place.accountId}_${place.kind}_${place.region}_${minute}_${place.unique}.json.gz`;
  return `${folderOf(place, place.kind)}/${datePath(stamp)}/${name}`;
}

export function digestKey(place: DigestPlace): string {
  const stamp = compactSeconds(place.endMs);
  const { accountId, region, trailName, homeRegion } = place;
  const name = `${accountId}_CloudTrail-Digest_${region}_${trailName}_${homeRegion}_${stamp}`;
  return `${folderOf(place, 'CloudTrail-Digest')}/${datePath(stamp)}/${name}${place.backfill ? '_backfill' : ''}.json.gz`;
}

/** `20260102T…` → `2026/01/02` */
const datePath = (stamp: string): string => `${stamp.slice(0, 4)}/${stamp.slice(4, 6)}/${stamp.slice(6, 8)}`;

const FOLDER = String.raw`^(?:(?<prefix>.+)/)?AWSLogs/(?:(?<organizationId>o-[a-z0-9]+)/)?(?<accountId>\d{12})`;
const REGION_AND_DATE = String.raw`(?<region>[A-Za-z0-9-]+)/(?<date>\d{4}/\d{2}/\d{2})/\k<accountId>`;
const LOG_FILE = new RegExp(
  `${FOLDER}/(?<kind>CloudTrail(?:-Insight|-NetworkActivity|-Aggregated)?)/${REGION_AND_DATE}` +
    String.raw`_\k<kind>_\k<region>_(?<stamp>\d{8}T\d{4}Z)_(?<unique>[A-Za-z0-9]{16})\.json\.gz$`,
);
const DIGEST = new RegExp(
  String.raw`${FOLDER}/CloudTrail-Digest/${REGION_AND_DATE}_CloudTrail-Digest_\k<region>` +
    String.raw`_(?<trailName>[A-Za-z0-9._-]+)_(?<homeRegion>[a-z0-9-]+)_(?<stamp>\d{8}T\d{6}Z)(?<backfill>_backfill)?\.json\.gz$`,
);

/** What a key says, or undefined when it is not a log file's. */
export function parseLogFileKey(key: string): LogFilePlace | undefined {
  const found = LOG_FILE.exec(key)?.groups;
  const timeMs = found && timeIn(found);
  if (timeMs === undefined) return undefined;
  return { ...placeOf(found!), kind: found!.kind as LogFileKind, timeMs, unique: found!.unique! };
}

/** What a key says, or undefined when it is not a digest's. */
export function parseDigestKey(key: string): DigestPlace | undefined {
  // Most keys of a bucket are log files', and the expression goes through each several times.
  const found = key.includes('/CloudTrail-Digest/') ? DIGEST.exec(key)?.groups : undefined;
  const endMs = found && timeIn(found);
  if (endMs === undefined) return undefined;
  return {
    ...placeOf(found!),
    trailName: found!.trailName!,
    homeRegion: found!.homeRegion!,
    endMs,
    ...(found!.backfill === undefined ? {} : { backfill: true }),
  };
}

const placeOf = (found: Groups) => ({
  ...(found.prefix === undefined ? {} : { prefix: found.prefix }),
  ...(found.organizationId === undefined ? {} : { organizationId: found.organizationId }),
  accountId: found.accountId!,
  region: found.region!,
});

type Groups = Readonly<Record<string, string | undefined>>;

/** Of a name's stamp, when it is of the folder's date: ms. undefined also for the 31st of February. */
function timeIn({ date, stamp }: Groups): number | undefined {
  return datePath(stamp!) === date ? timeOfStamp(stamp!) : undefined;
}

/** The last one: a listing has many names of a minute after another. */
let known: { readonly stamp: string; readonly ms: number | undefined } = { stamp: '', ms: undefined };

/** `20260102T0304Z` or `20260102T030405Z` → ms */
function timeOfStamp(stamp: string): number | undefined {
  if (known.stamp !== stamp) {
    const [, y, mo, d, h, mi, s = '00'] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?Z$/.exec(stamp) ?? [];
    const ms = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
    const isTime = !Number.isNaN(ms) && compactSeconds(ms).startsWith(stamp.slice(0, -1));
    known = { stamp, ms: isTime ? ms : undefined };
  }
  return known.ms;
}
