/**
 * Where a service's requestParameters and responseElements depart from "the API's members, first letter in lower case".
 * By schema id; from records (spec: record-conventions §8.1, §12; the data set), all of them, whatever the client.
 * EC2 and S3 depart too far for this table and have files of their own.
 */
export interface Layout {
  /** The API's own spelling: the body is logged as it was (spec: record-conventions §8.1 "Pascal-case"). */
  readonly namesAsModelled?: boolean;
  /** An answer with one member is logged without it: rds shows the members of `DBInstance` at the top. */
  readonly unwrapsAnswer?: boolean;
  /** Answers of which only these members are logged, by operation, under the names given. */
  readonly answers?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What requests show whether it was given or not, by operation; some of it is in no API. */
  readonly always?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Members called otherwise than in the API, by `Operation.Member` at the top, else `Parent.Member`. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** The same in every record's additionalEventData. */
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
  /** The same of single operations. */
  readonly noted?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Documents that answers hold percent-encoded, whatever the upstream sent: by the name that they are shown by. */
  readonly encodedInAnswer?: string;
  /** apigateway logs what stands in the body under `createStageInput`, beside `template`. */
  readonly bodyAsInput?: boolean;
}

const SYMMETRIC = 'SYMMETRIC_DEFAULT';

export const LAYOUTS: Readonly<Record<string, Layout>> = {
  account: { namesAsModelled: true },
  // Both kinds of auto scaling are `autoscaling.amazonaws.com` (the services' guide, "AWS API call via CloudTrail").
  'application-auto-scaling': { additionalEventData: { service: 'application-autoscaling' } },
  'api-gateway': { bodyAsInput: true },
  'cost-explorer': { namesAsModelled: true },
  'devops-guru': { namesAsModelled: true },
  docdb: { unwrapsAnswer: true },
  elasticache: { unwrapsAnswer: true },
  iam: { encodedInAnswer: 'assumeRolePolicyDocument' },
  kms: {
    always: {
      CreateKey: {
        description: '',
        keyUsage: 'ENCRYPT_DECRYPT',
        customerMasterKeySpec: SYMMETRIC,
        keySpec: SYMMETRIC,
        origin: 'AWS_KMS',
        bypassPolicyLockoutSafetyCheck: false,
      },
      Decrypt: { encryptionAlgorithm: SYMMETRIC },
      Encrypt: { encryptionAlgorithm: SYMMETRIC },
      PutKeyPolicy: { bypassPolicyLockoutSafetyCheck: false },
      ReEncrypt: { sourceEncryptionAlgorithm: SYMMETRIC, destinationEncryptionAlgorithm: SYMMETRIC },
    },
    renamed: {
      'CreateCustomKeyStore.CloudHsmClusterId': 'clusterId',
      'UpdateCustomKeyStore.CloudHsmClusterId': 'clusterId',
    },
  },
  neptune: { unwrapsAnswer: true },
  rds: {
    unwrapsAnswer: true,
    always: { DescribeDBSnapshots: { includeShared: false, includePublic: false } },
  },
  redshift: { unwrapsAnswer: true },
  'resource-explorer-2': { namesAsModelled: true },
  // `arn` where the answer is the service's newer type, `aRN` where it is its older one (spec: record-conventions §8.1).
  'secrets-manager': { answers: { CreateSecret: { ARN: 'arn' }, PutSecretValue: { ARN: 'arn' } } },
  // The example in Route 53's guide; so do records on the web.
  'route-53': { noted: { ChangeResourceRecordSets: { Note: 'Do not use to reconstruct hosted zone' } } },
  route53resolver: { always: { DeleteResolverQueryLogConfig: { originSequenceNumber: 0 } } },
  securityhub: { namesAsModelled: true },
  ses: { additionalEventData: { SignatureVersion: '4' } },
  sesv2: { additionalEventData: { SignatureVersion: '4' } },
  ssm: { always: { SendCommand: { interactive: false } } },
};

const PLAIN: Layout = {};

export const layoutOf = (schemaId: string): Layout => LAYOUTS[schemaId] ?? PLAIN;
