import { s3Error } from './errors.ts';

/** Paths of the server's own, which a bucket of that name would hide. */
const RESERVED: ReadonlySet<string> = new Set(['metrics', 'healthz', 'readyz', 'opentrail']);

/** S3 user guide, "General purpose bucket naming rules". */
const FORBIDDEN = [
  /\.\./,
  /^\d+\.\d+\.\d+\.\d+$/,
  /^xn--/,
  /^sthree-/,
  /^amzn-s3-demo-/,
  /-s3alias$/,
  /--ol-s3$/,
  /\.mrap$/,
  /--x-s3$/,
  /--table-s3$/,
];

/** @throws AwsError InvalidBucketName */
export function checkBucketName(name: string): void {
  const members = { BucketName: name };
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || FORBIDDEN.some((rule) => rule.test(name))) {
    throw s3Error('InvalidBucketName', { members });
  }
  if (RESERVED.has(name)) {
    const message = `The specified bucket is not valid: OpenTrail itself answers under /${name}. Choose another name.`;
    throw s3Error('InvalidBucketName', { message, members });
  }
}

/** S3's own limit. */
const KEY_BYTES_MAX = 1024;

/** @throws AwsError KeyTooLongError */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key, 'utf8');
  if (size <= KEY_BYTES_MAX) return;
  throw s3Error('KeyTooLongError', { members: { Size: String(size), MaxSizeAllowed: String(KEY_BYTES_MAX) } });
}
