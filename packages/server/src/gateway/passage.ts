import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { type AwsError, Pushback } from '../base/errors.ts';
import { whyBroken } from '../wire/broken-body.ts';
import type { ErrorTarget } from '../wire/codec/index.ts';
import { type HttpRequest, joinHeaders } from '../wire/request.ts';
import { Capture } from './capture.ts';
import type { Exchange, ExchangeFailure } from './exchange.ts';
import { asAnswerable, failureAnswer, failureError } from './failure-answers.ts';
import { answerHeaders, requestHeaders, trailerPairs } from './headers.ts';
import type { Outcome, ProxyDeps, Route } from './proxy.ts';

/** An error answer is copied up to here whatever was wanted of the answer: its code and message are in it. */
const ERROR_BYTES_MAX = 64 * 1024;
/** What may wait to be written on either side, so that reading and writing take place at once. */
const AHEAD_BYTES_MAX = 128 * 1024;
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
export class Passage {
  readonly #deps: ProxyDeps;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #http: HttpRequest;
  readonly #route: Route;
  readonly #startMs: number;
  readonly #done: (outcome: Outcome) => void;
  readonly #asked: Capture;
  #told: Capture;
  #up: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;
  /** The newest piece of the answer. */
  #held: Buffer | undefined;
  /** All of the request is with us. */
  #uploaded: boolean;
  /** `ending`: no more will be taken from the upstream; the record is being made, or the answer is leaving. */
  #stage: 'open' | 'ending' | 'over' = 'open';
  /** How it ended, once the last of the answer is on its way. */
  #outcome: Outcome | undefined;
  #askedAgain = false;
  #heardOf = false;
  #awaitsContinue = false;
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
    this.#asked = new Capture(call.route.wants.requestBytes, deps.budget);
    this.#told = new Capture(call.route.wants.answerBytes, deps.budget);
    // A request without either header has no body (RFC 9112 §6.3), as most reads have none.
    const { headers } = call.http;
    this.#uploaded = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
    this.#res.on('close', () => this.#clientClosed());
    this.#req.on('close', () => this.#clientClosed());
    this.#req.on('error', () => {}); // its `close` follows
  }

  /** Sends the request on. */
  start(): void {
    this.#ask();
    if (this.#stage !== 'open') return;
    if (this.#uploaded) {
      this.#up!.end();
      return;
    }
    this.#readUpload();
    this.#expectContinue();
    // Whoever sends a head and thinks before the body has the head passed on meanwhile.
    setImmediate(() => {
      if (this.#asked.totalBytes === 0 && !this.#up!.destroyed) this.#up!.flushHeaders();
    });
  }

  /** Answers with an error instead of asking the upstream. Leaves no record. */
  refuse(error: unknown): void {
    if (!this.#uploaded) this.#readUpload();
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

  #ask(): void {
    const req = this.#req;
    let up: ClientRequest;
    try {
      up = this.#route.upstream!.ask({
        method: req.method!,
        target: req.url!,
        headers: requestHeaders(req.rawHeaders, this.#http.headers.connection, req.method!),
      });
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
    up.on('drain', () => {
      this.#moved = true;
      this.#req.resume();
    });
    up.on('information', (info) => this.#informed(info));
    // Nobody asked for another protocol.
    up.on('upgrade', (_answer, socket) => {
      socket.destroy();
      current(() => this.#upstreamFailed(new Error('the upstream changed to another protocol')));
    });
  }

  #readUpload(): void {
    const req = this.#req;
    req.on('data', (chunk: Buffer) => {
      this.#moved = true;
      this.#asked.add(chunk);
      if (this.#stage !== 'open') return;
      if (!this.#up!.write(chunk) && this.#up!.writableLength > AHEAD_BYTES_MAX) req.pause();
    });
    req.on('end', () => {
      this.#moved = true;
      const broken = whyBroken(req);
      if (this.#stage === 'open' && broken) return this.#fail('request-cut-off', broken);
      this.#uploaded = !broken;
      if (this.#stage === 'open') this.#endRequest();
    });
  }

  #endRequest(): void {
    const { rawTrailers } = this.#req;
    if (rawTrailers.length > 0) this.#up!.addTrailers(trailerPairs(rawTrailers) as never);
    this.#up!.end();
  }

  /** The upstream says whether the client should go on; when it says nothing, the client is told to. */
  #expectContinue(): void {
    if (this.#req.httpVersion !== '1.1' || !/^100-continue$/i.test(this.#http.headers.expect ?? '')) return;
    this.#awaitsContinue = true;
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
      if (this.#stage === 'open' && this.#uploaded) this.#endRequest();
      return;
    }
    this.#deps.logger.warn({ err: error, upstream: this.#route.upstream!.name }, 'an upstream failed');
    this.#fail('upstream-unreachable', 'The upstream cannot be reached, or broke the connection without an answer.');
  }

  /** Only a connection that had been idle may have been closed before it knew of the request. */
  #mayAskAgain(): boolean {
    const nothingPassed = this.#asked.totalBytes === 0 && !this.#heardOf;
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
    if (answer.statusCode! >= 300) this.#told = new Capture(ERROR_BYTES_MAX, this.#deps.budget);
    const res = this.#res;
    res.on('drain', () => {
      this.#moved = true;
      answer.resume();
    });
    answer.on('data', (chunk: Buffer) => {
      this.#moved = true;
      if (this.#stage !== 'open') return;
      this.#told.add(chunk);
      const before = this.#held;
      this.#held = chunk;
      if (before === undefined) return;
      if (!res.headersSent && !this.#writeHead()) return;
      if (!res.write(before) && res.writableLength > AHEAD_BYTES_MAX) answer.pause();
    });
    answer.on('end', () => this.#answerEnded());
    answer.on('error', () => this.#upstreamFailed(BROKEN_OFF));
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
    const { statusCode, statusMessage, rawHeaders, headers } = this.#answer!;
    const hasBody = statusCode !== 204 && statusCode !== 304;
    const out = answerHeaders(rawHeaders, headers.connection, hasBody && this.#req.httpVersion === '1.1');
    if (!this.#uploaded) out.push('Connection', 'close');
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
    if (!this.#uploaded) this.#up?.destroy();
    this.#outcome = outcome;
    if (last) this.#res.end(last);
    else this.#res.end();
  }

  // --- how it ends otherwise

  /** `close` of the request says that it has been read, or that the client is gone; that of the answer, that it has left too. */
  #clientClosed(): void {
    const [req, res] = [this.#req, this.#res];
    if (res.closed || res.destroyed || !req.complete || req.socket.destroyed) this.#gone();
  }

  #gone(): void {
    if (this.#outcome) this.#over(this.#outcome);
    if (this.#stage !== 'open') return; // the record is being made already
    const kind = this.#uploaded ? 'client-gone' : 'request-cut-off';
    this.#stage = 'ending';
    this.#up?.destroy();
    const message = this.#uploaded ? 'The client left before the answer.' : 'The client left while it was sending.';
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
    const closing = this.#uploaded ? {} : { connection: 'close' };
    res.writeHead(answer.status, { ...answer.headers, ...closing });
    this.#end(req.method === 'HEAD' ? undefined : answer.body, outcome);
  }

  async #record(exchange: Exchange): Promise<void> {
    await this.#deps.recorder.record(exchange);
  }

  #lose(error: unknown): void {
    const { metrics, logger } = this.#deps;
    metrics.eventsLost.inc({ reason: error instanceof Pushback ? 'pushback' : 'error' });
    const { method, host, rawPath } = this.#http;
    logger.error({ err: error, method, host, rawPath }, 'a call went through the gateway without a record');
  }

  #exchange(failure?: ExchangeFailure): Exchange {
    const { statusCode, rawHeaders, complete } = this.#answer ?? {};
    return {
      http: this.#http,
      startMs: this.#startMs,
      endMs: this.#deps.clock.now(),
      requestBody: this.#asked.copy(this.#uploaded),
      ...(rawHeaders && {
        answer: { status: statusCode!, headers: joinHeaders(rawHeaders), body: this.#told.copy(complete!) },
      }),
      ...(failure && { failure }),
    };
  }

  #over(outcome: Outcome): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#cancelTimer?.();
    this.#asked.release();
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
    return !this.#uploaded && !this.#req.isPaused() && !this.#answer;
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
