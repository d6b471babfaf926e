/**
 * Inputs and outputs of KMS's operations (API of 2014-11-01), as far as this service has them. Written out here, since
 * the workspace has no @aws-sdk/client-kms. Handlers see inputs that `validate.ts` has passed: what is required is there.
 */
export interface Tag {
  readonly TagKey: string;
  readonly TagValue: string;
}

export type EncryptionContext = Readonly<Record<string, string>>;

export interface KeyRequest {
  readonly KeyId: string;
}

export interface PageRequest {
  readonly Limit?: number;
  readonly Marker?: string;
}

export interface CreateKeyRequest {
  readonly Policy?: string;
  readonly Description?: string;
  readonly KeyUsage?: string;
  readonly CustomerMasterKeySpec?: string;
  readonly KeySpec?: string;
  readonly Origin?: string;
  readonly CustomKeyStoreId?: string;
  readonly BypassPolicyLockoutSafetyCheck?: boolean;
  readonly Tags?: readonly Tag[];
  readonly MultiRegion?: boolean;
  readonly XksKeyId?: string;
}

export interface PutKeyPolicyRequest extends KeyRequest {
  readonly PolicyName?: string;
  readonly Policy: string;
  readonly BypassPolicyLockoutSafetyCheck?: boolean;
}

export interface AliasRequest {
  readonly AliasName: string;
  readonly TargetKeyId: string;
}

/** What all operations have that work on data. */
interface DataRequest {
  readonly GrantTokens?: readonly string[];
  readonly DryRun?: boolean;
}

export interface EncryptRequest extends DataRequest, KeyRequest {
  readonly Plaintext: Buffer;
  readonly EncryptionContext?: EncryptionContext;
  readonly EncryptionAlgorithm?: string;
}

export interface DecryptRequest extends DataRequest {
  readonly CiphertextBlob: Buffer;
  readonly KeyId?: string;
  readonly EncryptionContext?: EncryptionContext;
  readonly EncryptionAlgorithm?: string;
}

export interface DataKeyRequest extends DataRequest, KeyRequest {
  readonly KeySpec?: 'AES_256' | 'AES_128';
  readonly NumberOfBytes?: number;
  readonly EncryptionContext?: EncryptionContext;
}

export interface ReEncryptRequest extends DataRequest {
  readonly CiphertextBlob: Buffer;
  readonly SourceKeyId?: string;
  readonly SourceEncryptionContext?: EncryptionContext;
  readonly SourceEncryptionAlgorithm?: string;
  readonly DestinationKeyId: string;
  readonly DestinationEncryptionContext?: EncryptionContext;
  readonly DestinationEncryptionAlgorithm?: string;
}

export interface GrantConstraints {
  readonly EncryptionContextSubset?: EncryptionContext;
  readonly EncryptionContextEquals?: EncryptionContext;
}

export interface CreateGrantRequest extends DataRequest, KeyRequest {
  readonly GranteePrincipal: string;
  readonly RetiringPrincipal?: string;
  readonly Operations: readonly string[];
  readonly Constraints?: GrantConstraints;
  readonly Name?: string;
}

export interface RetireGrantRequest {
  readonly GrantToken?: string;
  readonly KeyId?: string;
  readonly GrantId?: string;
  readonly DryRun?: boolean;
}

export interface RevokeGrantRequest extends KeyRequest {
  readonly GrantId: string;
  readonly DryRun?: boolean;
}

export interface ListGrantsRequest extends KeyRequest, PageRequest {
  readonly GrantId?: string;
  readonly GranteePrincipal?: string;
}
