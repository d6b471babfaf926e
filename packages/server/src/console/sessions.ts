import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Sealer } from '../access/sealed-secrets.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { State, StateChange } from '../ports/state.ts';

/** AWS's console ends a session after as long. */
export const SESSION_MS = 12 * 3_600_000;
/** Of all people, some 2 KB each. */
const SESSIONS_MAX = 10_000;
/** Of one person: browsers that were closed without signing out. */
const SESSIONS_OF_ONE_MAX = 25;
/** How far the clock may be set back under a session: for corrections, not for a second life. */
const SET_BACK_MS_MAX = 300_000;
const SWEEP_EVERY_MS = 600_000;
const PREFIX = 'console-session/';
const COOKIE_BYTES = 32;

/** What calls are made with. The secret key is not among it: nothing here is signed. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly sessionToken: string;
}

/** What a session stands on besides its own credentials: without it, it ends. */
export type Ground =
  | { readonly kind: 'key'; readonly accessKeyId: string }
  /** The salt tells a password from every other, also from the same one set anew. */
  | { readonly kind: 'password'; readonly accountId: string; readonly userName: string; readonly salt: string }
  | { readonly kind: 'temporary' };

export interface SwitchedRole {
  readonly credentials: Credentials;
  readonly roleArn: string;
  readonly expiresMs: number;
}

export interface ConsoleSession {
  readonly id: string;
  /** ARN of who signed in. */
  readonly owner: string;
  readonly credentials: Credentials;
  readonly ground: Ground;
  readonly startedMs: number;
  readonly expiresMs: number;
  readonly role?: SwitchedRole;
}

export type NewSession = Pick<ConsoleSession, 'owner' | 'credentials' | 'ground' | 'expiresMs'>;

/**
 * Who is signed in. A browser has a random id; here is only its hash, with what the session stands for sealed under the
 * data folder's key: neither a copy of the State nor one of the memory of another process lets anybody in.
 */
export interface ConsoleSessions {
  /** @returns what the browser is to keep. Durable when it resolves */
  start(session: NewSession): Promise<string>;
  /** undefined when there is none of that cookie, or its time is over. */
  find(cookie: string): ConsoleSession | undefined;
  /** undefined when the session has ended meanwhile, or has another role by now. */
  setRole(session: ConsoleSession, role: SwitchedRole | undefined): Promise<ConsoleSession | undefined>;
  /** At once; durable when it resolves, and tried again until it is. @throws Pushback when the disk is full */
  end(session: ConsoleSession): Promise<void>;
  /** Whether it is still there, as it is given. */
  isCurrent(session: ConsoleSession): boolean;
  /** Calls `fn` when the session is ended. @returns a function that calls it off */
  onEnd(session: ConsoleSession, fn: () => void): () => void;
  close(): void;
}

interface Kept {
  readonly session: ConsoleSession;
  /** By the monotonic clock, so that no clock set back makes it last. */
  readonly endsAtMs: number;
}

const idOf = (cookie: string): string => createHash('sha256').update(`console session ${cookie}`).digest('hex');

/**
 * What a page must show besides the cookie, which browsers send by themselves. It belongs to the session and to the role in
 * it: a page that was loaded before a switch cannot act as somebody else than it shows.
 */
export const csrfToken = (cookie: string, { credentials, role }: ConsoleSession): string =>
  createHmac('sha256', cookie)
    .update(`csrf ${(role?.credentials ?? credentials).accessKeyId}`)
    .digest('base64url');

/** In constant time. */
export function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

export async function openConsoleSessions(deps: {
  readonly state: State;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<ConsoleSessions> {
  const { state, sealer, clock, random } = deps;
  const kept = new Map<string, Kept>();
  /** Ended, and not yet gone from State: a full disk must not bring them back at the next start. */
  const ended = new Set<string>();
  const watchers = new Map<string, Set<() => void>>();
  const tell = (ids: readonly string[]) => {
    for (const id of ids) for (const fn of watchers.get(id) ?? []) fn();
  };

  const isOver = ({ session, endsAtMs }: Kept): boolean => {
    const now = clock.now();
    return now >= session.expiresMs || now < session.startedMs - SET_BACK_MS_MAX || clock.monotonicMs() >= endsAtMs;
  };
  const keep = (session: ConsoleSession): Kept => {
    const leftMs = Math.min(session.expiresMs - clock.now(), SESSION_MS);
    const one = { session, endsAtMs: clock.monotonicMs() + leftMs };
    kept.set(session.id, one);
    return one;
  };
  const placeOf = (id: string) => PREFIX + id;
  const putting = ({ id, ...rest }: ConsoleSession): StateChange => ({
    put: placeOf(id),
    value: sealer.seal(placeOf(id), rest),
  });
  const removing = (ids: readonly string[]): StateChange[] => ids.map((id) => ({ delete: placeOf(id) }));

  /** Those that have to go so that one more of this owner may come: what is over, and what began longest ago. */
  const goingFor = (owner: string): string[] => {
    const all = [...kept.values()];
    const lasting = all.filter((one) => !isOver(one));
    const own = lasting.filter(({ session }) => session.owner === owner);
    const excess = (of: readonly Kept[], max: number) => of.slice(0, Math.max(0, of.length + 1 - max));
    const going = [...all.filter(isOver), ...excess(own, SESSIONS_OF_ONE_MAX), ...excess(lasting, SESSIONS_MAX)];
    return [...new Set(going.map(({ session }) => session.id))];
  };

  async function drop(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      kept.delete(id);
      ended.add(id);
    }
    tell(ids);
    const gone = [...ended];
    if (gone.length > 0) await state.write(removing(gone));
    for (const id of gone) ended.delete(id);
  }

  const sweep = () => drop([...kept.values()].filter(isOver).map(({ session }) => session.id));

  const stored = (await state.list<string>(PREFIX)).map(({ key, value }) => ({
    id: key.slice(PREFIX.length),
    opened: sealer.open(key, value) as Omit<ConsoleSession, 'id'> | undefined,
  }));
  const readable = stored.flatMap(({ id, opened }) => (opened ? [{ id, ...opened }] : []));
  for (const session of readable.sort((a, b) => a.startedMs - b.startedMs)) keep(session);
  const unreadable = stored.filter(({ opened }) => !opened).map(({ id }) => id);
  // The State may be full for the moment; what does not open lets nobody in by being kept.
  if (unreadable.length > 0) await state.write(removing(unreadable)).catch(() => {});
  let cancel = () => {};
  const sweepLater = () => {
    cancel = clock.after(
      SWEEP_EVERY_MS,
      () =>
        void sweep()
          .catch(() => {})
          .finally(sweepLater),
    );
  };
  sweepLater();

  return {
    async start(begun) {
      const cookie = Buffer.from(random.bytes(COOKIE_BYTES)).toString('base64url');
      const session: ConsoleSession = { id: idOf(cookie), startedMs: clock.now(), ...begun };
      const going = goingFor(session.owner);
      await state.write([...removing(going), putting(session)]);
      for (const id of going) kept.delete(id);
      tell(going);
      keep(session);
      return cookie;
    },
    find(cookie) {
      const one = kept.get(idOf(cookie));
      return one && !isOver(one) ? one.session : undefined;
    },
    async setRole(session, role) {
      const before = kept.get(session.id);
      if (before?.session !== session) return undefined;
      const { role: _role, ...plain } = session;
      const changed: ConsoleSession = role ? { ...plain, role } : plain;
      const one = { ...before, session: changed };
      kept.set(session.id, one);
      try {
        await state.write([putting(changed)]);
      } catch (error) {
        if (kept.get(session.id) === one) kept.set(session.id, before);
        throw error;
      }
      return changed;
    },
    end: ({ id }) => drop([id]),
    isCurrent: (session) => {
      const one = kept.get(session.id);
      return one?.session === session && !isOver(one);
    },
    onEnd({ id }, fn) {
      const fns = watchers.get(id) ?? new Set();
      watchers.set(id, fns.add(fn));
      return () => {
        fns.delete(fn);
        if (fns.size === 0 && watchers.get(id) === fns) watchers.delete(id);
      };
    },
    close: () => cancel(),
  };
}
