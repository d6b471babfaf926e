import type { Line, ObjectKind, ObjectLine, ObjectState, ProgressLine, Report, TrailLine } from './lines.ts';

/** Objects that are valid and listed by name; further ones are counted and drawn. Of a year there may be a million. */
const VALID_LISTED_MAX = 20_000;

/** When objects of a state were: milliseconds, in the order in which they came. */
export type Marks = Readonly<Record<ObjectState, readonly number[]>>;

/** The digests and log files of one account and Region. */
export interface Lane {
  readonly accountId: string;
  readonly region: string;
  readonly marks: Readonly<Record<ObjectKind, Marks>>;
}

/** What a verification has told so far. It grows in place: a hundred thousand lines are not copied a thousand times. */
export interface Collected {
  readonly trail?: TrailLine;
  readonly progress?: ProgressLine;
  readonly report?: Report;
  readonly error?: { readonly Code: string; readonly Message: string };
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly counts: Readonly<Record<ObjectKind, Readonly<Record<ObjectState, number>>>>;
  /** All that are not valid, and as many valid ones as are listed. */
  readonly objects: readonly ObjectLine[];
  readonly unlistedValid: number;
}

interface Growing {
  trail?: TrailLine;
  progress?: ProgressLine;
  report?: Report;
  error?: { readonly Code: string; readonly Message: string };
  readonly lanes: Map<string, Lane>;
  readonly counts: Record<ObjectKind, Record<ObjectState, number>>;
  readonly objects: ObjectLine[];
  validListed: number;
  unlistedValid: number;
}

const noCounts = (): Record<ObjectState, number> => ({ valid: 0, missing: 0, changed: 0, unlisted: 0 });
const noMarks = (): Record<ObjectState, number[]> => ({ valid: [], missing: [], changed: [], unlisted: [] });

/** @returns what takes lines in, and what they come to */
export function createCollector(): { take(line: Line): void; snapshot(): Collected } {
  const all: Growing = {
    lanes: new Map(),
    counts: { digest: noCounts(), 'log-file': noCounts() },
    objects: [],
    validListed: 0,
    unlistedValid: 0,
  };

  function take(line: Line): void {
    if (line.Type === 'trail') all.trail = line;
    else if (line.Type === 'progress') all.progress = line;
    else if (line.Type === 'report') all.report = line;
    else if (line.Type === 'error') all.error = line;
    else if (line.Type === 'digest' || line.Type === 'log-file') takeObject(line);
  }

  function takeObject(line: ObjectLine): void {
    all.counts[line.Type][line.State]++;
    const timeMs = Date.parse(line.Time ?? '');
    const marks = laneOf(line).marks[line.Type][line.State] as number[];
    if (Number.isFinite(timeMs)) marks.push(timeMs);
    if (line.State === 'valid' && all.validListed >= VALID_LISTED_MAX) all.unlistedValid++;
    else {
      if (line.State === 'valid') all.validListed++;
      all.objects.push(line);
    }
  }

  function laneOf({ AccountId: accountId, Region: region }: ObjectLine): Lane {
    const name = `${accountId} ${region}`;
    const known = all.lanes.get(name);
    if (known) return known;
    const lane = { accountId, region, marks: { digest: noMarks(), 'log-file': noMarks() } };
    all.lanes.set(name, lane);
    return lane;
  }

  return { take, snapshot: () => ({ ...all }) };
}

/** How many are wrong. */
export const wrongOf = ({ counts }: Collected): number =>
  (['digest', 'log-file'] as const).reduce(
    (sum, kind) => sum + counts[kind].missing + counts[kind].changed + counts[kind].unlisted,
    0,
  );

/** Share of the work done, 0 to 100; undefined while nobody knows how much there is. */
export function percentOf({ progress }: Collected): number | undefined {
  if (!progress || progress.Total === undefined) return undefined;
  const share = progress.Total === 0 ? 1 : progress.Done / progress.Total;
  // There are about a dozen log files to a digest on a busy trail; digests come first.
  return Math.round(progress.Phase === 'digests' ? 20 * share : 20 + 80 * share);
}
