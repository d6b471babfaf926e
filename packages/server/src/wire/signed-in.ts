import type { HttpRequest } from './request.ts';

/**
 * Whose a request is that comes through a session (the console's) instead of with a signature. Its key is looked up at
 * each call, as a signed one's is: what revokes the key ends the session.
 */
export interface SignedIn {
  /** The request as the service shall see it, freed of what belongs to the session. */
  readonly http: HttpRequest;
  readonly accessKeyId: string;
  readonly sessionToken?: string;
  /** The signing name. */
  readonly service: string;
  readonly region: string;
}
