import type { ServerResponse } from 'node:http';
import type { CallNotes } from '../event/call.ts';
import type { TlsDetails } from '../event/record.ts';
import type { HttpRequest } from './request.ts';
import type { CallContext, Caller } from './service.ts';

/** Of a request, once caller and operation are known. */
export interface CallParts {
  readonly operation: string | undefined;
  readonly caller?: Caller;
  readonly requestId: string;
  readonly startMs: number;
  readonly http: HttpRequest;
  readonly notes: CallNotes;
  readonly res: ServerResponse;
}

/**
 * A class for the sake of its getter: each object literal with a getter gets a hidden class of its own from V8, which holds
 * what the getter sees, here all of the request, until the next full collection. It cost 170 KB a LookupEvents.
 */
export class HandlerContext<P extends CallParts = CallParts> implements CallContext {
  readonly operation: string;
  readonly caller: Caller;
  readonly region: string;
  readonly requestId: string;
  readonly timeMs: number;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly http: HttpRequest;
  readonly notes: CallNotes;
  declare readonly tls?: TlsDetails;
  readonly #parts: P;
  readonly #stopping: AbortSignal;
  #signal: AbortSignal | undefined;

  constructor(parts: P, region: string, stopping: AbortSignal) {
    const { operation, caller, requestId, startMs, http, notes } = parts;
    this.operation = operation!;
    this.caller = caller!;
    this.region = region;
    this.requestId = requestId;
    this.timeMs = startMs;
    this.sourceIp = http.sourceIp;
    this.userAgent = http.headers['user-agent'] ?? '';
    this.http = http;
    this.notes = notes;
    if (http.tls) this.tls = http.tls;
    this.#parts = parts;
    this.#stopping = stopping;
  }

  /** What it was made from. */
  get parts(): P {
    return this.#parts;
  }

  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([goneSignal(this.#parts.res), this.#stopping]);
    return this.#signal;
  }
}

/**
 * Aborts when the client goes away, or has closed its side of the connection: nothing else is heard of one that went
 * while there is nothing to be sent. Made for those alone who ask: all others would pay for an error that nobody reads.
 */
function goneSignal(res: ServerResponse): AbortSignal {
  const { socket } = res.req;
  if (res.closed || socket.readableEnded) return AbortSignal.abort();
  const gone = new AbortController();
  const abort = () => {
    socket.off('end', abort);
    gone.abort();
  };
  socket.once('end', abort);
  res.once('close', abort);
  return gone.signal;
}
