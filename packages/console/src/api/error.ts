/** A refusal in the server's own words, or `NetworkError` when nobody answered. */
export class ApiError extends Error {
  /** The service's name of the error: `AccessDeniedException`, `TrailNotFoundException` … */
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
  }
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

/** Each service has its own word for it. */
export const isDenied = (error: unknown): boolean =>
  error instanceof ApiError && /AccessDenied|NotAuthorized|UnauthorizedOperation|^AuthorizationError/.test(error.code);

export const isNotFound = (error: unknown): boolean =>
  error instanceof ApiError && (/NotFound|^NoSuch|NonExistent|DoesNotExist/.test(error.code) || error.status === 404);

export const isThrottled = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 503 || error.status === 429 || /Throttl|SlowDown/.test(error.code));

/** What happened, for people. */
export const messageOf = (error: unknown): string =>
  error instanceof Error && error.message ? error.message : String(error);
