/**
 * What records show in place of members that AWS's models mark sensitive (spec: record-conventions §10). Most services
 * write a marker; those that hand out secrets leave them out altogether.
 */
export const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

/** undefined: the member is left out. */
const MARKERS: Readonly<Record<string, string | undefined>> = {
  ec2: '<sensitiveDataRemoved>',
  iam: undefined,
  opentrail: undefined,
  s3: undefined,
  secretsmanager: undefined,
  sts: undefined,
};

export const markerOf = (schemaId: string): string | undefined =>
  Object.hasOwn(MARKERS, schemaId) ? MARKERS[schemaId] : HIDDEN;

/**
 * Members that never appear although no model marks them: bulk content, which has its own place, and one-time codes.
 * By schema id and, at the top of input or output, the API's member name.
 */
const LEFT_OUT: Readonly<Record<string, ReadonlySet<string>>> = {
  'cloudtrail-data': new Set(['auditEvents']),
  opentrail: new Set(['Records', 'Results']),
  secretsmanager: new Set(['SecretString']),
  sts: new Set(['TokenCode']),
};

export const isLeftOut = (schemaId: string, member: string): boolean => LEFT_OUT[schemaId]?.has(member) === true;

/** Sensitive by what it does, without a trait in the model: the marker, whole (spec: record-conventions §10). */
const HIDDEN_TOO: Readonly<Record<string, ReadonlySet<string>>> = {
  sns: new Set(['Message', 'Subject']),
  ssm: new Set(['Value', 'Parameters']),
  rds: new Set(['MasterUserPassword', 'TdeCredentialPassword']),
};

export const isHidden = (schemaId: string, member: string): boolean => HIDDEN_TOO[schemaId]?.has(member) === true;
