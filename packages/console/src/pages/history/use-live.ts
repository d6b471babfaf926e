import { useEffect, useRef, useState } from 'react';
import { nativeAnswer } from '../../api/client.ts';
import { isDenied, messageOf } from '../../api/error.ts';
import { readNdjson } from '../../api/ndjson.ts';
import type { FoundEvent } from '../../api/search-events.ts';
import { clock, pause } from '../../base/clock.ts';
import { createLiveBuffer, type LiveBuffer, type LiveSnapshot, NOTHING_YET } from './live-buffer.ts';
import type { Scope } from './request.ts';

/** Rows are drawn so often at most: often enough to seem live, seldom enough that 500 events/s are two tables a second. */
const DRAW_EVERY_MS = 500;
/** The share of the screen that stands there when live mode begins, so that it does not begin with nothing, nor full. */
const FIRST_SHARE = 0.8;
const RECONNECT_MS = [500, 1_000, 2_000, 5_000] as const;
export interface Live extends LiveSnapshot {
  readonly state: 'connecting' | 'live' | 'reconnecting' | 'refused';
  /** Received and not drawn yet, because somebody is looking. */
  readonly waitingCount: number;
  readonly error?: string;
}

const BEGINNING: Live = { ...NOTHING_YET, state: 'connecting', waitingCount: 0 };

/**
 * Follows new events as they come (TailRecords). While `held`, the rows stay as they are and new ones wait.
 * @param scope what to follow; undefined: nothing
 * @param screenRows how many of the newest rows are seen at once
 */
export function useLive(scope: Scope | undefined, held: boolean, screenRows: number): Live {
  const [live, setLive] = useState(BEGINNING);
  const isHeld = useRef(held);
  isHeld.current = held;
  const account = scope?.AccountId;
  const filter = scope?.Filter;
  const isOn = scope !== undefined;
  useEffect(() => {
    if (!isOn) return undefined;
    const abort = new AbortController();
    const buffer = createLiveBuffer(screenRows);
    const tell = (state: Live['state'], error?: string) =>
      setLive((before) => ({ ...withoutError(before), state, ...(error !== undefined && { error }) }));
    setLive(BEGINNING);
    drawRepeatedly(buffer, isHeld, setLive, abort.signal);
    follow({ account, filter, firstRows: Math.floor(screenRows * FIRST_SHARE) }, buffer, tell, abort.signal).catch(
      () => undefined,
    );
    return () => abort.abort();
  }, [isOn, account, filter, screenRows]);
  return live;
}

const withoutError = ({ error: _, ...rest }: Live): Live => rest;

function drawRepeatedly(
  buffer: LiveBuffer,
  isHeld: { readonly current: boolean },
  setLive: (change: (before: Live) => Live) => void,
  signal: AbortSignal,
): void {
  const draw = () => {
    if (signal.aborted) return;
    const { waitingCount } = buffer;
    if (isHeld.current)
      setLive((before) => (before.waitingCount === waitingCount ? before : { ...before, waitingCount }));
    else if (waitingCount > 0) {
      const snapshot = buffer.take();
      setLive((before) => ({ ...before, ...snapshot, waitingCount: 0 }));
    }
    clock.after(DRAW_EVERY_MS, draw);
  };
  clock.after(DRAW_EVERY_MS, draw);
}

interface Followed {
  readonly account: string | undefined;
  readonly filter: string | undefined;
  /** Of those that are there already. */
  readonly firstRows: number;
}

/** Where a stream begins: with the newest events, at a time, or at a place in the log. */
type Place = { readonly last: number } | { readonly since: string } | { readonly from: number };

/** Reads the stream, and begins again where it broke off, until aborted or refused. */
async function follow(
  { account, filter, firstRows }: Followed,
  buffer: LiveBuffer,
  tell: (state: Live['state'], error?: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let place: Place = { last: firstRows };
  for (let failures = 0; ; failures++) {
    try {
      const query = { account, filter, format: 'events', ...place };
      const answer = await nativeAnswer('tail', undefined, { query, signal });
      failures = 0;
      tell('live');
      if ('last' in place) place = { since: serverTime(answer) };
      for await (const event of readNdjson<FoundEvent>(answer.body!)) {
        buffer.push(event);
        place = { from: event.Sequence + 1 };
      }
      tell('reconnecting');
    } catch (error) {
      signal.throwIfAborted();
      if (isRefusal(error)) return tell('refused', messageOf(error));
      tell('reconnecting', messageOf(error));
    }
    await pause(RECONNECT_MS[Math.min(failures, RECONNECT_MS.length - 1)]!, signal);
  }
}

/** The server's clock, by which "since" is meant: this machine's may be minutes off. */
const serverTime = (answer: Response): string =>
  new Date(Date.parse(answer.headers.get('date') ?? '') || clock.now()).toISOString();

/** What asking again would not mend. */
const isRefusal = (error: unknown): boolean =>
  isDenied(error) ||
  (error instanceof Error && 'status' in error && [400, 401, 403, 404].includes(error.status as number));
