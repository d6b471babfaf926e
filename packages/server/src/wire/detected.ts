import type { Protocol, ServiceSchema } from '../schema/types.ts';

/** What a request asks for, as far as it can be told without its body. */
export interface Detected {
  readonly schema: ServiceSchema;
  readonly protocol: Protocol;
  /** Absent when the body names it (query protocols), or when there is no such operation. */
  readonly operation?: string;
  /** Decoded parts of the path: `Bucket` and `Key` for S3, the labels of the URI for other REST services. */
  readonly labels: Readonly<Record<string, string>>;
  /** What the caller asked for, when the service has no such operation. */
  readonly unknownOperation?: string;
}
