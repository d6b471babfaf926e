import { useCallback, useEffect, useState } from 'react';
import { isAbort } from '../api/error.ts';

/** A call's present state. What was there stays while it is asked anew, so that pages do not flicker. */
export interface Call<T> {
  readonly data: T | undefined;
  readonly error: Error | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
}

/**
 * Runs `ask` at first and whenever one of `deps` changes; the run before is aborted.
 * @param ask must hand its signal on to the client's calls
 */
export function useCall<T>(ask: (signal: AbortSignal) => Promise<T>, deps: readonly unknown[]): Call<T> {
  const [state, setState] = useState<Omit<Call<T>, 'reload'>>({ data: undefined, error: undefined, loading: true });
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller names what the call depends on
  useEffect(() => {
    const abort = new AbortController();
    setState((before) => ({ ...before, loading: true }));
    ask(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ data, error: undefined, loading: false }),
      (error) => {
        if (!abort.signal.aborted && !isAbort(error)) setState((before) => ({ ...before, error, loading: false }));
      },
    );
    return () => abort.abort();
  }, [...deps, round]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  return { ...state, reload };
}
