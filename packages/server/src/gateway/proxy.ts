import type { IncomingMessage, ServerResponse } from 'node:http';
import { Bag } from '../base/bag.ts';
import type { Clock } from '../base/clock.ts';
import { AwsError, Pushback } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import type { ErrorTarget } from '../wire/codec/index.ts';
import { type HttpRequest, readRequest } from '../wire/request.ts';
import type { Admission, Claimed } from './admit.ts';
import type { CaptureBudget } from './capture.ts';
import type { Exchange, ExchangeFailure } from './exchange.ts';
import { asAnswerable, failureAnswer } from './failure-answers.ts';
import { namedByConnection } from './headers.ts';
import { Passage } from './passage.ts';
import type { Seen } from './read-call.ts';
import type { Upstream } from './upstreams.ts';

/** Who makes records of what passes. */
export interface Recorder {
  /** Before the upstream is asked. @throws Pushback when the record of this call could not be kept */
  check(http: HttpRequest, route: Pick<Route, 'seen'>): void;
  /** Resolves when the answer may leave to its end. @throws Pushback when it may not */
  record(exchange: Exchange, route: Pick<Route, 'seen'>): Promise<void>;
}

/** What the head of a request decides. */
export interface Route {
  /** What it says of itself, for admission. */
  readonly claimed: Claimed;
  /** Undefined when there is none for this service. */
  readonly upstream: Upstream | undefined;
  /** How much of the bodies is copied aside. */
  readonly wants: Wants;
  /** In whose shape the gateway's own errors are told. */
  readonly target: ErrorTarget;
  /** What the recorder has read of the head already. */
  readonly seen?: Seen;
}

export interface Wants {
  readonly requestBytes: number;
  readonly answerBytes: number;
}

export interface ProxyLimits {
  /** To connect, TLS included. */
  readonly connectMs: number;
  /** Without a byte from an upstream that has the whole request. */
  readonly upstreamQuietMs: number;
  /** Without a byte taken by a client that an answer waits for. */
  readonly clientQuietMs: number;
  /** Bytes of bodies copied aside at once, over all calls; past it new calls are refused. */
  readonly captureBytesMax: number;
}

/**
 * Lambda may work for 15 minutes on one call, but such callers are few and can raise the limit; most SDKs leave after
 * one minute of silence.
 */
export const PROXY_LIMITS: ProxyLimits = {
  connectMs: 10_000,
  upstreamQuietMs: 120_000,
  clientQuietMs: 120_000,
  captureBytesMax: 256 * 1024 * 1024,
};

/** How a call ended, for metrics. `unrecorded`: it went through, but the Log did not take its record. */
export type Outcome = 'passed' | 'refused' | 'unrecorded' | ExchangeFailure['kind'];

export interface ProxyOptions {
  readonly routeOf: (http: HttpRequest) => Route;
  readonly recorder: Recorder;
  /** Without one all requests go on as they came. */
  readonly admission?: Admission | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits?: Partial<ProxyLimits>;
}

export interface ProxyDeps extends ProxyOptions {
  readonly limits: ProxyLimits;
  readonly budget: CaptureBudget;
}

export interface Proxy {
  /** Sees one call through. Never throws, and always answers or cuts. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Cuts what is still under way. */
  close(): void;
}

/** Time-outs are noticed this much late at most; one timer serves all calls. */
const TICK_MS_MAX = 1_000;

/**
 * A reverse proxy that changes nothing and makes a record of everything (see `Passage`). Listen with `handlesExpect`.
 * What no record could be made of (no Host, several of them, a query that is not UTF-8) is refused rather than passed.
 */
export function createProxy(options: ProxyOptions): Proxy {
  const limits = { ...PROXY_LIMITS, ...options.limits };
  const budget: CaptureBudget = { heldBytes: 0 };
  const deps: ProxyDeps = { ...options, limits, budget };
  const { clock, metrics, recorder } = deps;
  const open = new Bag<Passage>();
  const tickMs = Math.min(TICK_MS_MAX, limits.connectMs, limits.upstreamQuietMs, limits.clientQuietMs);
  let cancelTick: (() => void) | undefined;

  const tick = () => {
    const nowMs = clock.monotonicMs();
    for (const passage of open) passage.tick(nowMs);
    cancelTick = open.size > 0 ? clock.after(tickMs, tick) : undefined;
  };

  const admit = (http: HttpRequest, route: Route): void => {
    const { upstream } = route;
    if (!upstream) throw new AwsError('ServiceUnavailable', NO_UPSTREAM, { status: 503 });
    if (changesProtocol(http)) throw new AwsError('InvalidRequest', NO_UPGRADE, { status: 400 });
    if (budget.heldBytes > limits.captureBytesMax) throw new Pushback('too many large calls are on their way at once');
    recorder.check(http, route);
  };

  return {
    handle(req, res) {
      let http: HttpRequest;
      let route: Route;
      try {
        http = asPassedOn(readRequest(req));
        if (countHosts(req.rawHeaders) > 1) throw new AwsError('BadRequest', 'The request has several Host headers.');
        route = deps.routeOf(http);
      } catch (error) {
        refuseUnread(deps, req, res, error);
        return Promise.resolve();
      }
      return new Promise((fulfil) => {
        const passage = new Passage(deps, { req, res, http, route }, (outcome) => {
          open.delete(passage);
          metrics.gatewayOpenCalls.dec();
          metrics.gatewayCalls.inc({ upstream: route.upstream?.name ?? 'none', outcome });
          fulfil();
        });
        open.add(passage);
        metrics.gatewayOpenCalls.inc();
        cancelTick ??= clock.after(tickMs, tick);
        try {
          admit(http, route);
        } catch (error) {
          passage.refuse(error);
          return;
        }
        passage.start();
      });
    },
    close() {
      cancelTick?.();
      for (const passage of open) passage.cut();
    },
  };
}

const NO_UPSTREAM = 'No upstream stands behind this gateway for this service. Name one with --upstream.';
const NO_UPGRADE = 'This gateway passes on HTTP/1.1 only; a connection cannot be upgraded.';

/** HTTP/2 may be offered and passed over (RFC 9110 §7.8); a web socket cannot do without its own protocol. */
function changesProtocol({ headers }: HttpRequest): boolean {
  const { upgrade } = headers;
  return upgrade !== undefined && !/^h2c?$/i.test(upgrade) && /\bupgrade\b/i.test(headers.connection ?? '');
}

/** What ends at the gateway because `Connection` names it is not in the record either: the upstream never saw it. */
function asPassedOn(http: HttpRequest): HttpRequest {
  const named = namedByConnection(http.headers.connection);
  if (named.length === 0) return http;
  const headers: Record<string, string> = Object.assign(Object.create(null), http.headers);
  for (const name of named) delete headers[name];
  return { ...http, headers };
}

/** Which of several the upstream would take to be meant is its secret, and the record must not guess (RFC 9112 §3.2). */
function countHosts(raw: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < raw.length; i += 2) if (raw[i]!.length === 4 && raw[i]!.toLowerCase() === 'host') count++;
  return count;
}

function refuseUnread(deps: ProxyDeps, req: IncomingMessage, res: ServerResponse, cause: unknown): void {
  const target: ErrorTarget = { protocol: 'restXml' };
  const error = asAnswerable(cause, target);
  if (error.status >= 500) deps.logger.error({ err: cause }, 'the head of a request could not be read');
  const answer = failureAnswer(target, error, deps.random, req.url ?? '/');
  deps.metrics.gatewayCalls.inc({ upstream: 'none', outcome: 'refused' });
  res.writeHead(answer.status, { ...answer.headers, connection: 'close' });
  res.end(req.method === 'HEAD' ? undefined : answer.body);
}
