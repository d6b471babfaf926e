import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Mailboxes, MessageEntry, MessageMeta } from '../ports/mailboxes.ts';

/** A message on its way. */
export interface Parcel {
  readonly box: string;
  readonly id: number;
  readonly body: Buffer;
  readonly meta: MessageMeta;
  /** How often it was tried before. */
  readonly tries: number;
}

export interface CourierDeps {
  readonly mailboxes: Mailboxes;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Of the boxes that it empties. */
  readonly prefix: string;
  /** Resolves when the message is the receiver's, or is to be forgotten. */
  deliver(parcel: Parcel): Promise<void>;
  /** Whether to try once more after `deliver` failed. */
  again(parcel: Parcel, error: unknown): boolean;
  /** Takes what is not tried again. What it throws makes it be asked again later. */
  giveUp(parcel: Parcel, error: unknown): Promise<void>;
  /** One at a time, none before those ahead of it: FIFO queues. */
  isOrdered(box: string): boolean;
}

/** Of one box under way at once; while it fails, one, so that a dead receiver holds nobody up. */
const UNDER_WAY_MAX = 16;
/** Of all boxes: bounds bodies in memory to some 25 MB. */
const ALL_UNDER_WAY_MAX = 128;
/** Messages of one box that wait for their next try; more stay untouched behind them. */
const WAITING_MAX = 1_000;
/** 185 tries with this at most between them take 24 hours, as EventBridge's do. */
const DELAY_MAX_MS = 500_000;
const DELAY_MIN_MS = 1_000;

/** An endpoint that hangs must not keep the server from stopping. */
const CLOSE_GRACE_MS = 2_000;

interface Box {
  /** By id, the monotonic time of the next try. */
  readonly waiting: Map<number, number>;
  /** Everything up to here was seen. */
  seen: number;
  underWay: number;
  failing: boolean;
  cancelTimer: (() => void) | undefined;
}

/**
 * Empties mailboxes: each message is handed over, tried again with growing pauses, and given up in the end. How often it
 * was tried, and when it is due, stands in the mailbox, so that a restart changes nothing. A message may be delivered
 * twice when the process dies between delivery and removal.
 */
export class Courier {
  readonly #deps: CourierDeps;
  readonly #boxes = new Map<string, Box>();
  readonly #flights = new Set<Promise<void>>();
  /** Boxes that had something to send while too much was under way. */
  readonly #held = new Set<string>();
  #ended = false;

  constructor(deps: CourierDeps) {
    this.#deps = deps;
  }

  /** Takes up what an earlier process left. */
  start(): void {
    for (const box of this.#deps.mailboxes.boxes(this.#deps.prefix)) this.wake(box);
  }

  /** The box may hold something new. */
  wake(path: string): void {
    if (this.#ended) return;
    const box = this.#boxes.get(path) ?? {
      waiting: new Map(),
      seen: 0,
      underWay: 0,
      failing: false,
      cancelTimer: undefined,
    };
    this.#boxes.set(path, box);
    this.#pump(path, box);
  }

  /** Forgets a box with all that is in it; what is under way may still arrive. */
  async drop(path: string): Promise<void> {
    this.#boxes.get(path)?.cancelTimer?.();
    this.#boxes.delete(path);
    this.#held.delete(path);
    await this.#deps.mailboxes.drop(path);
  }

  /** Waits for what is under way, but not for long: what is left stays in the mailboxes. */
  async close(): Promise<void> {
    this.#ended = true;
    for (const box of this.#boxes.values()) box.cancelTimer?.();
    await new Promise<void>((resolve) => {
      const cancel = this.#deps.clock.after(CLOSE_GRACE_MS, resolve);
      void Promise.all(this.#flights).then(() => {
        cancel();
        resolve();
      });
    });
  }

  #pump(path: string, box: Box): void {
    if (this.#ended) return;
    box.cancelTimer?.();
    box.cancelTimer = undefined;
    const ordered = this.#deps.isOrdered(path);
    const most = ordered || box.failing ? 1 : UNDER_WAY_MAX;
    while (box.underWay < most) {
      const entry = this.#next(path, box, ordered);
      if (!entry) break;
      if (this.#flights.size >= ALL_UNDER_WAY_MAX) {
        box.waiting.set(entry.id, 0);
        this.#held.add(path);
        return;
      }
      this.#launch(path, box, entry);
    }
    if (box.underWay === 0 && box.waiting.size === 0) this.#boxes.delete(path);
    else if (box.underWay < most && box.waiting.size > 0) this.#setTimer(path, box);
  }

  /** What is due: of what waits the first, else the first that was not tried yet. */
  #next(path: string, box: Box, ordered: boolean): MessageEntry | undefined {
    const { mailboxes, clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    for (const [id, dueMs] of box.waiting) {
      if (dueMs > nowMs) continue;
      box.waiting.delete(id);
      const entry = mailboxes.entry(path, id);
      if (entry) return entry;
    }
    const room = ordered ? 1 - box.underWay : WAITING_MAX;
    if (box.waiting.size >= room) return undefined;
    for (const entry of mailboxes.entries(path, box.seen)) {
      box.seen = entry.id;
      const pauseMs = Number(entry.meta.due ?? 0) - clock.now();
      if (pauseMs <= 0) return entry;
      // The wall clock may have been set back since: nothing waits longer than the longest pause.
      box.waiting.set(entry.id, nowMs + Math.min(pauseMs, DELAY_MAX_MS));
      if (box.waiting.size >= room) return undefined;
    }
    return undefined;
  }

  #setTimer(path: string, box: Box): void {
    const { clock } = this.#deps;
    const dueMs = Math.min(...box.waiting.values());
    box.cancelTimer = clock.after(Math.max(1, dueMs - clock.monotonicMs()), () => this.#pump(path, box));
  }

  #launch(path: string, box: Box, entry: MessageEntry): void {
    box.underWay++;
    const flight: Promise<void> = this.#fly(path, box, entry).finally(() => {
      this.#flights.delete(flight);
      box.underWay--;
      if (this.#boxes.get(path) === box) this.#pump(path, box);
      for (const held of this.#held) {
        this.#held.delete(held);
        this.wake(held);
        if (this.#flights.size >= ALL_UNDER_WAY_MAX) break;
      }
    });
    this.#flights.add(flight);
  }

  /** One try. Never rejects. */
  async #fly(path: string, box: Box, { id, meta }: MessageEntry): Promise<void> {
    const { mailboxes, logger } = this.#deps;
    const tries = Number(meta.tries ?? 0);
    try {
      const body = await mailboxes.body(path, id);
      if (!body) return;
      const parcel = { box: path, id, body, meta, tries };
      if (await this.#handOver(parcel, box)) await mailboxes.remove(path, [id]);
      else await this.#postpone(parcel, box);
    } catch (error) {
      if (this.#ended) return;
      // The mailboxes themselves, or who takes what is given up: the message stays where it is.
      logger.error({ box: path, err: error }, 'a message could not be delivered or put aside; tries again');
      box.waiting.set(id, this.#deps.clock.monotonicMs() + this.#delayMs(tries));
    }
  }

  /** Whether the message is done with. */
  async #handOver(parcel: Parcel, box: Box): Promise<boolean> {
    try {
      await this.#deps.deliver(parcel);
      box.failing = false;
      return true;
    } catch (error) {
      if (this.#ended) return false;
      if (this.#deps.again(parcel, error)) {
        box.failing = true;
        return false;
      }
      await this.#deps.giveUp(parcel, error);
      return true;
    }
  }

  async #postpone({ id, meta, tries, box: path }: Parcel, box: Box): Promise<void> {
    if (this.#ended) return;
    const { mailboxes, clock } = this.#deps;
    const delayMs = this.#delayMs(tries);
    box.waiting.set(id, clock.monotonicMs() + delayMs);
    await mailboxes.update(path, [{ id, meta: { ...meta, tries: tries + 1, due: clock.now() + delayMs } }]);
  }

  /** Doubles, up to the longest; three quarters to the whole of it, so that many do not come back at once. */
  #delayMs(tries: number): number {
    const longestMs = Math.min(DELAY_MAX_MS, DELAY_MIN_MS * 2 ** Math.min(tries, 20));
    return Math.round(longestMs * (0.75 + this.#deps.random.bytes(1)[0]! / 1024));
  }
}
