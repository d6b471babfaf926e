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
  #failures = 0;
  /** While it waits after a failure, nothing else wakes it. */
  #cancelRetry: (() => void) | undefined;

  constructor(deps: FollowerDeps) {
    this.#deps = deps;
  }

  wake(): void {
    this.#again = true;
    if (!this.#ended && !this.#cancelRetry) this.#running ??= this.#run();
  }

  /** Resolves when the step under way is done; none follows. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#cancelRetry?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger, name, step } = this.#deps;
    while (this.#again && !this.#ended) {
      this.#again = false;
      try {
        while (!this.#ended && (await step()));
        this.#failures = 0;
      } catch (error) {
        const retryMs = Math.min(RETRY_MIN_MS * 2 ** this.#failures++, RETRY_MAX_MS);
        logger.warn({ err: error, follower: name, retryMs }, 'a follower of a log group failed');
        this.#cancelRetry = clock.after(retryMs, () => {
          this.#cancelRetry = undefined;
          this.wake();
        });
        break;
      }
    }
    this.#running = undefined;
  }
}
