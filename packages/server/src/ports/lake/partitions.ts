import type { LakeFile, Partition } from './manifest.ts';

/**
 * Where events lie: `<account>/<region>/<day>/`. Days that are over and hold few events are merged into their month, and
 * such months into their year: a question opens every file of its time, so ten years of three events a day must not be
 * 3,650 files. All of this is decided here, from what the manifest knows; nothing is read.
 */
export interface Merge {
  readonly inputs: readonly LakeFile[];
  readonly into: Partition;
}

/** A day or month with at least so many events stays by itself: opening a file costs what scanning some 10,000 events does. */
const PERIOD_ROWS_MIN = 100_000;
/** A file with so many events is left alone: merging it again would cost more than it saves. Any two others fit into one. */
const FILE_ROWS_FULL = 300_000;
/** A merge never makes a larger one, which bounds memory and time of a merge … */
const FILE_ROWS_MAX = 600_000;
const FILE_BYTES_MAX = 1 << 30;
/** … and of whoever reads it: large records may all stand next to each other. */
const FILE_LARGE_BYTES_MAX = 64 << 20;
/** Files of about the same size in a folder, before they are merged into one: each event is then rewritten twice or so in all. */
const FILES_OF_A_SIZE = 8;
/** Periods are waited for together, so that a month is not rewritten for each of its days. */
const PERIODS_TOGETHER = 8;
/** A period that is over, and that so many files were written after (elsewhere), gets nothing more for now. */
const FILES_SINCE = 200;
/** Of the time of files next to each other, how much they may share and still count as one after the other. */
const OVERLAP_MAX = 0.25;
/** How long a period is over before it counts as such: what comes late mostly comes within that. */
const OVER_MS = 36 * 3_600_000;
/** Of one event in a batch, the day is its folder when so many others share it; else the month, else the year. */
const BATCH_ROWS_MIN = 500;
const DAY_MS = 86_400_000;

/** Within the lake's folder. Accounts are digits, Regions letters, digits and hyphens: the Log takes no others. */
export const folderOf = ({ accountId, region, period }: Partition): string =>
  `${accountId || '_'}/${region || '_'}/${period}`;

/** The day of an event in UTC: `2026-11-21`. */
export const dayOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

/** From when until when (exclusive) a period is, ms since the epoch. */
export function spanOf(period: string): { readonly startMs: number; readonly endMs: number } {
  const [year, month, day] = period.split('-').map(Number) as [number, number?, number?];
  const startMs = Date.UTC(year, (month ?? 1) - 1, day ?? 1);
  if (day !== undefined) return { startMs, endMs: startMs + DAY_MS };
  return { startMs, endMs: month === undefined ? Date.UTC(year + 1, 0, 1) : Date.UTC(year, month, 1) };
}

const isDay = ({ period }: Partition) => period.length > 7;

/** The period that this one is a part of; undefined for a year. */
const coarser = (period: string): string | undefined =>
  period.length > 4 ? period.slice(0, period.lastIndexOf('-')) : undefined;

export interface DayGroup {
  readonly accountId: string;
  readonly region: string;
  readonly day: string;
  readonly rows: number;
}

/** Whether a folder takes the events of a day, if no finer one does. */
export const isWithin = ({ accountId, region, day }: DayGroup, partition: Partition): boolean =>
  accountId === partition.accountId && region === partition.region && day.startsWith(partition.period);

/** Which folders the events of a batch go to: days that are recent or have many of them, months and years for the rest. */
export function partitionsOf(groups: readonly DayGroup[], nowMs: number): readonly Partition[] {
  const found = new Map<string, Partition>();
  let open = groups.map(({ accountId, region, day, rows }) => ({ accountId, region, period: day, rows }));
  while (open.length > 0) {
    const next = new Map<string, (typeof open)[number]>();
    for (const { rows, ...partition } of open) {
      const up = coarser(partition.period);
      if (up === undefined || rows >= BATCH_ROWS_MIN || spanOf(partition.period).endMs > nowMs - OVER_MS) {
        found.set(folderOf(partition), partition);
        continue;
      }
      const wider = { ...partition, period: up };
      const known = next.get(folderOf(wider));
      next.set(folderOf(wider), { ...wider, rows: rows + (known?.rows ?? 0) });
    }
    open = [...next.values()];
  }
  // The finest first: what a day takes is not its month's any more.
  return [...found.values()].sort((a, b) => b.period.length - a.period.length);
}

/** The next merge that is worth its while, or undefined. */
export function nextMerge(files: readonly LakeFile[], nowMs: number): Merge | undefined {
  const folders = groupBy(
    files.filter((file): file is LakeFile & { partition: Partition } => file.partition !== undefined),
    (file) => folderOf(file.partition),
  );
  const newest = Math.max(0, ...files.map(numberOf));
  for (const inputs of folders.values()) {
    const merge = mergeWithin(inputs, nowMs, newest);
    if (merge) return merge;
  }
  return mergeUp([...folders.values()], nowMs, newest);
}

type Placed = LakeFile & { readonly partition: Partition };

function mergeWithin(files: readonly Placed[], nowMs: number, newest: number): Merge | undefined {
  const into = files[0]!.partition;
  const small = files.filter((file) => !isFull(file)).sort((a, b) => a.rows - b.rows);
  if (small.length < 2) return undefined;
  const bySize = groupBy(small, ({ rows }) => Math.floor(Math.log(Math.max(1, rows)) / Math.log(FILES_OF_A_SIZE)));
  const many = [...bySize.values()].find((list) => list.length >= FILES_OF_A_SIZE && upTo(list).length > 1);
  if (many) return { inputs: upTo(many), into };
  const fitting = upTo(small);
  const isDue = rowsOf(fitting) >= FILE_ROWS_FULL || (isDay(into) && isDone(into, files, nowMs, newest));
  return isDue && fitting.length > 1 ? { inputs: fitting, into } : undefined;
}

/** Whether nothing more is likely to come to a period that has these files. */
const isDone = ({ period }: Partition, files: readonly Placed[], nowMs: number, newest: number): boolean =>
  spanOf(period).endMs < nowMs - OVER_MS && Math.max(...files.map(numberOf)) + FILES_SINCE <= newest;

/** Files are numbered as they are written. */
const numberOf = ({ path }: LakeFile): number => Number.parseInt(path.slice(path.lastIndexOf('/') + 1), 10);

/** Whether files that are sorted by their first event are sorted by their last as well, more or less. */
export function followEachOther(files: readonly LakeFile[]): boolean {
  let shared = 0;
  let spans = 0;
  files.forEach(({ minMs, maxMs }, i) => {
    const before = files[i - 1]?.maxMs ?? minMs;
    shared += Math.max(0, Math.min(before, maxMs) - minMs);
    spans += maxMs - minMs;
  });
  return shared <= spans * OVERLAP_MAX;
}

function mergeUp(folders: readonly (readonly Placed[])[], nowMs: number, newest: number): Merge | undefined {
  const sparse = folders.filter((files) => {
    const { period } = files[0]!.partition;
    return period.length > 4 && spanOf(period).endMs < nowMs - OVER_MS && rowsOf(files) < PERIOD_ROWS_MIN;
  });
  const wider = groupBy(sparse, (files) => {
    const { partition } = files[0]!;
    return folderOf({ ...partition, period: coarser(partition.period)! });
  });
  for (const lists of wider.values()) {
    const { partition } = lists[0]![0]!;
    const into = { ...partition, period: coarser(partition.period)! };
    if (lists.length >= PERIODS_TOGETHER || isDone(into, lists.flat(), nowMs, newest)) {
      const inputs = upTo(lists.flat().sort((a, b) => a.minMs - b.minMs));
      return { inputs, into };
    }
  }
  return undefined;
}

const isFull = ({ rows, bytes, largeBytes }: LakeFile) =>
  rows >= FILE_ROWS_FULL || bytes >= FILE_BYTES_MAX / 2 || largeBytes >= FILE_LARGE_BYTES_MAX / 2;

const rowsOf = (files: readonly LakeFile[]) => files.reduce((sum, { rows }) => sum + rows, 0);

function groupBy<T>(
  list: readonly T[],
  keyOf: (one: T) => string | number,
): ReadonlyMap<string | number, readonly T[]> {
  const groups = new Map<string | number, T[]>();
  for (const one of list) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}

/** As many of the first as make one file, or can be distributed at once. At least one. */
export function upTo(files: readonly LakeFile[]): readonly LakeFile[] {
  const taken: LakeFile[] = [];
  let [rows, bytes, largeBytes] = [0, 0, 0];
  for (const file of files) {
    rows += file.rows;
    bytes += file.bytes;
    largeBytes += file.largeBytes;
    const fits = rows <= FILE_ROWS_MAX && bytes <= FILE_BYTES_MAX && largeBytes <= FILE_LARGE_BYTES_MAX;
    if (taken.length > 0 && !fits) break;
    taken.push(file);
  }
  return taken;
}
