import type { HttpRequest } from '../wire/request.ts';

/**
 * One call as it passed through the gateway: what the client sent and what the upstream answered, with bodies copied
 * aside as far as they are needed to tell what was asked and what came back. Bodies are as they were on the wire:
 * chunk framing of HTTP is gone, `aws-chunked` and `content-encoding` are still there.
 */
export interface Exchange {
  readonly http: HttpRequest;
  /** When the request's head was there, ms since the epoch. */
  readonly startMs: number;
  /** When the last byte of the answer had come, or it was clear that none would. */
  readonly endMs: number;
  readonly requestBody: Copy;
  /** The upstream saw credentials of the gateway's own. */
  readonly resigned?: true;
  /** Absent when no answer came. */
  readonly answer?: {
    readonly status: number;
    /** Lower-case names; repeated headers joined by a comma. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Copy;
  };
  /** Absent when the call went through to its end, whatever the upstream's answer says. */
  readonly failure?: ExchangeFailure;
}

/** What went wrong between client, gateway and upstream: `code` is what the client got, when anything could be sent. */
export interface ExchangeFailure {
  readonly kind: 'upstream-unreachable' | 'upstream-timeout' | 'answer-cut-off' | 'request-cut-off' | 'client-gone';
  readonly code: string;
  readonly message: string;
}

/** The beginning of a body that streamed past. */
export interface Copy {
  readonly bytes: Buffer;
  /** Whether `bytes` is all of it. */
  readonly whole: boolean;
  /** Bytes that passed, copied or not. */
  readonly totalBytes: number;
}
