import { preferences } from '../base/preferences.ts';
import { createStore, useStore } from '../base/store.ts';
import { send, setCallerPlace } from './client.ts';
import { ApiError } from './error.ts';

/** What GET /session tells of the one who is signed in (packages/server/src/console/session-view.ts). */
export interface Session {
  readonly AccountId: string;
  readonly AccountAlias?: string;
  readonly Arn: string;
  readonly UserName?: string;
  readonly Type: string;
  readonly MfaAuthenticated?: boolean;
  readonly Region: string;
  readonly Regions: readonly string[];
  /** Accounts whose events the caller may see, where they are more than the own one. */
  readonly Accounts?: readonly { readonly AccountId: string; readonly Alias?: string }[];
  /** The role switched to, which the members above tell of; and who one was before. */
  readonly Role?: {
    readonly RoleArn: string;
    readonly RoleName: string;
    readonly SessionName: string;
    readonly SwitchedFrom: { readonly AccountId: string; readonly Arn: string; readonly UserName?: string };
  };
  readonly CsrfToken: string;
  readonly ExpiresAt: string;
  readonly OperatorAccountId: string;
}

export type SignInInput =
  | { AccessKeyId: string; SecretAccessKey: string; SessionToken?: string; MfaCode?: string }
  | { AccountId: string; UserName: string; Password: string; NewPassword?: string; MfaCode?: string };

export type SessionState =
  | { readonly state: 'unknown' }
  | { readonly state: 'out'; readonly expired: boolean }
  | { readonly state: 'unreachable'; readonly error: Error }
  | { readonly state: 'in'; readonly session: Session };

export const sessionStore = createStore<SessionState>({ state: 'unknown' });

const current = (): Session | undefined => {
  const now = sessionStore.get();
  return now.state === 'in' ? now.session : undefined;
};

/** The Region of calls: the one chosen in the top bar, as long as this OpenTrail has it; else the server's own. */
export function chosenRegion(session: Session | undefined, wanted: string | undefined): string {
  if (!session) return wanted ?? 'us-east-1';
  return wanted !== undefined && session.Regions.includes(wanted) ? wanted : session.Region;
}

setCallerPlace({
  region: () => chosenRegion(current(), preferences.get().region),
  csrfToken: () => current()?.CsrfToken,
  lost: ({ code }) => {
    if (!current()) return;
    // A role's session has ended, or another tab of the browser goes on as somebody else.
    if (code === 'RoleSessionEnded' || code === 'InvalidCsrfToken') void loadSession();
    else left(true);
  },
});

/**
 * Says that there may be a session, whose own cookie no script can see: without it the server need not be asked, and the
 * browser has no refusal to report. It goes where that cookie goes, so that neither outlives the other for long.
 */
const MARK = 'opentrail-signed-in';
const mark = (value: string, maxAgeSeconds: number) => {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API asks for HTTPS
  document.cookie = `${MARK}=${value}; Path=/; SameSite=Strict; Max-Age=${maxAgeSeconds}`;
};
/** Longer than any session: what is over is told by the server. */
const MARK_SECONDS = 7 * 86_400;

/** At the start of the page. */
export async function openSession(): Promise<void> {
  if (document.cookie.includes(`${MARK}=1`)) await loadSession();
  else sessionStore.set({ state: 'out', expired: false });
}

/** Asks who is signed in. */
export async function loadSession(): Promise<void> {
  try {
    entered(await (await send('GET', '/session')).json());
  } catch (error) {
    const code = error instanceof ApiError && error.status === 401 ? error.code : undefined;
    if (code === 'RoleSessionEnded') {
      // Told once: from then on one is oneself again. Where a page was open, `lost` asks.
      if (!current()) await loadSession();
    } else if (code !== undefined) left(current() !== undefined);
    else if (!current()) sessionStore.set({ state: 'unreachable', error: error as Error });
  }
}

function entered(answer: unknown): void {
  mark('1', MARK_SECONDS);
  sessionStore.set({ state: 'in', session: answer as Session });
}

function left(expired: boolean): void {
  mark('', 0);
  sessionStore.set({ state: 'out', expired });
}

const sendJson = async (method: string, path: string, input?: object): Promise<unknown> => {
  const answer = await send(method, path, {
    retry: false, // a lock-out is told, not waited for
    ...(input && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(input) }),
  });
  return answer.status === 204 ? undefined : answer.json();
};

/** @throws ApiError with the server's reason: wrong, an MFA code needed, locked out for a time */
export async function signIn(input: SignInInput): Promise<void> {
  entered(await sendJson('POST', '/session', input));
}

export async function signOut(): Promise<void> {
  await send('DELETE', '/session');
  left(false);
}

export async function switchRole(input: { RoleArn: string; RoleSessionName?: string; ExternalId?: string }) {
  entered((await sendJson('POST', '/session/role', input)) ?? (await sendJson('GET', '/session')));
}

export async function switchBack(): Promise<void> {
  entered((await sendJson('DELETE', '/session/role')) ?? (await sendJson('GET', '/session')));
}

/** The session of pages, which are shown only to those who are signed in. */
export function useSession(): Session {
  const now = useStore(sessionStore);
  if (now.state !== 'in') throw new Error('Pages are shown within a session only.');
  return now.session;
}

/** The Region of the top bar. */
export function useRegion(): string {
  const session = useSession();
  return chosenRegion(session, useStore(preferences).region);
}
