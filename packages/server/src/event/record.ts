/** The CloudTrail record, member order as CloudTrail writes it (spec: records §1, record-conventions §2). */
export interface CloudTrailRecord {
  readonly eventVersion: string;
  readonly userIdentity: UserIdentity;
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: Readonly<Record<string, unknown>> | null;
  readonly responseElements: Readonly<Record<string, unknown>> | null;
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
  readonly requestID?: string;
  readonly eventID: string;
  readonly readOnly?: boolean;
  readonly resources?: readonly ResourceEntry[];
  readonly eventType: string;
  readonly apiVersion?: string;
  readonly managementEvent?: boolean;
  readonly recipientAccountId?: string;
  readonly sharedEventID?: string;
  readonly vpcEndpointId?: string;
  readonly vpcEndpointAccountId?: string;
  readonly serviceEventDetails?: Readonly<Record<string, unknown>>;
  readonly eventCategory?: string;
  readonly tlsDetails?: TlsDetails;
  readonly sessionCredentialFromConsole?: 'true';
}

export interface UserIdentity {
  readonly type?: string;
  readonly principalId?: string;
  readonly arn?: string;
  readonly accountId?: string;
  readonly accessKeyId?: string;
  readonly userName?: string;
  readonly sessionContext?: Readonly<Record<string, unknown>>;
  readonly invokedBy?: string;
  /** Of WebIdentityUser and SAMLUser. */
  readonly identityProvider?: string;
}

export interface ResourceEntry {
  readonly accountId?: string;
  readonly type?: string;
  readonly ARN?: string;
  readonly ARNPrefix?: string;
}

export interface TlsDetails {
  readonly tlsVersion?: string;
  readonly cipherSuite?: string;
  readonly clientProvidedHostHeader?: string;
  readonly keyExchange?: string;
}
