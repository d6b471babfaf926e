import { useCallback, useEffect, useRef, useState } from 'react';
import { stream } from '../../api/client.ts';
import { ApiError } from '../../api/error.ts';
import { clock } from '../../base/clock.ts';
import { type Collected, createCollector } from './logic/collected.ts';
import type { Line } from './logic/lines.ts';

/** How often the page shows what has come: more often nobody can read, and drawing takes its time. */
const SHOWN_EVERY_MS = 250;

export interface Verification {
  readonly state: 'idle' | 'running' | 'done' | 'cancelled' | 'failed';
  readonly collected?: Collected;
  readonly error?: unknown;
  /** When it ended, ms since the epoch. */
  readonly endedMs?: number;
}

export interface VerifyInput {
  readonly Trail: string;
  readonly StartTime?: string;
  readonly EndTime?: string;
}

const IDLE: Verification = { state: 'idle' };

/** Runs one verification at a time; leaving the page, or cancelling, ends it on the server as well. */
export function useVerification() {
  const [verification, setVerification] = useState<Verification>(IDLE);
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const cancel = useCallback(() => running.current?.abort(), []);
  const run = useCallback(async (input: VerifyInput, region: string) => {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    const collector = createCollector();
    setVerification({ state: 'running', collected: collector.snapshot() });
    const end = (state: Verification['state'], error?: unknown) => {
      if (running.current !== abort) return;
      setVerification({
        state,
        collected: collector.snapshot(),
        endedMs: clock.now(),
        ...(error !== undefined && { error }),
      });
    };
    try {
      let shownMs = clock.now();
      for await (const line of stream<Line>('verify', { input, region, signal: abort.signal })) {
        collector.take(line);
        if (clock.now() - shownMs < SHOWN_EVERY_MS) continue;
        shownMs = clock.now();
        setVerification({ state: 'running', collected: collector.snapshot() });
      }
      end(...endOf(collector.snapshot()));
    } catch (error) {
      if (abort.signal.aborted) end('cancelled');
      else end('failed', error);
    }
  }, []);
  return { verification, run, cancel };
}

function endOf({ report, error }: Collected): readonly [Verification['state'], unknown?] {
  if (report) return ['done'];
  if (error) return ['failed', new ApiError(error.Code, error.Message, 400)];
  return ['failed', new ApiError('InvalidAnswer', 'The verification ended before its report.', 0)];
}
