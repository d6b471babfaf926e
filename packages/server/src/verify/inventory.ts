import { type DigestPlace, type LogFilePlace, parseDigestKey, parseLogFileKey } from '../trails/paths.ts';
import type { ListedObject, Source } from './source.ts';

export interface ListedDigest extends ListedObject {
  readonly place: DigestPlace;
}

export interface ListedLogFile extends ListedObject {
  readonly place: LogFilePlace;
}

/** One trail's digests of one account and Region; backfill digests are chains of their own. */
export interface Chain {
  readonly id: string;
  /** The trail that it belongs to, whatever account and Region: eventIDs are unique within it. */
  readonly trail: string;
  readonly accountId: string;
  readonly region: string;
  /** Whether it is to be verified, or is only read for what it lists. */
  readonly selected: boolean;
  readonly digests: readonly ListedDigest[];
}

export interface Inventory {
  readonly keys: ReadonlySet<string>;
  readonly chains: readonly Chain[];
  readonly logFiles: readonly ListedLogFile[];
}

export interface Selection {
  readonly prefix: string;
  readonly trailName?: string | undefined;
  readonly homeRegion?: string | undefined;
  readonly accountId?: string | undefined;
  readonly region?: string | undefined;
}

/** Lists the bucket once and sorts what is there into chains and log files. */
export async function takeInventory(source: Source, selection: Selection): Promise<Inventory> {
  const keys = new Set<string>();
  const chains = new Map<string, { place: DigestPlace; digests: ListedDigest[] }>();
  const logFiles: ListedLogFile[] = [];
  const wanted = (place: { accountId: string; region: string }) =>
    (selection.accountId ?? place.accountId) === place.accountId && (selection.region ?? place.region) === place.region;
  for await (const object of source.list(selection.prefix)) {
    keys.add(object.key);
    const logFile = parseLogFileKey(object.key);
    if (logFile && wanted(logFile)) logFiles.push({ ...object, place: logFile });
    const place = parseDigestKey(object.key);
    if (!place || !wanted(place)) continue;
    const id = [
      place.prefix ?? '',
      place.accountId,
      place.region,
      place.trailName,
      place.homeRegion,
      place.backfill ? 'backfill' : '',
    ].join(' ');
    const chain = chains.get(id) ?? { place, digests: [] };
    chain.digests.push({ ...object, place });
    chains.set(id, chain);
  }
  return {
    keys,
    logFiles,
    chains: [...chains].map(([id, { place, digests }]) => ({
      id,
      trail: `${place.prefix ?? ''} ${place.trailName} ${place.homeRegion}`,
      accountId: place.accountId,
      region: place.region,
      selected:
        (selection.trailName ?? place.trailName) === place.trailName &&
        (selection.homeRegion ?? place.homeRegion) === place.homeRegion,
      digests: digests.sort((a, b) => a.place.endMs - b.place.endMs),
    })),
  };
}
