import { AwsError, Pushback } from '../../base/errors.ts';
import { SendError } from '../../ports/http-sender.ts';

/** ERROR_CODE of a dead letter (EventBridge guide, "Using dead-letter queues"). */
export type TargetErrorCode =
  | 'NO_PERMISSIONS'
  | 'NO_RESOURCE'
  | 'THROTTLING'
  | 'TIMEOUT'
  | 'INVALID_PARAMETER'
  | 'SDK_CLIENT_ERROR'
  | 'INTERNAL_ERROR';

/** Why a target did not take an event. */
export class TargetError extends Error {
  readonly code: TargetErrorCode;
  /** Whether it may take it later, with nobody changing anything. */
  readonly passing: boolean;

  constructor(code: TargetErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'TargetError';
    this.code = code;
    this.passing = PASSING.has(code);
  }
}

const PASSING: ReadonlySet<TargetErrorCode> = new Set(['THROTTLING', 'TIMEOUT', 'INTERNAL_ERROR']);

/** By the errors that services answer with. All others may pass. */
const MEANINGS: readonly (readonly [RegExp, TargetErrorCode])[] = [
  [/AccessDenied|AuthorizationError|NotAuthorized|AccessDeniedException|KMSAccessDenied/, 'NO_PERMISSIONS'],
  [/NotFound|NonExistentQueue|QueueDoesNotExist|NoSuch/, 'NO_RESOURCE'],
  [/Throttl|SlowDown|TooManyRequests|OverLimit/, 'THROTTLING'],
  [/Invalid|MissingParameter|Unsupported/, 'INVALID_PARAMETER'],
];

/** What an error of a service or an endpoint means for a target. */
export function targetErrorOf(error: unknown): TargetError {
  if (error instanceof TargetError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (error instanceof Pushback) return new TargetError('THROTTLING', message, options);
  if (error instanceof SendError) {
    const lasting = error.failure === 'malformed' || error.failure === 'forbidden-address';
    return new TargetError(
      lasting ? 'SDK_CLIENT_ERROR' : error.failure === 'busy' ? 'THROTTLING' : 'TIMEOUT',
      message,
      options,
    );
  }
  const meaning = error instanceof AwsError ? MEANINGS.find(([code]) => code.test(error.code)) : undefined;
  return new TargetError(meaning?.[1] ?? 'INTERNAL_ERROR', message, options);
}
