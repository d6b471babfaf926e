/**
 * Where a service's requestParameters and responseElements depart from "the API's members, first letter in lower case".
 * By schema id. EC2 and S3 depart too far for this table and have files of their own.
 */
export interface Layout {
  /** The API's own spelling: the body is logged as it was (spec: record-conventions §8.1 "Pascal-case"). */
  readonly namesAsModelled?: boolean;
  /** An answer with one member is logged without it: rds shows the members of `DBInstance` at the top. */
  readonly unwrapsAnswer?: boolean;
  /** Answers of which only these members are logged, by operation, under the names given. */
  readonly answers?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Members that the service fills in before it logs the request, by operation and API member name. */
  readonly defaults?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** apigateway logs what stands in the body under `createStageInput`, beside `template`. */
  readonly bodyAsInput?: boolean;
}

const SYMMETRIC = 'SYMMETRIC_DEFAULT';

const LAYOUTS: Readonly<Record<string, Layout>> = {
  account: { namesAsModelled: true },
  'api-gateway': { bodyAsInput: true },
  apigatewayv2: { bodyAsInput: true },
  'cost-explorer': { namesAsModelled: true },
  'devops-guru': { namesAsModelled: true },
  docdb: { unwrapsAnswer: true },
  elasticache: { unwrapsAnswer: true },
  // Seen in every record of these calls, whatever the client (data set; AWS's KMS guide).
  kms: {
    defaults: {
      CreateKey: {
        Description: '',
        KeyUsage: 'ENCRYPT_DECRYPT',
        CustomerMasterKeySpec: SYMMETRIC,
        KeySpec: SYMMETRIC,
        Origin: 'AWS_KMS',
        BypassPolicyLockoutSafetyCheck: false,
      },
      Decrypt: { EncryptionAlgorithm: SYMMETRIC },
      Encrypt: { EncryptionAlgorithm: SYMMETRIC },
      PutKeyPolicy: { BypassPolicyLockoutSafetyCheck: false },
      ReEncrypt: { SourceEncryptionAlgorithm: SYMMETRIC, DestinationEncryptionAlgorithm: SYMMETRIC },
    },
  },
  neptune: { unwrapsAnswer: true },
  rds: {
    unwrapsAnswer: true,
    defaults: { DescribeDBSnapshots: { IncludeShared: false, IncludePublic: false } },
  },
  redshift: { unwrapsAnswer: true },
  'resource-explorer-2': { namesAsModelled: true },
  // `arn` where the answer is the service's newer type, `aRN` where it is its older one (spec: record-conventions §8.1).
  'secrets-manager': { answers: { CreateSecret: { ARN: 'arn' }, PutSecretValue: { ARN: 'arn' } } },
  securityhub: { namesAsModelled: true },
};

const PLAIN: Layout = {};

export const layoutOf = (schemaId: string): Layout => LAYOUTS[schemaId] ?? PLAIN;
