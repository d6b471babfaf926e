import { brokenConstraints, type ConstraintTable, complaintOf, lowerFirst, type Rule } from '../../wire/constraints.ts';
import { kmsError } from './errors.ts';

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

/** The constraints of AWS's model (2014-11-01). */
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

const TABLE: ConstraintTable = { rules: RULES, required: REQUIRED, showsAnchors: true };

const CONTEXTS = ['EncryptionContext', 'SourceEncryptionContext', 'DestinationEncryptionContext'];
/** KMS's quota, names and values together. */
const CONTEXT_BYTES_MAX = 8192;

/** @throws AwsError ValidationException naming every member that breaks a rule */
export function validateInput(operation: string, input: Readonly<Record<string, unknown>>): void {
  const large = CONTEXTS.filter((name) => {
    const pairs = Object.entries((input[name] ?? {}) as Readonly<Record<string, string>>).flat();
    return pairs.reduce((sum, text) => sum + Buffer.byteLength(text), 0) > CONTEXT_BYTES_MAX;
  });
  const problem = `Names and values must have at most ${CONTEXT_BYTES_MAX} bytes`;
  const complaints = large.map((name) => complaintOf(undefined, lowerFirst(name), problem));
  const message = brokenConstraints(TABLE, operation, input, complaints);
  if (message !== undefined) throw kmsError('ValidationException', message);
}
