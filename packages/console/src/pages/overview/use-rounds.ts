import { useCallback, useEffect, useState } from 'react';
import { clock } from '../../base/clock.ts';

const EVERY_MS = 30_000;

/**
 * A number that grows when the page is to be asked anew: by hand, and by itself while that is on, nothing is being
 * loaded and the page is looked at.
 */
export function useRounds(automatic: boolean, loading: boolean): readonly [number, () => void] {
  const [round, setRound] = useState(0);
  const next = useCallback(() => setRound((n) => n + 1), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round waits anew
  useEffect(() => {
    if (!automatic || loading) return undefined;
    let cancel = () => {};
    const wait = () => {
      cancel = clock.after(EVERY_MS, () => (document.visibilityState === 'visible' ? next() : wait()));
    };
    wait();
    return () => cancel();
  }, [automatic, loading, round, next]);
  return [round, next];
}
