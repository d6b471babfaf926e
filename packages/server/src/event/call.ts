import type { ServiceSchema } from '../schema/types.ts';
import type { ResourceEntry, TlsDetails, UserIdentity } from './record.ts';

/**
 * One decoded API request and how it ended. `recordFromCall` makes the Event of it.
 * Secrets MUST NOT be put here outside members that the schema marks sensitive.
 */
export interface Call {
  readonly schema: ServiceSchema;
  readonly operation: string;
  /** When the call completed, ms since the epoch. */
  readonly timeMs: number;
  readonly region: string;
  readonly userIdentity: UserIdentity;
  /** The account whose record this is. */
  readonly accountId: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly requestId: string;
  readonly eventId: string;
  /** Decoded input; undefined when the body could not be decoded. Streams are left out. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** Decoded output of a call that succeeded. Streams are left out. */
  readonly output?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string };
  readonly http: CallHttp;
  readonly tls?: TlsDetails;
  /** Made through the console. */
  readonly fromConsole?: true;
  /** What the handler knows about the record and the wire does not. */
  readonly notes: CallNotes;
}

/** What of the HTTP exchange shows in some services' records (S3 above all). */
export interface CallHttp {
  readonly host: string;
  readonly method: string;
  /** Query parameters in order, decoded; `['policy', '']` for a bare sub-resource. */
  readonly query: readonly (readonly [string, string])[];
  /** Request headers, lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly authentication: 'AuthHeader' | 'QueryString' | 'None';
}

/** Set by handlers during a call; every member is optional. */
export interface CallNotes {
  resources?: readonly ResourceEntry[];
  /** The bucket owner, for S3 resources. */
  resourceAccountId?: string;
  /** Who called, where something else than the signature tells it (a web identity); the record is that account's. */
  actor?: { readonly identity: UserIdentity; readonly accountId: string };
  additionalEventData?: Readonly<Record<string, unknown>>;
  /** Replaces what the conventions would write. */
  requestParameters?: Readonly<Record<string, unknown>> | null;
  responseElements?: Readonly<Record<string, unknown>> | null;
}
