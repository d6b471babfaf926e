/**
 * What records show in place of members that AWS's models mark sensitive (spec: record-conventions §10). Most services
 * write a marker; those that hand out secrets leave them out altogether. Tables are by schema id.
 */
export const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

/** undefined: the member is left out. */
export const MARKERS: Readonly<Record<string, string | undefined>> = {
  ec2: '<sensitiveDataRemoved>',
  iam: undefined,
  kms: undefined,
  lambda: undefined,
  opentrail: undefined,
  organizations: '****', // the examples in its guide
  s3: undefined,
  's3-control': undefined,
  'secrets-manager': undefined,
  sts: undefined,
};

export const markerOf = (schemaId: string): string | undefined =>
  Object.hasOwn(MARKERS, schemaId) ? MARKERS[schemaId] : HIDDEN;

/**
 * Members that never appear although no model marks them: bulk content, which has its own place, one-time codes and
 * tokens, and what records of the operation lack. By member name, anywhere, or with what
 * it stands in: `Operation.Member` at the top, else `Parent.Member`, through lists and maps.
 */
export const LEFT_OUT: Readonly<Record<string, ReadonlySet<string>>> = {
  'bedrock-runtime': new Set(['accept', 'contentType', 'messages', 'system']),
  cloudformation: new Set(['Parameters.ParameterValue']),
  'cloudtrail-data': new Set(['auditEvents']),
  // Items and keys; see dynamodb.ts for what shows of them.
  dynamodb: new Set([
    ...['AttributeUpdates', 'ExclusiveStartKey', 'Expected', 'ExpressionAttributeValues', 'Item', 'KeyConditions'],
    ...['Parameters', 'QueryFilter', 'RequestItems', 'ScanFilter', 'Statement', 'Statements', 'TransactItems'],
    ...['TransactStatements', 'DeleteItem.Key', 'GetItem.Key', 'UpdateItem.Key'],
  ]),
  firehose: new Set(['Record', 'Records']),
  iam: new Set(['AuthenticationCode1', 'AuthenticationCode2']),
  // A grant token is as good as its grant until that is everywhere.
  kms: new Set(['GrantToken', 'GrantTokens']),
  opentrail: new Set(['Records', 'Results']),
  'secrets-manager': new Set(['SecretString', 'SecretBinary']),
  ssm: new Set(['Items.Content', 'StartSession.StreamUrl']),
  sts: new Set(['TokenCode', 'SAMLAssertion', 'WebIdentityToken', 'SecretAccessKey']),
};

/** Sensitive by what it does, without a trait in the model: the marker, whole (spec: record-conventions §10). */
export const HIDDEN_TOO: Readonly<Record<string, ReadonlySet<string>>> = {
  cloudfront: new Set(['DistributionConfig.Comment']),
  'cognito-identity': new Set(['Logins']),
  docdb: new Set(['MasterUserPassword']),
  eventbridge: new Set(['Entries.Detail']),
  iot: new Set(['salesforce.token']),
  'license-manager': new Set(['CreateToken.Token']),
  neptune: new Set(['MasterUserPassword']),
  pinpoint: new Set(['BaiduChannelResponse.Credential', 'GCMChannelResponse.Credential']),
  rds: new Set(['MasterUserPassword', 'TdeCredentialPassword']),
  'pinpoint-sms-voice-v2': new Set(['MessageBody']),
  redshift: new Set(['MasterUserPassword']),
  sns: new Set(['Message', 'Subject', 'MessageAttributes']),
  sqs: new Set(['MessageBody', 'MessageAttributes']),
  ssm: new Set(['PutParameter.Value', 'Parameters']),
};

/** What a marker says other than the service's usual one (spec: record-conventions §10; the services' own guides). */
const STARS = '**********';
const OMITTED = '***OMITTED***';
export const MARKED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ec2: { UserData: '<sensitiveDataRemoved>' },
  polly: { Text: STARS },
  'rds-data': { sql: STARS, database: STARS, schema: STARS, parameters: STARS, parameterSets: STARS },
  'redshift-data': { Sql: OMITTED, Sqls: OMITTED, Parameters: OMITTED },
  ssm: { TokenValue: 'Value hidden due to security reasons.' },
};

/**
 * Names of text that lets its reader in, wherever models forget to mark it (ElastiCache's `AuthToken`, Amazon MQ's
 * `Password`, Lightsail's `secretAccessKey`): hidden in all services. Ids, names and ARNs of secrets end otherwise.
 */
const SECRET_NAME =
  /(?:passwords?|passphrase|secret|secret_?(?:access_?)?key|private_?key(?:base64)?|api_?key|(?:auth|access|refresh|secret)token)$/i;
/** Units of a token's life, and the id of a key to be removed. */
const NO_SECRETS: ReadonlySet<string> = new Set([
  ...['TokenValidityUnits.AccessToken', 'TokenValidityUnits.RefreshToken', 'UpdateSAMLProvider.RemovePrivateKey'],
]);

export const isSecretName = (parent: string, member: string): boolean =>
  SECRET_NAME.test(member) && !NO_SECRETS.has(`${parent}.${member}`);

const has = (table: Readonly<Record<string, ReadonlySet<string>>>, id: string, parent: string, member: string) => {
  const listed = table[id];
  return listed !== undefined && (listed.has(member) || listed.has(`${parent}.${member}`));
};

export const isLeftOut = (schemaId: string, parent: string, member: string): boolean =>
  has(LEFT_OUT, schemaId, parent, member);

/** The text in place of a value that is not to be shown; undefined: it may be, as far as this table knows. */
export const hiddenAs = (schemaId: string, parent: string, member: string): string | undefined =>
  MARKED[schemaId]?.[member] ?? (has(HIDDEN_TOO, schemaId, parent, member) ? HIDDEN : undefined);
