import type { NewEvent } from '../../event/event.ts';
import type { Sequence } from '../../ports/log.ts';
import type { State, StateChange } from '../../ports/state.ts';
import type { AnalysisChanges, StoredAnalysis, StoredSubject } from './analysis.ts';
import type { StoredSeries } from './series.ts';
import type { Minute, StoredTimeline } from './timeline.ts';

/**
 * What the analysis has in State: where it stands in the Log, all that it has counted up to there, and the Insights that were
 * found with it. They are written in one step before an Insight is appended, so that a crash neither loses nor repeats one.
 */
const PREFIX = 'insights/';
const STANDING_KEY = `${PREFIX}standing`;
const SUBJECTS = `${PREFIX}subject/`;
const SERIES = `${PREFIX}series/`;
const FOUND = `${PREFIX}found/`;

/** The Log's events from here on are still to be counted, or to be counted again. */
export interface Mark {
  readonly cursor: Sequence;
  /** The present when the first of them was accepted. */
  readonly minute: Minute;
}

interface Standing extends Mark {
  /** Of what is stored: another one is not read, and all begins anew. */
  readonly format: typeof FORMAT;
  readonly timeline: StoredTimeline;
}
const FORMAT = 1;

export interface StoredInsights {
  readonly mark: Mark;
  readonly analysis: StoredAnalysis;
  /** Records that may not have been appended. */
  readonly found: readonly string[];
}

/** undefined when nothing is stored, or nothing that can be read. */
export async function readInsights(state: State): Promise<StoredInsights | undefined> {
  const standing = (await state.get<Standing>(STANDING_KEY))?.value;
  if (standing?.format !== FORMAT) return undefined;
  const values = async <T>(prefix: string) => (await state.list<T>(prefix)).map(({ value }) => value);
  return {
    mark: { cursor: standing.cursor, minute: standing.minute },
    analysis: {
      timeline: standing.timeline,
      subjects: await values<StoredSubject>(SUBJECTS),
      series: await values<StoredSeries>(SERIES),
    },
    found: await values<string>(FOUND),
  };
}

/** Writes what has changed, and the records that are to be appended next in the place of those before. */
export async function writeInsights(
  state: State,
  mark: Mark,
  { timeline, subjects, series }: AnalysisChanges,
  found: readonly NewEvent[],
): Promise<void> {
  const standing: Standing = { format: FORMAT, ...mark, timeline };
  const foundKeys = found.map((_, i) => `${FOUND}${String(i).padStart(6, '0')}`);
  const old = (await state.list(FOUND)).map(({ key }) => key).filter((key) => !foundKeys.includes(key));
  await state.write([
    { put: STANDING_KEY, value: standing },
    ...[...subjects].map(([id, subject]) => change(`${SUBJECTS}${id}`, subject)),
    ...[...series].map(([id, one]) => change(`${SERIES}${id}`, one)),
    ...found.map(({ json }, i) => ({ put: foundKeys[i]!, value: json.toString('utf8') })),
    ...old.map((key) => ({ delete: key })),
  ]);
}

/** Forgets all: nobody looks for unusual activity any more. */
export async function dropInsights(state: State): Promise<void> {
  const keys = (await state.list(PREFIX)).map(({ key }) => key);
  if (keys.length > 0) await state.write(keys.map((key) => ({ delete: key })));
}

const change = (key: string, value: unknown): StateChange =>
  value === undefined ? { delete: key } : { put: key, value };
