import { useCallback, useState } from 'react';
import { messageOf } from '../../../api/error.ts';

/** Something that a button does: not yet asked for, under way, done, or refused. */
export interface Act<T> {
  readonly isBusy: boolean;
  readonly done?: T;
  /** Why it was not done, in words. */
  readonly failure?: string;
}

/** The state of an act, what does it, and what forgets how it went. */
export function useAct<T>() {
  const [act, setAct] = useState<Act<T>>({ isBusy: false });
  const run = useCallback(async (doing: () => Promise<T>) => {
    setAct({ isBusy: true });
    try {
      setAct({ isBusy: false, done: await doing() });
    } catch (error) {
      setAct({ isBusy: false, failure: messageOf(error) });
    }
  }, []);
  const forget = useCallback(() => setAct({ isBusy: false }), []);
  return { act, run, forget };
}
