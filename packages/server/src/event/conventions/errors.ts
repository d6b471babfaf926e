import type { ServiceSchema } from '../../schema/types.ts';

/**
 * errorCode as CloudTrail spells it (spec: records §2, record-conventions §9): EC2 says whose fault it was; a modelled
 * error goes by its name in the model, whatever its code on the wire (IAM's `NoSuchEntity` is `NoSuchEntityException`,
 * CloudWatch's `ResourceNotFound` `DashboardNotFoundError`); all others are as on the wire.
 */
export function errorCodeOf(schema: ServiceSchema, operation: string, code: string): string {
  if (schema.protocols.includes('ec2Query')) {
    return `${SERVER_FAULTS.has(code) ? 'Server' : 'Client'}.${code}`;
  }
  if (CODES[code] !== undefined) return CODES[code];
  const modelled = schema.operations[operation]?.errors ?? [];
  if (modelled.includes(code)) return code;
  const byCode = modelled.find((name) => wireCodeOf(schema, name) === code);
  return byCode ?? (modelled.includes(`${code}Exception`) ? `${code}Exception` : code);
}

/**
 * How OpenTrail's own calls end whose caller has gone before the answer was there. No error in a record: nobody was given
 * one, and whoever clicks on in the console would fill its own lists of errors.
 */
export const REQUEST_ABORTED = 'RequestAborted';

function wireCodeOf(schema: ServiceSchema, name: string): string | undefined {
  const shape = schema.shapes[name];
  return shape !== undefined && 'members' in shape ? shape.error?.code : undefined;
}

/**
 * What CloudTrail calls the same in all services: no record known has the other name (spec: record-conventions §9).
 * ValidationError is what the query protocol makes of it, in no model.
 */
const CODES: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  AccessDenied: 'AccessDenied',
  ValidationError: 'ValidationException',
};

const SERVER_FAULTS: ReadonlySet<string> = new Set([
  'InternalError',
  'InternalFailure',
  'ServiceUnavailable',
  'Unavailable',
]);

/** Errors from before a service looks at the parameters: most services then record none (spec: record-conventions §8). */
const BEFORE_PARAMETERS: ReadonlySet<string> = new Set([
  ...['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'NotAuthorized', 'ForbiddenException'],
  ...['Throttling', 'ThrottlingException', 'TooManyRequestsException', 'RequestLimitExceeded', 'SlowDown'],
]);

/** Services whose records keep the parameters even then (spec: record-conventions §8, §21). */
const KEEPS_ALWAYS: ReadonlySet<string> = new Set(['cost-explorer', 'ec2', 's3', 's3-control']);

export const keepsParameters = (schema: ServiceSchema, code: string | undefined): boolean =>
  code === undefined || !BEFORE_PARAMETERS.has(code) || KEEPS_ALWAYS.has(schema.id);
