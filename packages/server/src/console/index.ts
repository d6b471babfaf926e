import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authorizer } from '../access/authorizer.ts';
import type { IamStore } from '../access/iam-store.ts';
import type { Accounts } from '../access/identities.ts';
import type { Sealer } from '../access/sealed-secrets.ts';
import type { Sessions } from '../access/sessions.ts';
import type { Clock } from '../base/clock.ts';
import type { AwsError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import type { State } from '../ports/state.ts';
import type { Auditor } from '../wire/audit.ts';
import type { EncodedResponse } from '../wire/codec/index.ts';
import { asAwsError } from '../wire/failures.ts';
import type { PartOfCall, Pipeline } from '../wire/pipeline.ts';
import { addressOf, readRequest } from '../wire/request.ts';
import { problem, send } from './answers.ts';
import { createForwarder } from './forward.ts';
import { createLockout, OF_A_USER, OF_AN_ADDRESS } from './lockout.ts';
import { createProofs } from './proof.ts';
import { type AssumedRole, createRoleSwitch } from './roles.ts';
import { createSessionPages } from './session-pages.ts';
import { createSessionView } from './session-view.ts';
import { type Credentials, openConsoleSessions } from './sessions.ts';
import { createSignIn } from './sign-in.ts';
import { createSignInRecords } from './sign-in-records.ts';
import { createCallerOf, createStanding, type FindKey } from './standing.ts';
import { createStaticFiles } from './static-files.ts';
import { createReception, type Place, requireOwnOrigin, SECURITY_HEADERS, type Visit } from './visit.ts';

export interface ConsoleDeps {
  readonly place: Place;
  /** The built pages. */
  readonly directory: string;
  /** The console's own port; asked once it listens. */
  readonly port: () => number;
  /** Host and port of the AWS endpoint. */
  readonly endpointHost: () => string;
  readonly pipeline: Pick<Pipeline, 'answer' | 'perform'>;
  readonly findKey: FindKey;
  readonly iam: IamStore;
  readonly accounts: Pick<Accounts, 'list'>;
  readonly issue: Sessions['issue'];
  readonly authorizer: Pick<Authorizer, 'decide'>;
  readonly auditor: Pick<Auditor, 'keep'>;
  readonly state: State;
  readonly sealer: Sealer;
  readonly region: string;
  readonly regions: readonly string[];
  readonly operatorAccountId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface Console {
  /** Answers every request. Never throws. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Words the answer to what never became a request. */
  refuse(error: AwsError): EncodedResponse;
  close(): void;
}

/**
 * The console: its pages, sessions (`/session`), and one way for its calls to the AWS services (`/aws/…`). It has no API of
 * its own beside sessions: what a page shows, a script gets by the same operations.
 */
export async function openConsole(deps: ConsoleDeps): Promise<Console> {
  const { pipeline, findKey, iam, clock, random, state, logger, metrics, endpointHost } = deps;
  const receive = createReception(deps.place);
  const sessions = await openConsoleSessions(deps);
  const callerOf = createCallerOf(findKey);
  const standingOf = createStanding({ callerOf, findKey, iam });
  const record = createSignInRecords(deps);
  const files = createStaticFiles(deps.directory, random);

  /** Does an operation for a session, as the browser would have it done through `/aws/`. */
  function perform(
    { http }: Visit,
    res: ServerResponse,
    as: Credentials,
    part: Pick<PartOfCall, 'schemaId' | 'operation' | 'input'>,
  ) {
    const headers = { host: endpointHost(), 'user-agent': http.headers['user-agent'] ?? '' };
    const asked = { ...http, rawPath: '/', rawQuery: '', query: [], headers, host: headers.host };
    const signedIn = { ...as, http: asked, service: part.schemaId, region: deps.region };
    return pipeline.perform(res, signedIn, { ...part, method: 'POST', rawPath: '/' });
  }

  const signIn = createSignIn({
    proofs: createProofs({ findKey, iam, state, clock }),
    iam,
    issue: deps.issue,
    record,
    users: createLockout(OF_A_USER, clock),
    addresses: createLockout(OF_AN_ADDRESS, clock),
    clock,
    async changePassword(visit, res, as, OldPassword, NewPassword) {
      const input = { OldPassword, NewPassword };
      await perform(visit, res, as, { schemaId: 'iam', operation: 'ChangePassword', input });
    },
  });
  const roles = createRoleSwitch({
    async assumeRole(visit, res, as, input) {
      const answer = await perform(visit, res, as, { schemaId: 'sts', operation: 'AssumeRole', input });
      return answer as unknown as AssumedRole;
    },
    callerOf,
    iam,
    sessions,
    record,
    clock,
  });
  const view = createSessionView(deps);
  const sessionPages = createSessionPages({ sessions, standingOf, signIn, roles, view, port: deps.port, clock });
  const forward = createForwarder({
    pipeline,
    sessions,
    endpointHost,
    stands: async (session) => sessions.isCurrent(session) && typeof (await standingOf(session)) === 'object',
    clock,
  });

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<EncodedResponse | 'answered'> {
    const visit = receive(readRequest(req));
    const { rawPath } = visit.http;
    if (sessionPages.isOne(rawPath)) {
      requireOwnOrigin(visit);
      return sessionPages.answer(req, res, visit);
    }
    if (!rawPath.startsWith('/aws/')) return files(visit.http);
    requireOwnOrigin(visit);
    const { session } = await sessionPages.requireSignedIn(visit);
    await forward(req, res, visit, session);
    return 'answered';
  }

  /** The one place where an error becomes an answer. */
  function failed(error: unknown, req: IncomingMessage): EncodedResponse {
    const known = asAwsError(error, 'rest-json');
    if (known.status >= 500) logger.error({ err: error }, 'the console could not answer a request');
    else if (known.status !== 401 || known.code !== 'NotSignedIn') {
      metrics.rejectedRequests.inc({ code: known.code });
      logger.info({ code: known.code, sourceIp: addressOf(req.socket) }, 'the console refused a request');
    }
    return problem(known);
  }

  return {
    async handle(req, res) {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) res.setHeader(name, value);
      try {
        const made = await answer(req, res).catch((error) => failed(error, req));
        if (made !== 'answered') await send(req, res, made, clock);
      } catch (error) {
        logger.warn({ err: error }, 'an answer of the console could not be sent whole');
      }
    },
    refuse: problem,
    close: () => sessions.close(),
  };
}
