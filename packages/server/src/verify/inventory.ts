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
  /** By id. Grows while it is gone through, where a chain leads to a place that was not listed yet. */
  readonly chains: ReadonlyMap<string, Chain>;
  readonly logFiles: readonly ListedLogFile[];
  /** Lists a further place of the bucket. */
  add(prefix: string): Promise<void>;
  /** Whether an object of this key would be among the keys. */
  covers(key: string): boolean;
}

export interface Selection {
  readonly prefix: string;
  readonly trailName?: string | undefined;
  readonly homeRegion?: string | undefined;
  readonly accountId?: string | undefined;
  readonly region?: string | undefined;
}

/**
 * Lists the bucket once and sorts what is there into chains and log files. Of a trail that was asked for, a chain is one
 * whatever prefix its parts lie under: the trail's prefix may have been changed. Else the prefix tells trails of the same
 * name apart.
 */
export async function takeInventory(source: Source, selection: Selection): Promise<Inventory> {
  const keys = new Set<string>();
  const prefixes: string[] = [];
  const chains = new Map<string, Chain & { readonly digests: ListedDigest[] }>();
  const logFiles: ListedLogFile[] = [];
  const wanted = (place: { accountId: string; region: string }) =>
    (selection.accountId ?? place.accountId) === place.accountId && (selection.region ?? place.region) === place.region;
  const isSelected = ({ trailName, homeRegion }: DigestPlace) =>
    (selection.trailName ?? trailName) === trailName && (selection.homeRegion ?? homeRegion) === homeRegion;

  function addDigest(object: ListedObject, place: DigestPlace): void {
    const { accountId, region, trailName, homeRegion, backfill } = place;
    const selected = isSelected(place);
    const prefix = selected && selection.trailName !== undefined ? '' : (place.prefix ?? '');
    const id = [prefix, accountId, region, trailName, homeRegion, backfill ? 'backfill' : ''].join(' ');
    const trail = `${prefix} ${trailName} ${homeRegion}`;
    const chain = chains.get(id) ?? { id, trail, accountId, region, selected, digests: [] };
    chain.digests.push({ ...object, place });
    chains.set(id, chain);
  }

  async function add(prefix: string): Promise<void> {
    prefixes.push(prefix);
    for await (const object of source.list(prefix)) {
      if (keys.has(object.key)) continue;
      keys.add(object.key);
      const logFile = parseLogFileKey(object.key);
      if (logFile && wanted(logFile)) logFiles.push({ ...object, place: logFile });
      const place = parseDigestKey(object.key);
      if (place && wanted(place)) addDigest(object, place);
    }
    for (const { digests } of chains.values()) digests.sort((a, b) => a.place.endMs - b.place.endMs);
  }

  await add(selection.prefix);
  return { keys, chains, logFiles, add, covers: (key) => prefixes.some((prefix) => key.startsWith(prefix)) };
}
