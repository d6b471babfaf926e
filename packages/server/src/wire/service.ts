import type { Readable } from 'node:stream';
import type { AccessRequest } from '../access/authorizer.ts';
import type { Caller } from '../access/caller.ts';
import type { RequestFacts } from '../access/context.ts';
import type { CallNotes } from '../event/call.ts';
import type { TlsDetails } from '../event/record.ts';
import type { ServiceSchema } from '../schema/types.ts';

export type { Caller };

/** All that a handler may know about the request besides its decoded input. */
export interface CallContext {
  readonly operation: string;
  readonly caller: Caller;
  /** The Region in the signature's scope. */
  readonly region: string;
  readonly requestId: string;
  readonly timeMs: number;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly tls?: TlsDetails;
  readonly http: {
    readonly method: string;
    readonly host: string;
    /** Path as sent, still percent-encoded. */
    readonly rawPath: string;
    readonly query: readonly (readonly [string, string])[];
    readonly headers: Readonly<Record<string, string>>;
  };
  /** For the record of this call; see `CallNotes`. */
  readonly notes: CallNotes;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

/** One operation: decoded input to output, both in AWS's own shapes. Throws `AwsError` for the caller's mistakes. */
// biome-ignore lint/suspicious/noExplicitAny: inputs and outputs are typed by each handler with AWS's own types; the table that joins them cannot be
export type Handler = (context: CallContext, input: any) => Promise<any>;

/** What a call must be allowed to do (AWS's service authorization reference). A trail that is not there has an ARN too. */
export type Permission = (
  context: CallContext,
  // biome-ignore lint/suspicious/noExplicitAny: as in Handler
  input: any,
) => readonly AccessRequest[] | Promise<readonly AccessRequest[]>;

/**
 * By operation; a text says why one needs no permission. What is not built needs the permission of its own name where
 * the table says nothing else. A test holds that all that is built stands here.
 */
export type PermissionTable = Readonly<Record<string, Permission | string>>;

/** What a call brings for the conditions of policies. */
export const factsOf = ({ timeMs, sourceIp, userAgent, tls, region, http }: CallContext): RequestFacts => ({
  timeMs,
  sourceIp,
  userAgent,
  secureTransport: tls !== undefined,
  region,
  ...(http.headers.referer !== undefined && { referer: http.headers.referer }),
});

/** A table `operation → handler`, bound to AWS's own schemas. */
export interface Service {
  readonly schema: ServiceSchema;
  readonly operations: Readonly<Record<string, Handler>>;
  /** Each of them is required before the handler runs. Absent only in services that ask the authorizer themselves. */
  readonly permissions?: PermissionTable;
  /** Throws `AwsError` when something besides policies stands against the call. Runs after decoding, before `permissions`. */
  authorize?(context: CallContext, input: Readonly<Record<string, unknown>>): Promise<void>;
  /** The error for an operation that AWS has and we do not. Default: `UnknownOperationException`. */
  notImplemented?(operation: string): Error;
  /** Operations whose body reaches the handler as a stream, in `input.Body`, rather than in memory. */
  readonly streamedInputs?: ReadonlySet<string>;
  /** Operations of which AWS keeps no records, such as those that bring events in. */
  readonly unrecorded?: ReadonlySet<string>;
  /** Lets unsigned requests through to `authorize`, with an anonymous caller. */
  readonly allowsAnonymous?: boolean;
  /** Largest body that is read into memory, bytes. Default `BODY_BYTES_MAX`. */
  readonly bodyBytesMax?: number;
}

/** A streamed request or response body. */
export type Body = Readable | Buffer;
