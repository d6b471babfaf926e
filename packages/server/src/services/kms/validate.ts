import { kmsError } from './errors.ts';

/**
 * The constraints of AWS's model (2014-11-01), which the catalogue of schemas does not carry, in the words that AWS's
 * front end has for them. A member's constraints are the same in every operation that takes it.
 */
interface Rule {
  /** Characters of a string, bytes of a blob, entries of a list, or the number itself. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly values?: readonly string[];
  /** Its value never stands in a message: secret, or as good as one. */
  readonly secret?: boolean;
  /** Of each entry of a list. */
  readonly each?: Rule;
  /** Of the members of a structure. */
  readonly members?: Readonly<Record<string, Rule>>;
  readonly required?: boolean;
}

const KEY_ID: Rule = { min: 1, max: 2048 };
const PRINCIPAL: Rule = { min: 1, max: 256, pattern: /^[\w+=,.@:/-]+$/ };
const POLICY_NAME: Rule = { min: 1, max: 128, pattern: /^\w+$/ };
const ALGORITHM: Rule = { values: ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE'] };
const CIPHERTEXT: Rule = { min: 1, max: 6144, secret: true };
const GRANT_TOKEN: Rule = { min: 1, max: 8192, secret: true };
const TAG_KEY: Rule = { min: 1, max: 128 };
const SPECS = [
  ...['RSA_2048', 'RSA_3072', 'RSA_4096', 'ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'ECC_SECG_P256K1'],
  ...['SYMMETRIC_DEFAULT', 'HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512', 'SM2'],
];
export const GRANT_OPERATIONS: readonly string[] = [
  ...['Decrypt', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo'],
  ...['Sign', 'Verify', 'GetPublicKey', 'CreateGrant', 'RetireGrant', 'DescribeKey', 'GenerateDataKeyPair'],
  ...['GenerateDataKeyPairWithoutPlaintext', 'GenerateMac', 'VerifyMac', 'DeriveSharedSecret'],
];

const RULES: Readonly<Record<string, Rule>> = {
  AliasName: { min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ },
  CiphertextBlob: CIPHERTEXT,
  CustomKeyStoreId: { min: 1, max: 64 },
  CustomerMasterKeySpec: { values: SPECS },
  Description: { max: 8192 },
  DestinationEncryptionAlgorithm: ALGORITHM,
  DestinationKeyId: KEY_ID,
  EncryptionAlgorithm: ALGORITHM,
  GrantId: { min: 1, max: 128 },
  GrantToken: GRANT_TOKEN,
  GrantTokens: { max: 10, secret: true, each: GRANT_TOKEN },
  GranteePrincipal: PRINCIPAL,
  IncludeKeyMaterial: { values: ['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY'] },
  KeyId: KEY_ID,
  KeySpec: { values: [...SPECS, 'ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87', 'ECC_NIST_EDWARDS25519'] },
  KeyUsage: { values: ['SIGN_VERIFY', 'ENCRYPT_DECRYPT', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'] },
  Limit: { min: 1, max: 1000 },
  Marker: { min: 1, max: 1024, pattern: /^[\u0020-\u00FF]*$/ },
  Name: { min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ },
  NumberOfBytes: { min: 1, max: 1024 },
  Operations: { each: { values: GRANT_OPERATIONS } },
  Origin: { values: ['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'] },
  PendingWindowInDays: { min: 7, max: 30 }, // the model says 365, the service 7 to 30
  Plaintext: { min: 1, max: 4096, secret: true },
  Policy: { min: 1, max: 131_072, pattern: /^[\t\n\r\u0020-\u00FF]+$/ },
  PolicyName: POLICY_NAME,
  RetiringPrincipal: PRINCIPAL,
  RotationPeriodInDays: { min: 90, max: 2560 },
  SourceEncryptionAlgorithm: ALGORITHM,
  SourceKeyId: KEY_ID,
  TagKeys: { each: TAG_KEY },
  Tags: { each: { members: { TagKey: { ...TAG_KEY, required: true }, TagValue: { max: 256, required: true } } } },
  TargetKeyId: KEY_ID,
};

/** Rules that hold for a member in one operation only. */
const SPECIAL: Readonly<Record<string, Rule>> = {
  'GenerateDataKey.KeySpec': { values: ['AES_256', 'AES_128'] },
  'GenerateDataKeyWithoutPlaintext.KeySpec': { values: ['AES_256', 'AES_128'] },
};

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  CancelKeyDeletion: ['KeyId'],
  CreateAlias: ['AliasName', 'TargetKeyId'],
  CreateGrant: ['KeyId', 'GranteePrincipal', 'Operations'],
  Decrypt: ['CiphertextBlob'],
  DeleteAlias: ['AliasName'],
  DescribeKey: ['KeyId'],
  DisableKey: ['KeyId'],
  DisableKeyRotation: ['KeyId'],
  EnableKey: ['KeyId'],
  EnableKeyRotation: ['KeyId'],
  Encrypt: ['KeyId', 'Plaintext'],
  GenerateDataKey: ['KeyId'],
  GenerateDataKeyWithoutPlaintext: ['KeyId'],
  GetKeyPolicy: ['KeyId'],
  GetKeyRotationStatus: ['KeyId'],
  ListGrants: ['KeyId'],
  ListKeyPolicies: ['KeyId'],
  ListKeyRotations: ['KeyId'],
  ListResourceTags: ['KeyId'],
  ListRetirableGrants: ['RetiringPrincipal'],
  PutKeyPolicy: ['KeyId', 'Policy'],
  ReEncrypt: ['CiphertextBlob', 'DestinationKeyId'],
  RevokeGrant: ['KeyId', 'GrantId'],
  RotateKeyOnDemand: ['KeyId'],
  ScheduleKeyDeletion: ['KeyId'],
  TagResource: ['KeyId', 'Tags'],
  UntagResource: ['KeyId', 'TagKeys'],
  UpdateAlias: ['AliasName', 'TargetKeyId'],
  UpdateKeyDescription: ['KeyId', 'Description'],
};

/** As many as AWS tells at once; more only make a long message longer. */
const COMPLAINTS_MAX = 10;

const CONTEXTS = ['EncryptionContext', 'SourceEncryptionContext', 'DestinationEncryptionContext'];
/** KMS's quota, names and values together. */
const CONTEXT_BYTES_MAX = 8192;

/** @throws AwsError ValidationException naming every member that breaks a rule */
export function validateInput(operation: string, input: Readonly<Record<string, unknown>>): void {
  const found: string[] = [];
  for (const name of REQUIRED[operation] ?? []) {
    if (input[name] === undefined) found.push(complaint('null', lowerFirst(name), 'Member must not be null'));
  }
  for (const [name, value] of Object.entries(input)) {
    const rule = SPECIAL[`${operation}.${name}`] ?? RULES[name];
    if (rule !== undefined && value !== undefined) check(value, rule, lowerFirst(name), found);
    if (found.length >= COMPLAINTS_MAX) break;
  }
  for (const name of CONTEXTS) {
    const pairs = Object.entries((input[name] ?? {}) as Readonly<Record<string, string>>).flat();
    if (pairs.reduce((sum, text) => sum + Buffer.byteLength(text), 0) > CONTEXT_BYTES_MAX) {
      found.push(
        complaint(undefined, lowerFirst(name), `Names and values must have at most ${CONTEXT_BYTES_MAX} bytes`),
      );
    }
  }
  if (found.length === 0) return;
  const count = `${found.length} validation error${found.length === 1 ? '' : 's'} detected`;
  throw kmsError('ValidationException', `${count}: ${found.join('; ')}`);
}

function check(value: unknown, rule: Rule, place: string, found: string[]): void {
  const problem = problemOf(value, rule);
  if (problem !== undefined) found.push(complaint(rule.secret ? undefined : shown(value), place, problem));
  if (!Array.isArray(value)) return;
  value.slice(0, ENTRIES_CHECKED_MAX).forEach((entry, i) => {
    const at = `${place}.${i + 1}.member`;
    if (rule.each?.members) checkMembers(entry as Record<string, unknown>, rule.each.members, at, found);
    else if (rule.each) check(entry, rule.each, at, found);
  });
}

/** No list that passes its own check is longer. */
const ENTRIES_CHECKED_MAX = 200;

function checkMembers(
  value: Readonly<Record<string, unknown>>,
  members: Readonly<Record<string, Rule>>,
  place: string,
  found: string[],
): void {
  for (const [name, rule] of Object.entries(members)) {
    const at = `${place}.${lowerFirst(name)}`;
    if (value[name] !== undefined) check(value[name], rule, at, found);
    else if (rule.required) found.push(complaint('null', at, 'Member must not be null'));
  }
}

function problemOf(value: unknown, { min, max, pattern, values }: Rule): string | undefined {
  const isNumber = typeof value === 'number';
  const size = isNumber ? value : ((value as { readonly length?: number }).length ?? 0);
  const what = isNumber ? 'value' : 'length';
  if (isNumber && !Number.isInteger(value)) return 'Member must be an integer'; // the catalogue knows numbers alone
  if (min !== undefined && size < min) return `Member must have ${what} greater than or equal to ${min}`;
  if (max !== undefined && size > max) return `Member must have ${what} less than or equal to ${max}`;
  if (values && !values.includes(value as string)) return `Member must satisfy enum value set: [${values.join(', ')}]`;
  if (pattern && !pattern.test(value as string)) {
    return `Member must satisfy regular expression pattern: ${pattern.source}`;
  }
  return undefined;
}

const complaint = (value: string | undefined, place: string, problem: string): string =>
  `Value ${value === undefined ? '' : `${value} `}at '${place}' failed to satisfy constraint: ${problem}`;

/** More of a wrong value helps nobody to find the mistake. */
const SHOWN_CHARS_MAX = 256;
const shown = (value: unknown): string =>
  `'${(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, SHOWN_CHARS_MAX)}'`;

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
