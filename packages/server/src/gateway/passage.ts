import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Bagged } from '../base/bag.ts';
import { type AwsError, Pushback } from '../base/errors.ts';
import type { ErrorTarget } from '../wire/codec/index.ts';
import { type HttpRequest, joinHeaders } from '../wire/request.ts';
import { passed } from './ballast.ts';
import { Capture } from './capture.ts';
import type { Exchange, ExchangeFailure } from './exchange.ts';
import { asAnswerable, failureAnswer, failureError } from './failure-answers.ts';
import { answerHeaders, trailerPairs } from './headers.ts';
import type { Outcome, ProxyDeps, Route } from './proxy.ts';
import { AHEAD_BYTES_MAX, SHORT_BYTES, Upload } from './upload.ts';

/** An error answer is copied up to here whatever was wanted of the answer: its code and message are in it. */
const ERROR_BYTES_MAX = 64 * 1024;
/** A client that asked is told to continue after this long, whatever the upstream says. Clients wait as long themselves. */
const CONTINUE_AFTER_MS = 1_000;
/** A request that met a connection just being closed may be sent again: to do these twice is to do them once (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/**
 * One call on its way through: the request to the upstream as it comes, the answer back as it comes, but for its last
 * piece, which waits for the record. Nobody has a whole answer that is in no record.
 *
 * Written with plain listeners rather than `pipeline`: it costs half as much, and each of the four ways to end early
 * (client gone, upload cut, upstream cut, too slow) has consequences of its own here.
 */
export class Passage implements Bagged {
  bagPlace = -1;
  readonly #deps: ProxyDeps;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #http: HttpRequest;
  readonly #route: Route;
  readonly #startMs: number;
  readonly #done: (outcome: Outcome) => void;
  readonly #upload: Upload;
  #told: Capture;
  #up: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;
  /** Read once. */
  #answerHeaders: Readonly<Record<string, string>> = {};
  /** The newest piece of the answer. */
  #held: Buffer | undefined;
  /**
   * `admitting`: the upstream has not been asked, and there is nothing to record. `ending`: no more will be taken from
   * the upstream; the record is being made, or the answer is leaving.
   */
  #stage: 'admitting' | 'open' | 'ending' | 'over' = 'admitting';
  /** How it ended, once the last of the answer is on its way. */
  #outcome: Outcome | undefined;
  #draining = false;
  #askedAgain = false;
  #heardOf = false;
  /** The client waits for a word before it sends its body. */
  #awaitsContinue: boolean;
  #cancelTimer: (() => void) | undefined;
  #moved = true;
  #quietSinceMs = 0;

  constructor(
    deps: ProxyDeps,
    call: { req: IncomingMessage; res: ServerResponse; http: HttpRequest; route: Route },
    done: (outcome: Outcome) => void,
  ) {
    this.#deps = deps;
    this.#req = call.req;
    this.#res = call.res;
    this.#http = call.http;
    this.#route = call.route;
    this.#done = done;
    this.#startMs = deps.clock.now();
    this.#awaitsContinue = call.req.httpVersion === '1.1' && /^100-continue$/i.test(call.http.headers.expect ?? '');
    this.#told = new Capture(call.route.wants.answerBytes, deps.budget);
    const copyBytes = call.route.wants.requestBytes;
    this.#upload = new Upload(
      { ...call, copyBytes, budget: deps.budget },
      {
        moved: () => {
          this.#moved = true;
        },
        isOpen: () => this.#stage === 'open',
        broken: (reason) => {
          if (this.#stage === 'open') this.#fail('request-cut-off', reason);
        },
        rejected: (error) => this.#reject(error),
      },
    );
    this.#res.on('close', () => this.#clientClosed());
    this.#req.on('close', () => this.#clientClosed());
    this.#req.on('error', () => {}); // its `close` follows
  }

  /** Sends the request on, if it is admitted. */
  start(): void {
    const { admission } = this.#deps;
    if (!admission) {
      this.#send();
      return;
    }
    const { claimed, upstream } = this.#route;
    const bodySha256 = () => {
      this.#tellToContinue();
      return this.#upload.hashWhole();
    };
    admission.admit(this.#http, claimed, { upstreamHost: upstream!.host, bodySha256 }).then(
      (admitted) => {
        this.#upload.admit(admitted);
        if (this.#stage === 'admitting') this.#send();
      },
      (error) => this.#reject(error),
    );
  }

  /** Answers with an error instead of asking the upstream. Leaves no record. */
  refuse(error: unknown): void {
    this.#stage = 'ending';
    this.#upload.drop();
    this.#answerWith(asAnswerable(error, this.#target), 'refused');
  }

  /** Called every second or so. @param nowMs monotonic */
  tick(nowMs: number): void {
    if (this.#moved) {
      this.#moved = false;
      this.#quietSinceMs = nowMs;
      return;
    }
    const { destroyed, readableEnded } = this.#req.socket;
    // Who closes his side may still listen, but one who still has no answer by now has more likely given up.
    if (destroyed || (readableEnded && this.#stage === 'open')) {
      this.#res.destroy();
      this.#gone(); // an answer that waits for an earlier one's end has no `close`
      return;
    }
    const quietMs = nowMs - this.#quietSinceMs;
    const { connectMs, upstreamQuietMs, clientQuietMs } = this.#deps.limits;
    if (this.#res.writableLength > 0) {
      if (quietMs >= clientQuietMs) this.#res.destroy(); // takes nothing: `close` tells the rest
    } else if (this.#stage === 'open') {
      if (!this.#isConnected()) {
        if (quietMs >= connectMs) this.#fail('upstream-timeout', 'The upstream could not be connected to in time.');
      } else if (quietMs >= upstreamQuietMs && !this.#awaitsUpload()) {
        this.#fail('upstream-timeout', 'The upstream did not answer in time.');
      }
    }
  }

  /** Cuts the call: the proxy closes. */
  cut(): void {
    this.#res.destroy();
  }

  // --- towards the upstream

  #send(): void {
    this.#stage = 'open';
    this.#ask();
    if (this.#stage !== 'open' || this.#upload.whole) return;
    this.#expectContinue();
    // Whoever sends a head and thinks before the body has the head passed on meanwhile.
    setImmediate(() => {
      if (this.#upload.totalBytes === 0 && !this.#up!.destroyed) this.#up!.flushHeaders();
    });
  }

  #ask(): void {
    let up: ClientRequest;
    try {
      const { target, headers } = this.#upload.head();
      up = this.#route.upstream!.ask({ method: this.#req.method!, target, headers });
    } catch (error) {
      this.#deps.logger.warn({ err: error, upstream: this.#route.upstream!.name }, 'a request cannot be sent on');
      this.#fail('upstream-unreachable', 'The request cannot be sent on.');
      return;
    }
    this.#up = up;
    const current = (fn: () => void) => {
      if (this.#up === up) fn();
    };
    up.on('response', (answer) => current(() => this.#answered(answer)));
    up.on('error', (error) => current(() => this.#upstreamFailed(error)));
    up.on('information', (info) => this.#informed(info));
    // Nobody asked for another protocol.
    up.on('upgrade', (_answer, socket) => {
      socket.destroy();
      current(() => this.#upstreamFailed(new Error('the upstream changed to another protocol')));
    });
    this.#upload.sendTo(up);
  }

  /** The upstream says whether the client should go on; when it says nothing, the client is told to. */
  #expectContinue(): void {
    if (!this.#awaitsContinue) return;
    this.#cancelTimer = this.#deps.clock.after(CONTINUE_AFTER_MS, () => this.#tellToContinue());
  }

  #tellToContinue(): void {
    if (!this.#awaitsContinue || this.#res.headersSent || this.#res.destroyed) return;
    this.#awaitsContinue = false;
    this.#cancelTimer?.();
    this.#res.writeContinue();
  }

  /** Interim answers go through as they are (RFC 9110 §15.2), but not to where they cannot be understood. */
  #informed({ statusCode, statusMessage, rawHeaders }: Information): void {
    this.#moved = true;
    this.#heardOf = true;
    if (this.#stage !== 'open' || this.#req.httpVersion !== '1.1') return;
    if (statusCode === 100) {
      this.#tellToContinue();
      return;
    }
    const { socket, headersSent } = this.#res;
    if (!socket || headersSent) return; // an earlier request of this connection is still being answered
    let head = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
    socket.write(`${head}\r\n`, 'latin1');
  }

  #upstreamFailed(error: Error): void {
    if (this.#stage !== 'open') return;
    if (this.#answer) {
      this.#fail('answer-cut-off', 'The upstream broke off its answer.');
      return;
    }
    if (this.#mayAskAgain()) {
      this.#askedAgain = true;
      this.#ask();
      return;
    }
    this.#deps.logger.warn({ err: error, upstream: this.#route.upstream!.name }, 'an upstream failed');
    this.#fail('upstream-unreachable', 'The upstream cannot be reached, or broke the connection without an answer.');
  }

  /** Only a connection that had been idle may have been closed before it knew of the request. */
  #mayAskAgain(): boolean {
    const nothingPassed = this.#upload.totalBytes === 0 && !this.#heardOf;
    return this.#up!.reusedSocket && !this.#askedAgain && nothingPassed && IDEMPOTENT.has(this.#req.method!);
  }

  // --- towards the client

  #answered(answer: IncomingMessage): void {
    this.#moved = true;
    if (this.#stage !== 'open') {
      answer.destroy();
      return;
    }
    this.#answer = answer;
    this.#answerHeaders = joinHeaders(answer.rawHeaders);
    answer.headers = this.#answerHeaders; // else Node's agent, which looks for Keep-Alive, has them all read once more
    if (answer.statusCode! >= 300) this.#told = new Capture(ERROR_BYTES_MAX, this.#deps.budget);
    const res = this.#res;
    answer.on('data', (chunk: Buffer) => {
      this.#moved = true;
      if (this.#stage !== 'open') return;
      this.#told.add(chunk);
      passed(chunk.length);
      const before = this.#held;
      this.#held = chunk;
      if (before === undefined) return;
      if (!res.headersSent && !this.#writeHead()) return;
      if (!res.write(before)) this.#awaitDrain(answer);
    });
    answer.on('end', () => this.#answerEnded());
    answer.on('error', () => this.#upstreamFailed(BROKEN_OFF));
  }

  #awaitDrain(answer: IncomingMessage): void {
    if (this.#res.writableLength > AHEAD_BYTES_MAX) answer.pause();
    if (this.#draining) return;
    this.#draining = true;
    this.#res.once('drain', () => {
      this.#draining = false;
      this.#moved = true;
      answer.resume();
    });
  }

  #answerEnded(): void {
    if (this.#stage !== 'open') return;
    this.#stage = 'ending';
    this.#record(this.#exchange()).then(
      () => this.#release(),
      (error) => this.#unrecorded(error),
    );
  }

  /** The record is durable: the answer may leave to its end. */
  #release(): void {
    const res = this.#res;
    if (res.destroyed) {
      this.#over('client-gone');
      return;
    }
    if (!res.headersSent && !this.#writeHead()) return;
    const { rawTrailers } = this.#answer!;
    if (rawTrailers.length > 0 && res.chunkedEncoding) res.addTrailers(trailerPairs(rawTrailers) as never);
    this.#end(this.#held, 'passed');
  }

  /** @returns false when the head is one that HTTP cannot carry; the call has ended then */
  #writeHead(): boolean {
    const res = this.#res;
    const { statusCode, statusMessage, rawHeaders } = this.#answer!;
    const hasBody = statusCode !== 204 && statusCode !== 304;
    const out = answerHeaders(rawHeaders, this.#answerHeaders.connection, hasBody && this.#req.httpVersion === '1.1');
    if (!this.#upload.whole) out.push('Connection', 'close');
    res.sendDate = false; // the upstream's own, or none
    try {
      res.writeHead(statusCode!, statusMessage!, out);
      return true;
    } catch (error) {
      this.#deps.logger.warn({ err: error, upstream: this.#route.upstream!.name }, 'an answer cannot be passed on');
      this.#stage = 'ending';
      this.#up?.destroy();
      this.#answerWith(
        failureError('answer-cut-off', 'The upstream gave an answer that is not HTTP.'),
        'answer-cut-off',
      );
      return false;
    }
  }

  /** When some of the request has not come, `Connection: close` went before, and the server sees to it that both arrive. */
  #end(last: Buffer | undefined, outcome: Outcome): void {
    if (!this.#upload.whole) this.#up?.destroy();
    this.#outcome = outcome;
    if (!last) this.#res.end();
    else if (last.length <= SHORT_BYTES) this.#res.end(last.toString('latin1'), 'latin1');
    else this.#res.end(last);
  }

  // --- how it ends otherwise

  /** `close` of the request says that it has been read, or that the client is gone; that of the answer, that it has left too. */
  #clientClosed(): void {
    const [req, res] = [this.#req, this.#res];
    if (res.closed || res.destroyed || !req.complete || req.socket.destroyed) this.#gone();
  }

  #gone(): void {
    if (this.#outcome) this.#over(this.#outcome);
    if (this.#stage === 'admitting') this.#over('client-gone');
    if (this.#stage !== 'open') return; // the record is being made already
    const kind = this.#upload.whole ? 'client-gone' : 'request-cut-off';
    this.#stage = 'ending';
    this.#up?.destroy();
    const message = this.#upload.whole ? 'The client left before the answer.' : 'The client left while it was sending.';
    this.#record(this.#exchange({ kind, code: failureError(kind, message).code, message })).then(
      () => this.#over(kind),
      (error) => {
        this.#lose(error);
        this.#over(kind);
      },
    );
  }

  /** The call failed between client and upstream: the record says so, and the client is told if it still can be. */
  #fail(kind: ExchangeFailure['kind'], reason: string | AwsError): void {
    const error = typeof reason === 'string' ? failureError(kind, reason) : reason;
    const { message } = error;
    this.#stage = 'ending';
    this.#up?.destroy();
    this.#record(this.#exchange({ kind, code: error.code, message })).then(
      () => (this.#res.headersSent ? this.#cut(kind) : this.#answerWith(error, kind)),
      (refused) => {
        this.#lose(refused);
        if (this.#res.headersSent) this.#cut(kind);
        else this.#answerWith(asAnswerable(refused, this.#target), kind);
      },
    );
  }

  /** The call, or its body, is not what its signature says. The upstream has not got all of it: nothing has happened. */
  #reject(error: unknown): void {
    if (this.#stage !== 'admitting' && this.#stage !== 'open') return;
    this.#up?.destroy();
    if (this.#res.headersSent) this.#cut('refused');
    else this.refuse(error);
  }

  /** The upstream has answered, but there is no record: nobody may take the answer for whole. */
  #unrecorded(error: unknown): void {
    this.#lose(error);
    if (this.#res.headersSent) this.#cut('unrecorded');
    else this.#answerWith(asAnswerable(error, this.#target), 'unrecorded');
  }

  /** So that the client cannot take what it has for all. */
  #cut(outcome: Outcome): void {
    this.#over(outcome);
    this.#res.destroy();
  }

  #answerWith(error: AwsError, outcome: Outcome): void {
    const [req, res] = [this.#req, this.#res];
    this.#stage = 'ending';
    if (res.destroyed) {
      this.#over(outcome);
      return;
    }
    const { random } = this.#deps;
    const answer = failureAnswer(this.#target, error, random, this.#http.rawPath);
    const closing = this.#upload.whole ? {} : { connection: 'close' };
    res.writeHead(answer.status, { ...answer.headers, ...closing });
    this.#end(req.method === 'HEAD' ? undefined : answer.body, outcome);
  }

  #record(exchange: Exchange): Promise<void> {
    return this.#deps.recorder.record(exchange, this.#route);
  }

  #lose(error: unknown): void {
    const { metrics, logger } = this.#deps;
    metrics.eventsLost.inc({ reason: error instanceof Pushback ? 'pushback' : 'error' });
    const { method, host, rawPath } = this.#http;
    logger.error({ err: error, method, host, rawPath }, 'a call went through the gateway without a record');
  }

  #exchange(failure?: ExchangeFailure): Exchange {
    const answer = this.#answer;
    const exchange: { -readonly [K in keyof Exchange]: Exchange[K] } = {
      http: this.#http,
      startMs: this.#startMs,
      endMs: this.#deps.clock.now(),
      requestBody: this.#upload.copy(),
    };
    if (this.#upload.resigned) exchange.resigned = true;
    if (answer) {
      const body = this.#told.copy(answer.complete);
      exchange.answer = { status: answer.statusCode!, headers: this.#answerHeaders, body };
    }
    if (failure) exchange.failure = failure;
    return exchange;
  }

  #over(outcome: Outcome): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#cancelTimer?.();
    this.#upload.release();
    this.#told.release();
    this.#done(outcome);
  }

  // --- what it is waiting for

  #isConnected(): boolean {
    const socket = this.#up!.socket as { connecting?: boolean; secureConnecting?: boolean } | null;
    return socket !== null && !socket.connecting && !socket.secureConnecting;
  }

  /** The server sees to it that uploads keep coming (wire/connections.ts). */
  #awaitsUpload(): boolean {
    return !this.#upload.whole && this.#upload.isFlowing && !this.#answer;
  }

  get #target(): ErrorTarget {
    return this.#route.target;
  }
}

interface Information {
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly rawHeaders: readonly string[];
}

const BROKEN_OFF = new Error('the answer was broken off');
