import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/clock.ts';
import { assert } from '../../base/errors.ts';
import type { Sequence } from '../log.ts';
import { HistoryCore, type LogView } from './core.ts';
import { IndexDamaged } from './index-file.ts';
import { type Answer, type FromWorker, packPage, type Question, type ToWorker } from './messages.ts';
import { buffersOf } from './segment-index.ts';
import { UnpackTeam } from './unpack-team.ts';

/** The thread that owns history: runs the core, and between questions indexes what the Log has gained. */
export interface HistoryWorkerData {
  readonly directory: string;
  readonly view: LogView;
}

/** What was accepted before this thread began: no look-up is answered without it. */
const heldEnd = (workerData as HistoryWorkerData).view.end;
/** How long a lookup waits for indexing to reach the end of the Log as it was when asked. */
const LOOKUP_WAIT_MS = 200;

interface Waiting {
  readonly id: number;
  readonly question: Question;
  /** Answered when events before this are indexed … */
  readonly end: Sequence;
  /** … or at this monotonic time, or when there is nothing more to index; though not before `heldEnd` is. */
  readonly untilMs: number;
}

assert(parentPort, 'history worker is started as a worker');
const port = parentPort;
const { directory, view } = workerData as HistoryWorkerData;
const core = new HistoryCore(directory, view, undefined, new UnpackTeam());
let waiting: Waiting[] = [];
let turnIsDue = false;

const tell = (message: Omit<FromWorker, 'indexedEnd'>, transfer: ArrayBuffer[] = []): void =>
  port.postMessage({ indexedEnd: core.indexedEnd, ...message } satisfies FromWorker, transfer);

port.on('message', ({ view, id, question }: ToWorker) => {
  core.follow(view);
  if (id !== undefined && question) waiting.push({ id, question, ...patience(question, view) });
  turnSoon();
});
const lacking = core.open();
tell({ lacking, old: core.old() });
turnSoon();

function patience(question: Question, { end }: LogView): Pick<Waiting, 'end' | 'untilMs'> {
  const never = Number.POSITIVE_INFINITY;
  if (question.ask === 'lookup') return { end, untilMs: systemClock.monotonicMs() + LOOKUP_WAIT_MS };
  if (question.ask === 'sealed' || question.ask === 'opened') return { end: 0, untilMs: never };
  return { end: question.ask === 'index' ? question.end : end, untilMs: never };
}

function turnSoon(): void {
  if (turnIsDue) return;
  turnIsDue = true;
  setImmediate(turn);
}

/** Indexes a little, then answers what can be answered. */
function turn(): void {
  turnIsDue = false;
  const more = core.index();
  const nowMs = systemClock.monotonicMs();
  const mayHurry = core.indexedEnd >= heldEnd;
  const due = waiting.filter(
    ({ end, untilMs }) =>
      end <= core.indexedEnd || (mayHurry && (untilMs <= nowMs || (!more && Number.isFinite(untilMs)))),
  );
  waiting = waiting.filter((w) => !due.includes(w));
  for (const { id, question } of due) reply(id, question);
  // A segment that was sealed makes room for indexing, so there may be more now.
  if (more || due.some((w) => w.question.ask === 'sealed') || core.warm()) turnSoon();
  if (due.length === 0) tell({});
}

function reply(id: number, question: Question): void {
  try {
    const answer = answerTo(question);
    tell({ id, answer }, buffersIn(answer));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    tell({ id, failed: error instanceof IndexDamaged ? { message, damaged: error.first } : { message } });
  }
}

/** Handed over rather than copied. */
function buffersIn(answer: Answer): ArrayBuffer[] {
  if (!answer) return [];
  if ('bytes' in answer) return [answer.bytes];
  return 'postings' in answer ? buffersOf(answer) : [];
}

function answerTo(question: Question): Answer {
  switch (question.ask) {
    case 'lookup':
      return packPage(core.lookup(question.query));
    case 'holds':
      return core.holdsEventIds(question.accountId, question.eventIds);
    case 'sealed':
      return core.sealed(question.first) as undefined;
    case 'index':
      return core.hotIndex(question.first);
    case 'opened':
      return undefined;
  }
}
