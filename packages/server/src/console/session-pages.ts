import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { EncodedResponse } from '../wire/codec/index.ts';
import { json, nothing, notSignedIn, refusal } from './answers.ts';
import { cookieName, readCookie, setCookie } from './cookie.ts';
import { readJson, roleInput, signInInput } from './input.ts';
import type { RoleSwitch } from './roles.ts';
import type { SessionViewOf } from './session-view.ts';
import { type ConsoleSession, type ConsoleSessions, csrfToken, isSame } from './sessions.ts';
import type { SignIn } from './sign-in.ts';
import type { Standing, StandingOf } from './standing.ts';
import type { Visit } from './visit.ts';

export interface SessionPagesDeps {
  readonly sessions: ConsoleSessions;
  readonly standingOf: StandingOf;
  readonly signIn: SignIn;
  readonly roles: RoleSwitch;
  readonly view: SessionViewOf;
  readonly port: () => number;
  readonly clock: Clock;
}

/** Who is signed in, by the cookie of a request. */
export interface SignedInBrowser {
  readonly cookie: string;
  readonly session: ConsoleSession;
  readonly standing: Standing;
}

type Page = (req: IncomingMessage, res: ServerResponse, visit: Visit) => Promise<EncodedResponse>;

/** `/session` and `/session/role`: signing in and out, switching roles (docs/console.md). */
export function createSessionPages(deps: SessionPagesDeps) {
  const { sessions, standingOf, signIn, roles, view, clock } = deps;

  const nameOf = ({ secure }: Visit) => cookieName(secure, deps.port());
  const forgetting = (visit: Visit) => ({ 'set-cookie': setCookie(nameOf(visit), '', visit.secure, 0) });
  const ended = (visit: Visit) => notSignedIn('Your session has ended. Sign in again.', forgetting(visit));

  /** @throws AwsError NotSignedIn; RoleSessionEnded, once: from then on the session is that of who signed in */
  async function identify(visit: Visit): Promise<SignedInBrowser> {
    const cookie = readCookie(visit.http, nameOf(visit));
    if (cookie === undefined) throw notSignedIn();
    const session = sessions.find(cookie);
    if (!session) throw ended(visit);
    const standing = await standingOf(session);
    if (standing === 'ended') {
      await sessions.end(session);
      throw ended(visit);
    }
    if (standing === 'role-ended') {
      await sessions.setRole(session, undefined);
      throw refusal(401, 'RoleSessionEnded', 'The session of the role has ended: you are yourself again.');
    }
    return { cookie, session, standing };
  }

  /** @throws AwsError also InvalidCsrfToken, where nothing shows that a page of ours asks, and as whom it believes to */
  async function requireSignedIn(visit: Visit): Promise<SignedInBrowser> {
    const browser = await identify(visit);
    const shown = visit.http.headers['x-opentrail-csrf'] ?? '';
    if (isSame(shown, csrfToken(browser.cookie, browser.session))) return browser;
    throw refusal(403, 'InvalidCsrfToken', 'This page is out of date. Load it again.');
  }

  async function show(visit: Visit, cookie: string, session: ConsoleSession, headers = {}): Promise<EncodedResponse> {
    const standing = await standingOf(session);
    if (typeof standing === 'string') throw ended(visit);
    return json(200, await view(visit, cookie, session, standing), headers);
  }

  const pages: Readonly<Record<string, Readonly<Record<string, Page>>>> = {
    '/session': {
      async GET(_req, _res, visit) {
        const { cookie, session, standing } = await identify(visit);
        return json(200, await view(visit, cookie, session, standing));
      },
      /** Always a new id: none that the browser brings along is ever made a session. */
      async POST(req, res, visit) {
        const begun = await signIn(visit, res, signInInput(await readJson(req, visit)));
        const before = readCookie(visit.http, nameOf(visit));
        const replaced = before === undefined ? undefined : sessions.find(before);
        const cookie = await sessions.start(begun);
        if (replaced) await sessions.end(replaced);
        const session = sessions.find(cookie);
        if (!session) throw ended(visit);
        const seconds = Math.floor((session.expiresMs - clock.now()) / 1000);
        return show(visit, cookie, session, { 'set-cookie': setCookie(nameOf(visit), cookie, visit.secure, seconds) });
      },
      async DELETE(_req, _res, visit) {
        const { session } = await requireSignedIn(visit);
        await sessions.end(session);
        return nothing(forgetting(visit));
      },
    },
    '/session/role': {
      async POST(req, res, visit) {
        const { cookie, session, standing } = await requireSignedIn(visit);
        const input = roleInput(await readJson(req, visit));
        return show(visit, cookie, await roles.enter(visit, res, session, standing.self, input));
      },
      async DELETE(_req, _res, visit) {
        const { cookie, session } = await requireSignedIn(visit);
        return show(visit, cookie, await roles.exit(visit, session));
      },
    },
  };

  return {
    requireSignedIn,
    isOne: (path: string): boolean => Object.hasOwn(pages, path),
    /** @throws AwsError */
    answer(req: IncomingMessage, res: ServerResponse, visit: Visit): Promise<EncodedResponse> {
      const methods = pages[visit.http.rawPath]!;
      const { method } = visit.http;
      const page = Object.hasOwn(methods, method) ? methods[method] : undefined;
      if (page) return page(req, res, visit);
      throw refusal(405, 'MethodNotAllowed', 'The session is not asked so.', {
        allow: Object.keys(methods).join(', '),
      });
    },
  };
}
