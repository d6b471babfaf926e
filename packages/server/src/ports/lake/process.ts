import { systemClock } from '../../base/clock.ts';
import { Pushback } from '../../base/errors.ts';
import { leaveRoomForGarbage } from '../../base/garbage.ts';
import { PatternError } from '../../event/search/index.ts';
import { Engine } from './engine.ts';
import { exportEvents } from './export.ts';
import { Finds } from './finds.ts';
import { GramIndex } from './gram-index.ts';
import type { Failure, FromLake, LakeSettings, LakeView, Question, ToLake } from './messages.ts';
import { count, facets, histogram, page, type QuestionDeps } from './questions.ts';
import { LogRecords } from './records.ts';
import { Runner } from './runner.ts';
import { LakeStore, type StoreStep, TEMPORARY } from './store.ts';
import { Turns } from './turns.ts';

/**
 * The lake's own process: DuckDB takes memory, threads and, at its worst, a crash, and none of these may touch the
 * process that accepts events. It ends with the server, whatever becomes of that.
 */
interface Open {
  readonly runner: Runner;
  readonly records: LogRecords;
  readonly deps: QuestionDeps;
}

leaveRoomForGarbage(systemClock); // columns of codes and bits lie beside the heap: each search had it collected four times

const open: { lake?: Promise<Open> } = {};
const cancels = new Map<number, AbortController>();
const exports = new Map<number, AsyncGenerator<Buffer>>();
let exportNumber = 0;

/** Not by `exit`, which waits for what DuckDB's threads are at: all that matters is on the disk. */
const end = () => process.kill(process.pid, 'SIGKILL');

process.on('disconnect', end);
// A terminal's Ctrl-C goes to all processes of a group; the server says when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('message', (message: ToLake) => {
  if ('open' in message) open.lake = openLake(message.open, message.view);
  else if ('view' in message) void open.lake?.then((lake) => follow(lake, message.view));
  else if ('close' in message) void open.lake?.then(close);
  else if ('cancel' in message) cancel(message.id);
  else if ('more' in message) void answer(message.id, () => more(message.id));
  else void answer(message.id, (lake, signal) => answerTo(lake, message.id, message.question, signal));
});

let runner: Runner | undefined;
const tell = (message: Partial<FromLake>): void => {
  const progress = runner?.progress ?? { indexedEnd: 0, storedEnd: 0 };
  process.send?.({ ...progress, ...message } satisfies FromLake);
};

async function openLake(settings: LakeSettings, view: LakeView): Promise<Open> {
  const { directory, threads, memoryBytes, dieAt } = settings;
  const engine = await Engine.open({ directory, temporary: `${directory}/${TEMPORARY}`, threads, memoryBytes });
  const store = await LakeStore.open({
    directory,
    engine,
    start: view.start,
    end: view.end,
    ...(dieAt && { onStep: dying(dieAt.step, dieAt.time) }),
  });
  const records = new LogRecords(settings.logDirectory);
  const index = new GramIndex(directory, view.start, store.storedEnd);
  const own = new Runner(
    {
      ...settings,
      store,
      grams: index,
      clock: systemClock,
      tell: () => tell({}),
      warn: (warning) => tell({ warning }),
    },
    view,
  );
  runner = own;
  const recordOf = (sequence: number) => records.read(sequence);
  const parts = { directory, store, engine, records, index, turns: new Turns(systemClock) };
  const lake = { runner: own, records, deps: { ...parts, recordOf, finds: new Finds(parts) } };
  follow(lake, view);
  tell({ opened: true });
  return lake;
}

/** For tests. */
function dying(at: StoreStep, time: number): (step: StoreStep) => void {
  let times = 0;
  return (step) => {
    if (step === at && ++times === time) process.kill(process.pid, 'SIGKILL');
  };
}

function follow({ runner, records }: Open, view: LakeView): void {
  runner.follow(view);
  records.follow(view);
}

async function close({ runner }: Open): Promise<void> {
  for (const id of cancels.keys()) cancel(id);
  await runner.close();
  end();
}

function cancel(id: number): void {
  cancels.get(id)?.abort();
  cancels.delete(id);
  void exports.get(id)?.return(undefined);
  exports.delete(id);
}

async function answer(id: number, work: (lake: Open, signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const controller = cancels.get(id) ?? new AbortController();
  cancels.set(id, controller);
  try {
    const lake = await open.lake!;
    tell({ id, answer: await work(lake, controller.signal) });
  } catch (error) {
    if (!controller.signal.aborted) tell({ id, failed: failureOf(error) });
  } finally {
    if (!exports.has(id)) cancels.delete(id);
  }
}

function answerTo({ deps }: Open, id: number, question: Question, signal: AbortSignal): Promise<unknown> {
  switch (question.ask) {
    case 'page':
      return page(deps, question.query, signal);
    case 'count':
      return count(deps, question.query, signal);
    case 'facets':
      return facets(deps, question.query, question.fields, question.valuesMax, signal);
    case 'histogram':
      return histogram(deps, question.query, question.intervalMs, signal);
    case 'export':
      exports.set(id, exportEvents({ ...deps, number: () => exportNumber++ }, question.query, signal));
      return more(id);
  }
}

async function more(id: number): Promise<Buffer | undefined> {
  const pieces = exports.get(id);
  if (!pieces) return undefined;
  try {
    const { done, value } = await pieces.next();
    if (!done) return value;
  } catch (error) {
    exports.delete(id);
    throw error;
  }
  exports.delete(id);
  return undefined;
}

function failureOf(error: unknown): Failure {
  if (error instanceof PatternError) return { name: error.name, message: error.message, position: error.position };
  if (error instanceof Pushback) return { name: error.name, message: error.message, retryAfterMs: error.retryAfterMs };
  return { name: 'Error', message: error instanceof Error ? error.message : String(error) };
}
