import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../base/errors.ts';
import { parseQuery } from './parse.ts';
import type { QueryEvent } from './row.ts';
import { type ResultRow, startQuery, TooMuch } from './run.ts';

/** The thread that runs one query: expressions of anybody's choosing, which keep nobody waiting here. */
export interface QueryJob {
  readonly query: string;
  /** Rows of the answer at most. */
  readonly limit: number;
}

/** Asked with events, answered with whether more are wanted; asked for the end, with all rows. */
export type ToWorker = { readonly events: readonly QueryEvent[] } | { readonly end: true };
export type FromWorker =
  | { readonly more: boolean; readonly matched: number }
  | { readonly rows: readonly ResultRow[]; readonly matched: number }
  | { readonly failed: string };

assert(parentPort, 'the query thread is started as a worker');
const port = parentPort;
const { query, limit } = workerData as QueryJob;
const run = startQuery(parseQuery(query), limit);

function answer(message: ToWorker): FromWorker {
  try {
    if ('end' in message) return { rows: run.rows(), matched: run.matched };
    return { more: run.add(message.events), matched: run.matched };
  } catch (error) {
    if (error instanceof TooMuch) return { failed: error.message };
    throw error;
  }
}

port.on('message', (message: ToWorker) => port.postMessage(answer(message)));
