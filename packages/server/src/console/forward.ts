import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { Pipeline } from '../wire/pipeline.ts';
import type { HttpRequest } from '../wire/request.ts';
import { refusal } from './answers.ts';
import type { ConsoleSession, ConsoleSessions, Credentials } from './sessions.ts';
import { INERT, type Visit } from './visit.ts';

export interface ForwardDeps {
  readonly pipeline: Pick<Pipeline, 'answer'>;
  readonly sessions: Pick<ConsoleSessions, 'onEnd'>;
  /** Host and port of the AWS endpoint, which the services take for their own address. */
  readonly endpointHost: () => string;
  /** Whether what the call was let in for still holds. */
  readonly stands: (session: ConsoleSession) => Promise<boolean>;
  readonly clock: Clock;
}

/** `/aws/<signing name>/<region>/<path>`: nothing of it is decoded, so that nothing of it means two things. */
const PATH = /^\/aws\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,32})(\/.*)?$/s;
/** Answers that go on for hours end this soon after the role, user, key or password that their session stood on. */
const RECHECK_MS = 15_000;

/** What is the connection's or the session's own, and no matter of the service. */
const DROPPED: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer'],
  ...['upgrade', 'cookie', 'x-opentrail-csrf', 'x-amz-security-token', 'x-amz-date', 'origin'],
]);
/** Of requests that were signed before. */
const SIGNATURE_PARAMETERS =
  /^(x-amz-(algorithm|credential|signature|signedheaders|security-token|expires|date)|awsaccesskeyid)$/i;

/** Who calls, by a session. */
export const actingCredentials = ({ credentials, role }: ConsoleSession): Credentials =>
  role?.credentials ?? credentials;

/**
 * Hands a browser's request to the AWS services as the call of who is signed in. From there on it is any other call:
 * permissioned, recorded, bounded, streamed both ways.
 */
export function createForwarder({ pipeline, sessions, endpointHost, stands, clock }: ForwardDeps) {
  /** Cuts an answer that outlasts what it was given for. */
  function watch(res: ServerResponse, session: ConsoleSession): void {
    let cancel = () => {};
    const look = async () => {
      if (res.closed) return;
      if (await stands(session)) cancel = clock.after(RECHECK_MS, () => void look());
      else res.destroy();
    };
    cancel = clock.after(RECHECK_MS, () => void look());
    const unwatch = sessions.onEnd(session, () => res.destroy());
    res.once('close', () => {
      cancel();
      unwatch();
    });
  }

  /** @throws AwsError for what is no call, or a call that says itself whose it is */
  return async (req: IncomingMessage, res: ServerResponse, { http }: Visit, session: ConsoleSession): Promise<void> => {
    const [, service, region, rawPath = '/'] = PATH.exec(http.rawPath) ?? [];
    if (service === undefined || region === undefined) {
      throw refusal(404, 'NotFound', 'A call goes to /aws/<service>/<region>/<path>.');
    }
    if (http.headers.authorization !== undefined || http.query.some(([name]) => SIGNATURE_PARAMETERS.test(name))) {
      throw refusal(400, 'InvalidRequest', 'Calls of the console carry no signature: the session says whose they are.');
    }
    res.setHeader('content-security-policy', INERT);
    res.setHeader('cache-control', 'no-store');
    watch(res, session);
    const { accessKeyId, sessionToken } = actingCredentials(session);
    await pipeline.answer(req, res, {
      http: { ...http, rawPath, host: endpointHost(), headers: { ...carried(http), host: endpointHost() } },
      accessKeyId,
      sessionToken,
      service,
      region,
    });
  };
}

/** Headers that a client named in `Connection` are the connection's, too (RFC 9110 §7.6.1). */
function carried({ headers }: HttpRequest): Record<string, string> {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const isFraming = (name: string) => name === 'content-length' || name === 'transfer-encoding';
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !DROPPED.has(name) && (!named.has(name) || isFraming(name))),
  );
}
