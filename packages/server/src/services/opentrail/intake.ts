import type { NewEvent } from '../../event/event.ts';
import type { OpenTrailDeps } from './deps.ts';

/** What became of one record of a batch, as the native operations answer it. */
export interface Result {
  Status: 'ACCEPTED' | 'DUPLICATE' | 'REFUSED';
  EventId?: string;
  Sequence?: number;
  ErrorCode?: string;
  ErrorMessage?: string;
}

/** A record on its way into the Log, and the line of the answer that is filled in when it is there. */
export interface Accepted {
  readonly event: NewEvent;
  readonly result: Result;
}

/** The way of native records into the Log. Both resolve when every event is durable. */
export interface Intake {
  append(accepted: readonly Accepted[]): Promise<void>;
  /** Leaves out, and marks DUPLICATE, what the account holds already or what came earlier in the same batch. */
  appendNew(accepted: readonly Accepted[]): Promise<void>;
}

export function createIntake({ log, history }: Pick<OpenTrailDeps, 'log' | 'history'>): Intake {
  // One deduplicating batch at a time: between asking history and appending nobody else may add the same event.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  return {
    append,
    appendNew: (accepted) => inTurn(async () => append(await withoutKnown(accepted))),
  };

  /**
   * Holds on to the results alone while it waits: the Log has its own bytes of the events by then, and the garbage
   * collector would copy thousands of them, again and again, while their disk writes are under way.
   */
  function append(accepted: readonly Accepted[]): Promise<void> {
    if (accepted.length === 0) return Promise.resolve();
    const results = accepted.map(({ result }) => result);
    return log.append(accepted.map(({ event }) => event)).then((first) => {
      results.forEach((result, i) => {
        result.Sequence = first + i;
      });
    });
  }

  /** Leaves out what the Log holds or what came earlier in the same batch, marking it DUPLICATE. */
  async function withoutKnown(accepted: readonly Accepted[]): Promise<Accepted[]> {
    const known = new Set<Accepted>();
    const seen = new Set<string>();
    for (const [accountId, group] of groupBy(accepted, ({ event }) => event.header.accountId)) {
      const held = await history.holdsEventIds(
        accountId,
        group.map(({ event }) => event.header.eventId),
      );
      group.forEach((one, i) => {
        const id = `${accountId}/${one.event.header.eventId}`;
        if (held[i] || seen.has(id)) known.add(one);
        seen.add(id);
      });
    }
    for (const { result } of known) result.Status = 'DUPLICATE';
    return accepted.filter((one) => !known.has(one));
  }
}

/** The answer: a line for each record, and sums. */
export function summary(results: readonly Result[]) {
  const count = (status: Result['Status']) => results.reduce((n, r) => n + (r.Status === status ? 1 : 0), 0);
  return {
    Results: results,
    AcceptedCount: count('ACCEPTED'),
    DuplicateCount: count('DUPLICATE'),
    RefusedCount: count('REFUSED'),
  };
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
