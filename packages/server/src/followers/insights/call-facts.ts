import type { CallValues } from './attributions.ts';

/** What the header does not say of a call. */
export interface CallFacts {
  readonly errorCode: string | undefined;
  readonly values: CallValues;
}

/** Of `"errorCode"` what begins with a letter that is rare in records: to look for the whole takes twice as long. */
const ERROR_CODE = Buffer.from('Code"');

/** Whether a record may be of a call that failed: asked of each event that reads, so by its bytes. */
export const mayHaveFailed = (json: Buffer): boolean => json.includes(ERROR_CODE);

/** Reads the record; undefined when it is no call: service events, sign-ins and what the console does by itself. */
export function callFacts(json: Buffer): CallFacts | undefined {
  const record = parse(json);
  if (!record) return undefined;
  const { eventType = 'AwsApiCall', userIdentity, userAgent, errorCode } = record;
  if (eventType !== 'AwsApiCall') return undefined;
  const code = text(errorCode)?.slice(0, ERROR_CHARS_MAX);
  const identity = identityOf(userIdentity);
  const agent = text(userAgent);
  return {
    errorCode: code,
    values: {
      ...(identity !== undefined && { userIdentityArn: identity }),
      ...(agent !== undefined && { userAgent: agent }),
      errorCode: code ?? NO_ERROR,
    },
  };
}

/** As CloudTrail cuts it (spec: records §2). */
const ERROR_CHARS_MAX = 1_024;
/** As AWS writes it among the error codes of an Insight (spec: insights §3). */
const NO_ERROR = 'null';

/** A record can be nested deeper than the stack is: it must not hold up all that come after it. */
function parse(json: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The ARN, of a role without the name of its session; a service that has none by its name. */
function identityOf(userIdentity: unknown): string | undefined {
  if (typeof userIdentity !== 'object' || userIdentity === null) return undefined;
  const { arn, invokedBy } = userIdentity as Readonly<Record<string, unknown>>;
  return text(arn)?.replace(SESSION, '$1') ?? text(invokedBy);
}
const SESSION = /^(arn:[^:]*:sts::[^:]*:assumed-role\/[^/]+)\/.*$/s;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
