import type { Clock } from '../../base/clock.ts';
import { Schedule } from './deque.ts';
import { fifoLine, type Held, type HeldState, type Line, standardLine } from './lines.ts';

export interface Counts {
  readonly ready: number;
  readonly taken: number;
  readonly delayed: number;
}

/** Entries of the schedule that no longer hold (each change of a visibility leaves one) before it is cleaned. */
const STALE_MIN = 10_000;

/**
 * Whose turn it is in one queue, in memory. Bodies, and all that must last, are in the mailbox. Times here are of the
 * steady clock: a wall clock that jumps neither hides nor shows messages.
 */
export class LiveQueue {
  readonly #clock: Clock;
  readonly #line: Line;
  readonly #byId = new Map<number, Held>();
  readonly #schedule = new Schedule<Held>();
  readonly #counts: Record<HeldState, number> = { delayed: 0, ready: 0, taken: 0, gone: 0 };
  /** Receivers that wait, the longest first. */
  readonly #waiting = new Set<() => void>();
  #cancelTimer: (() => void) | undefined;
  #timerMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(clock: Clock, fifo: boolean) {
    this.#clock = clock;
    this.#line = fifo ? fifoLine() : standardLine();
  }

  get closed(): boolean {
    return this.#closed;
  }

  counts(): Counts {
    this.#settle();
    const { ready, taken, delayed } = this.#counts;
    return { ready, taken, delayed };
  }

  /** A message that the mailbox holds. @param hiddenMs how long it is not to be given out yet */
  add(message: {
    readonly id: number;
    readonly group: string;
    readonly receives: number;
    readonly hiddenMs: number;
  }): void {
    const { id, group, receives, hiddenMs } = message;
    const nowMs = this.#clock.monotonicMs();
    const state = hiddenMs <= 0 ? 'ready' : receives > 0 ? 'taken' : 'delayed';
    const held: Held = { id, group, state, dueMs: nowMs + hiddenMs, receives, takenMs: nowMs };
    this.#byId.set(id, held);
    this.#counts[state]++;
    if (state !== 'ready') this.#schedule.add({ dueMs: held.dueMs, item: held });
    this.#line.add(held);
    this.#wake();
  }

  find(id: number): Held | undefined {
    this.#settle();
    return this.#byId.get(id);
  }

  /** Takes up to `max` messages, hidden from others for so long. */
  take(max: number, hiddenMs: number): readonly Held[] {
    this.#settle();
    const taken = this.#line.take(max);
    const nowMs = this.#clock.monotonicMs();
    for (const held of taken) {
      this.#counts.ready--;
      this.#counts.taken++;
      held.takenMs = nowMs;
      held.receives++;
      this.#hide(held, hiddenMs);
    }
    return taken;
  }

  /** Hides a taken message for so long from now on; 0 gives it back. */
  hide(held: Held, hiddenMs: number): void {
    if (held.state !== 'taken') return;
    this.#hide(held, hiddenMs);
    this.#settle();
    this.#wake();
  }

  forget(id: number): void {
    const held = this.#byId.get(id);
    if (!held) return;
    this.#byId.delete(id);
    const was = held.state;
    this.#counts[was]--;
    held.state = 'gone';
    this.#line.forgotten(held, was === 'taken');
    this.#wake();
  }

  ids(): IterableIterator<number> {
    return this.#byId.keys();
  }

  /** Resolves when there may be something to take, the time is over, or the signal aborts. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        if (this.#waiting.size === 0) this.#stopTimer();
        resolve();
      };
      const cancel = this.#clock.after(timeoutMs, done);
      signal.addEventListener('abort', done, { once: true });
      this.#waiting.add(done);
      this.#wake();
    });
  }

  /** Lets others look, where one who was to take does not. */
  nudge(): void {
    this.#wake();
  }

  /** The queue is no more: nobody waits any longer. */
  close(): void {
    this.#closed = true;
    this.#stopTimer();
    for (const done of [...this.#waiting]) done();
  }

  #hide(held: Held, hiddenMs: number): void {
    held.dueMs = this.#clock.monotonicMs() + hiddenMs;
    this.#schedule.add({ dueMs: held.dueMs, item: held });
    const stale = this.#schedule.length - this.#counts.taken - this.#counts.delayed;
    if (stale > STALE_MIN && stale * 2 > this.#schedule.length) {
      this.#schedule.filter(({ dueMs, item }) => isHidden(item) && item.dueMs === dueMs);
    }
  }

  /** Shows what is due. */
  #settle(): void {
    const nowMs = this.#clock.monotonicMs();
    for (let next = this.#schedule.earliest; next && next.dueMs <= nowMs; next = this.#schedule.earliest) {
      this.#schedule.shift();
      const held = next.item;
      if (!isHidden(held) || held.dueMs !== next.dueMs) continue;
      const was = held.state;
      this.#counts[was]--;
      this.#counts.ready++;
      held.state = 'ready';
      if (was === 'taken') this.#line.released(held);
      this.#line.ready(held);
    }
  }

  /** Lets as many receivers look as there are messages, and sees to it that they look again when more become due. */
  #wake(): void {
    if (this.#waiting.size === 0) return;
    this.#settle();
    let left = this.#line.length;
    for (const done of [...this.#waiting]) {
      if (left-- <= 0) break;
      done();
    }
    const next = this.#schedule.earliest;
    if (this.#waiting.size === 0 || !next) return;
    if (this.#cancelTimer && this.#timerMs <= next.dueMs) return;
    this.#stopTimer();
    this.#timerMs = next.dueMs;
    // A timer may fire a little early, and must find the message due.
    this.#cancelTimer = this.#clock.after(Math.max(1, Math.ceil(next.dueMs - this.#clock.monotonicMs())), () => {
      this.#stopTimer();
      this.#wake();
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }
}

const isHidden = ({ state }: Held) => state === 'taken' || state === 'delayed';
