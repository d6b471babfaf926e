/** One HTTP request to somebody's endpoint. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** `http:` or `https:`; a user name and password in it are sent as Basic authorization. */
  readonly url: string;
  /** Without `host` and `content-length`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** For the whole exchange, from the look-up of the name to the last byte of the answer. */
  readonly timeoutMs: number;
}

export interface EndpointAnswer {
  readonly status: number;
  /** Names in lower case; of a name that comes twice, the values joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** As far as it was read: at most `ANSWER_BYTES_MAX` bytes. */
  readonly body: Buffer;
}

/** Of what is read of an answer: an endpoint's error text, not its pages. */
export const ANSWER_BYTES_MAX = 64 * 1024;

export type SendFailure =
  /** No URL of HTTP or HTTPS, or headers that are none: it will never do. */
  | 'malformed'
  /** An address that nothing is sent to (link-local, metadata): as long as the name means it. */
  | 'forbidden-address'
  /** Too many requests to this endpoint are under way already: nothing was sent. */
  | 'busy'
  | 'timeout'
  /** No such name, refused, reset, not trusted, no HTTP: `message` says which. */
  | 'connection';

/** No answer came. The message holds no secret of the request and can be shown to who configured the endpoint. */
export class SendError extends Error {
  readonly failure: SendFailure;

  constructor(failure: SendFailure, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'SendError';
    this.failure = failure;
  }
}

/**
 * Sends requests to endpoints of anybody's choosing. MUST refuse link-local and metadata addresses, however they are
 * written or looked up; MUST verify the certificates of HTTPS; MUST NOT follow redirects; MUST bound what an endpoint
 * that hangs, or answers without end, can hold on to: its own requests, and nobody else's.
 */
export interface HttpSender {
  /** Resolves for every answer, whatever its status. @throws SendError */
  send(request: OutgoingRequest): Promise<EndpointAnswer>;
  /** Cuts what is under way. */
  close(): void;
}
