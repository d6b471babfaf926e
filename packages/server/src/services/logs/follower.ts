import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

/** How soon a step that failed is tried again; doubles up to the longest. */
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 60_000;

export interface FollowerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the log: what follows what. */
  readonly name: string;
  /** Does the next piece of work. Resolves with whether there may be more at once. */
  step(): Promise<boolean>;
}

/** Something that keeps its own pace behind a group: woken, it works until nothing is left. */
export class Follower {
  readonly #deps: FollowerDeps;
  #running: Promise<void> | undefined;
  #again = false;
  #ended = false;
  #retryMs = RETRY_MIN_MS;
  #cancelRetry = () => {};

  constructor(deps: FollowerDeps) {
    this.#deps = deps;
  }

  wake(): void {
    this.#again = true;
    if (!this.#ended) this.#running ??= this.#run();
  }

  /** Resolves when the step under way is done; none follows. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#cancelRetry();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger, name, step } = this.#deps;
    this.#cancelRetry();
    try {
      while (this.#again && !this.#ended) {
        this.#again = false;
        while (!this.#ended && (await step()));
        this.#retryMs = RETRY_MIN_MS;
      }
    } catch (error) {
      if (!this.#ended) {
        logger.warn({ err: error, follower: name, retryMs: this.#retryMs }, 'a follower of a log group failed');
        this.#cancelRetry = clock.after(this.#retryMs, () => this.wake());
        this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
      }
    }
    this.#running = undefined;
    if (this.#again && !this.#ended && this.#retryMs === RETRY_MIN_MS) this.wake();
  }
}
