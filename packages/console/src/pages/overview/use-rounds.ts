import { useCallback, useEffect, useState } from 'react';
import { clock } from '../../base/clock.ts';

/**
 * A number that grows when the page is to be asked anew: by hand, and by itself while nothing is being loaded and the page
 * is looked at.
 * @param everyMs how long after it was loaded; undefined: by hand alone
 */
export function useRounds(everyMs: number | undefined, loading: boolean): readonly [number, () => void] {
  const [round, setRound] = useState(0);
  const next = useCallback(() => setRound((n) => n + 1), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round waits anew
  useEffect(() => {
    if (everyMs === undefined || loading) return undefined;
    let cancel = () => {};
    const wait = () => {
      cancel = clock.after(everyMs, () => (document.visibilityState === 'visible' ? next() : wait()));
    };
    wait();
    return () => cancel();
  }, [everyMs, loading, round, next]);
  return [round, next];
}
