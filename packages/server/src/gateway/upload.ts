import { createHash } from 'node:crypto';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { AwsError } from '../base/errors.ts';
import { whyBroken } from '../wire/broken-body.ts';
import { type HttpRequest, readBody } from '../wire/request.ts';
import type { Admitted } from './admit.ts';
import { passed } from './ballast.ts';
import { Capture, type CaptureBudget } from './capture.ts';
import type { Copy } from './exchange.ts';
import { requestHeaders, trailerPairs, withHeaders } from './headers.ts';

/** What may wait to be written on either side, so that reading and writing take place at once. */
export const AHEAD_BYTES_MAX = 128 * 1024;
/** Up to here copying a body to stand behind its head costs less than another buffer in the same write. */
export const SHORT_BYTES = 8 * 1024;
/** A body that has to be here before its signature can be verified. The longest that AWS takes so: Lambda's code, in base64. */
const SIGNED_BODY_BYTES_MAX = 70 * 1024 * 1024;

/** Who looks after the call that an upload belongs to. */
export interface UploadOwner {
  /** Bytes have come. */
  moved(): void;
  /** Whether the upstream is to get what comes. */
  isOpen(): boolean;
  /** The client sent no whole body. */
  broken(reason: AwsError): void;
  /** The body is not what was signed; the upstream has not got all of it. */
  rejected(error: unknown): void;
}

export interface UploadOptions {
  readonly req: IncomingMessage;
  readonly http: HttpRequest;
  /** How much is copied aside. */
  readonly copyBytes: number;
  readonly budget: CaptureBudget;
}

/** The request's body on its way to the upstream, as it comes. */
export class Upload {
  readonly #req: IncomingMessage;
  readonly #http: HttpRequest;
  readonly #budget: CaptureBudget;
  readonly #owner: UploadOwner;
  readonly #asked: Capture;
  /** All of the request is with us. */
  #whole: boolean;
  #admitted: Admitted | undefined;
  /** The whole body, where it had to be read before the upstream was asked. */
  #body: Buffer | undefined;
  /** What the upstream's body comes from, once it is being read. */
  #source: Readable | undefined;
  #up: ClientRequest | undefined;
  #draining = false;

  constructor({ req, http, copyBytes, budget }: UploadOptions, owner: UploadOwner) {
    this.#req = req;
    this.#http = http;
    this.#budget = budget;
    this.#owner = owner;
    this.#asked = new Capture(copyBytes, budget);
    // A request without either header has no body (RFC 9112 §6.3), as most reads have none.
    const { headers } = http;
    this.#whole = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
  }

  get whole(): boolean {
    return this.#whole;
  }

  get totalBytes(): number {
    return this.#asked.totalBytes;
  }

  get resigned(): boolean {
    return this.#admitted?.resigned === true;
  }

  /** The client is not waiting for us to take what it sends. */
  get isFlowing(): boolean {
    return !this.#req.isPaused();
  }

  copy(): Copy {
    return this.#asked.copy(this.#whole);
  }

  release(): void {
    this.#asked.release();
    this.#budget.heldBytes -= this.#body?.length ?? 0;
    this.#body = undefined;
  }

  /** For admission: reads the whole body. @returns its hash @throws AwsError when it is too long, or broken off */
  async hashWhole(): Promise<string> {
    const body = await readBody(this.#req, SIGNED_BODY_BYTES_MAX);
    const broken = whyBroken(this.#req);
    if (broken) throw broken;
    this.#whole = true;
    this.#body = body;
    this.#budget.heldBytes += body.length;
    this.#asked.add(body);
    return createHash('sha256').update(body).digest('hex');
  }

  /** What goes on in place of a signature, and what the body has to pass through. */
  admit(admitted: Admitted): void {
    this.#admitted = admitted;
  }

  /** The request's head as the upstream gets it: path, query and headers as they came, but for a new signature. */
  head(): { readonly target: string; readonly headers: readonly string[] } {
    const { url, rawHeaders, method } = this.#req;
    const headers = requestHeaders(rawHeaders, this.#http.headers.connection, method!);
    if (!this.#admitted?.resigned) return { target: url!, headers };
    const { rawQuery, headers: changes } = this.#admitted;
    const { rawPath } = this.#http;
    return { target: rawQuery === '' ? rawPath : `${rawPath}?${rawQuery}`, headers: withHeaders(headers, changes) };
  }

  /** From here on what comes goes to `up`; a request that is all there is ended at once. */
  sendTo(up: ClientRequest): void {
    this.#up = up;
    if (this.#whole) this.#end();
    else if (!this.#source) this.#read();
  }

  /** Nobody wants the rest: it is read, so that the answer can arrive. */
  drop(): void {
    if (!this.#whole && !this.#source) this.#read();
    this.#req.unpipe();
    this.#req.resume();
  }

  #read(): void {
    const req = this.#req;
    const guard = this.#admitted?.body?.();
    const source = guard ?? req;
    this.#source = source;
    const send = (chunk: Buffer) => {
      if (this.#owner.isOpen() && !this.#write(chunk)) this.#awaitDrain();
    };
    const end = () => {
      if (this.#owner.isOpen()) this.#end();
    };
    req.on('data', (chunk: Buffer) => {
      this.#owner.moved();
      this.#asked.add(chunk);
      passed(chunk.length);
      if (!guard) send(chunk);
    });
    req.on('end', () => {
      this.#owner.moved();
      const broken = whyBroken(req);
      this.#whole = !broken;
      if (broken) this.#owner.broken(broken);
      else if (!guard) end();
    });
    if (!guard) return;
    guard.on('data', send).on('end', end);
    guard.on('error', (error) => this.#owner.rejected(error));
    req.pipe(guard);
  }

  /** @returns false when nothing more should be written before `drain` */
  #write(chunk: Buffer): boolean {
    // What is short goes out in one piece with the head, which Node does for text.
    return chunk.length <= SHORT_BYTES ? this.#up!.write(chunk.toString('latin1'), 'latin1') : this.#up!.write(chunk);
  }

  #awaitDrain(): void {
    if (this.#up!.writableLength > AHEAD_BYTES_MAX) this.#source!.pause();
    if (this.#draining) return;
    this.#draining = true;
    this.#up!.once('drain', () => {
      this.#draining = false;
      this.#owner.moved();
      this.#source!.resume();
    });
  }

  #end(): void {
    const { rawTrailers } = this.#req;
    if (this.#body) this.#up!.write(this.#body);
    if (rawTrailers.length > 0) this.#up!.addTrailers(trailerPairs(rawTrailers) as never);
    this.#up!.end();
  }
}
