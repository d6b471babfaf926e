/**
 * A rule that matches everything must not fill the Log: past this many matches in a minute the further ones are counted,
 * and the rule's next match tells how many there were.
 */
export const MATCHES_PER_MINUTE_MAX = 1_000;
const WINDOW_MS = 60_000;

interface Used {
  /** By when the events were accepted, so that a follower that catches up is not held to the pace of the clock. */
  window: number;
  count: number;
  suppressed: number;
}

export interface MatchQuota {
  /** @returns how many matches were left out before this one, or undefined when this one is left out as well */
  take(rule: string, acceptedMs: number): number | undefined;
  /** Begins anew, generously: what was counted may have been counted for nothing. */
  reset(): void;
}

/** @param onExceeded told once a minute for each rule */
export function createMatchQuota(onExceeded: (rule: string) => void): MatchQuota {
  const rules = new Map<string, Used>();
  return {
    take(rule, acceptedMs) {
      const window = Math.floor(acceptedMs / WINDOW_MS);
      const used = rules.get(rule) ?? { window, count: 0, suppressed: 0 };
      rules.set(rule, used);
      if (used.window !== window) Object.assign(used, { window, count: 0 });
      if (used.count >= MATCHES_PER_MINUTE_MAX) {
        if (used.count++ === MATCHES_PER_MINUTE_MAX) onExceeded(rule);
        used.suppressed++;
        return undefined;
      }
      used.count++;
      const { suppressed } = used;
      used.suppressed = 0;
      return suppressed;
    },
    reset: () => rules.clear(),
  };
}
