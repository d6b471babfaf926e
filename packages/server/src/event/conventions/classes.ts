/** Read or write, and what of the answer is recorded: set per API, not by verb, so the verbs have exceptions. */

const READ_VERBS =
  /^(Admin)?(Get|List|Describe|Head|Lookup|Search|Select|BatchGet|BatchDescribe|BatchList|Query|Read|Scan|Tail|Check|Decode|Discover|Estimate|Preview|Simulate|Validate)(?![a-z])/;

/**
 * Services that look on but whose verb says write, and the other way round. Sources: records (spec: record-conventions
 * §7, records §3, §12); where none is known, AWS's own access level of the action ("Read" or "Write" in the Service
 * Authorization Reference).
 */
export const READ_ONLY: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  sts: {
    ...all(true, ['AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot']),
    ...all(false, ['GetFederationToken', 'GetSessionToken']),
  },
  kms: all(true, [
    ...['Encrypt', 'Decrypt', 'ReEncrypt', 'Sign', 'Verify', 'VerifyMac', 'DeriveSharedSecret', 'GenerateMac'],
    ...['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'GenerateDataKeyPair'],
    ...['GenerateDataKeyPairWithoutPlaintext', 'GenerateRandom'],
  ]),
  'bedrock-runtime': all(true, ['InvokeModel', 'InvokeModelWithResponseStream', 'Converse', 'ConverseStream']),
  'cloudwatch-logs': all(true, ['FilterLogEvents', 'StartLiveTail', 'StartQuery', 'StopQuery', 'TestMetricFilter']),
  comprehend: all(true, [
    ...['BatchDetectDominantLanguage', 'BatchDetectEntities', 'BatchDetectKeyPhrases', 'BatchDetectSentiment'],
    ...['BatchDetectSyntax', 'ClassifyDocument', 'DetectDominantLanguage', 'DetectEntities', 'DetectKeyPhrases'],
    ...['DetectPiiEntities', 'DetectSentiment', 'DetectSyntax', 'ContainsPiiEntities'],
  ]),
  dynamodb: all(true, ['TransactGetItems']),
  ecr: all(true, ['BatchCheckLayerAvailability']),
  eventbridge: all(true, ['TestEventPattern']),
  'license-manager': all(false, ['CheckInLicense']),
  opentrail: all(true, ['ExportEvents', 'TestEventSelectors', 'VerifyTrail']),
  rekognition: all(true, ['CompareFaces', 'DetectFaces', 'DetectLabels', 'DetectModerationLabels', 'DetectText']),
  'route-53': all(true, ['TestDNSAnswer']),
  signin: all(false, ['CheckMfa']),
  sqs: all(true, ['ReceiveMessage']),
  verifiedpermissions: all(true, ['IsAuthorized', 'IsAuthorizedWithToken', 'BatchIsAuthorized']),
};

function all(readOnly: boolean, operations: readonly string[]): Record<string, boolean> {
  return Object.fromEntries(operations.map((name) => [name, readOnly]));
}

export const isReadOnly = (schemaId: string, operation: string): boolean =>
  READ_ONLY[schemaId]?.[operation] ?? READ_VERBS.test(operation);

/** Reads whose answer is recorded all the same (spec: record-conventions §8). */
const READS_WITH_RESPONSE: Readonly<Record<string, ReadonlySet<string>>> = {
  'application-insights': new Set(['ListApplications']),
  sts: new Set(['AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot', 'GetCallerIdentity']),
};

/** Writes whose answer is the function's own, and null in records (the CloudTrail page of Lambda's guide). */
const WRITES_WITHOUT_RESPONSE: Readonly<Record<string, ReadonlySet<string>>> = {
  lambda: new Set(['Invoke', 'InvokeAsync', 'InvokeWithResponseStream']),
};

export const recordsResponse = (schemaId: string, operation: string): boolean =>
  isReadOnly(schemaId, operation)
    ? READS_WITH_RESPONSE[schemaId]?.has(operation) === true
    : WRITES_WITHOUT_RESPONSE[schemaId]?.has(operation) !== true;
