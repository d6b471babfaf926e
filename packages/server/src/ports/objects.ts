/** Who writes: an AWS service on behalf of one of its resources, as a bucket policy sees it. */
export interface ServiceCaller {
  /** `cloudtrail.amazonaws.com` */
  readonly service: string;
  /** `aws:SourceArn`: the trail. */
  readonly sourceArn: string;
  /** `aws:SourceAccount` */
  readonly sourceAccount: string;
}

export interface ObjectToPut {
  readonly bucket: string;
  readonly key: string;
  readonly body: Buffer;
  readonly contentType: string;
  readonly contentEncoding?: string;
  /** User metadata without the `x-amz-meta-` prefix. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly acl?: 'bucket-owner-full-control';
  readonly kmsKeyId?: string;
  readonly kmsContext?: Readonly<Record<string, string>>;
}

/** Why the object store refused, by S3's own code: `NoSuchBucket`, `AccessDenied`, `SlowDown`, `KMS.DisabledException` … */
export class ObjectsError extends Error {
  readonly code: string;
  /** The statement that the bucket's policy lacks, when it is known. */
  readonly missing: string | undefined;

  constructor(code: string, message: string, missing?: string) {
    super(message);
    this.name = 'ObjectsError';
    this.code = code;
    this.missing = missing;
  }
}

/**
 * Where trails deliver. MUST apply the bucket's own rules (policy, owner) to the caller. `put` MUST be durable when it
 * resolves, and repeating it with the same key and bytes MUST be harmless.
 */
export interface Objects {
  /** GetBucketAcl: the first of CloudTrail's two destination checks. */
  checkBucketAcl(caller: ServiceCaller, bucket: string): Promise<void>;
  put(caller: ServiceCaller, object: ObjectToPut): Promise<void>;
  /**
   * Makes a data key with a key of KMS in the bucket's Region, for nothing but to see that the caller may.
   * @returns the ARN of the key that `kmsKeyId` (id, ARN, alias, alias ARN) names
   */
  checkKey(
    caller: ServiceCaller,
    bucket: string,
    kmsKeyId: string,
    kmsContext: Readonly<Record<string, string>>,
  ): Promise<string>;
}
