import type { Clock } from '../base/clock.ts';

/** After how many failures an attempt has to wait, and how long. */
export interface LockoutRule {
  readonly free: number;
  /** After the first failure past those that are free; each further one doubles it. */
  readonly firstMs: number;
  readonly longestMs: number;
}

/** A person mistypes now and then; a guesser of one user's password gets some 300 guesses a day. */
export const OF_A_USER: LockoutRule = { free: 5, firstMs: 5_000, longestMs: 300_000 };
/** Many people may share an address (a proxy, an office): theirs is bounded more loosely, and shorter. */
export const OF_AN_ADDRESS: LockoutRule = { free: 30, firstMs: 1_000, longestMs: 60_000 };

/** So long after the last failure they are forgotten. */
const FORGET_MS = 900_000;
/** Names with failures, some 200 bytes each. Past it those go that failed longest ago. */
const NAMES_MAX = 20_000;

interface Failures {
  readonly count: number;
  readonly lastMs: number;
  readonly lockedUntilMs: number;
}

/** One attempt under way. It counts as failed from its beginning, so that many at once do not slip through together. */
export interface Attempt {
  /** It did not fail, nor did it prove anything yet. */
  takeBack(): void;
  /** Whoever it was is who he says: what failed before is forgotten. */
  succeeded(): void;
}

export interface Lockout {
  /** @returns the attempt, or for how many ms there may be none. An attempt that was refused does not count. */
  begin(name: string): Attempt | number;
}

/** Counts failures by name, with the monotonic clock: nobody is locked out, or let in, by a clock that jumps. */
export function createLockout({ free, firstMs, longestMs }: LockoutRule, clock: Clock): Lockout {
  const known = new Map<string, Failures>();

  /** What failed longest ago stands first. */
  const put = (name: string, failures: Failures) => {
    known.delete(name);
    known.set(name, failures);
    if (known.size > NAMES_MAX) known.delete(known.keys().next().value!);
  };

  return {
    begin(name) {
      const now = clock.monotonicMs();
      const before = known.get(name);
      if (before && before.lockedUntilMs > now) return before.lockedUntilMs - now;
      const counts = before && now - Math.max(before.lastMs, before.lockedUntilMs) < FORGET_MS;
      const count = (counts ? before.count : 0) + 1;
      const over = count - free;
      const waitMs = over <= 0 ? 0 : Math.min(longestMs, firstMs * 2 ** Math.min(over - 1, 30));
      put(name, { count, lastMs: now, lockedUntilMs: now + waitMs });
      return {
        takeBack() {
          const { count: latest = 0 } = known.get(name) ?? {};
          if (latest <= 1) known.delete(name);
          else put(name, { count: latest - 1, lastMs: now, lockedUntilMs: 0 });
        },
        succeeded: () => void known.delete(name),
      };
    },
  };
}
