import { AwsError } from '../../base/errors.ts';

/** Names and forms that trails are made of, with AWS's own words where they are known (spec: api §1–§3). */

const NAME_CHARS_MIN = 3;
const NAME_CHARS_MAX = 128;
const PREFIX_CHARS_MAX = 200;
/** S3's own bounds of a bucket name. */
const BUCKET = /^(?=.{3,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** In the order in which AWS checks them: the first that holds is reported. */
const NAME_RULES: readonly {
  readonly broken: (name: string) => boolean;
  readonly message: (name: string) => string;
}[] = [
  { broken: (n) => n.trim() === '', message: () => 'Trail name cannot be blank!' },
  { broken: (n) => IPV4.test(n), message: () => 'Trail names must not be formatted as an IP address.' },
  {
    broken: (n) => n.length < NAME_CHARS_MIN,
    message: (n) =>
      `Trail name too short. Minimum allowed length: ${NAME_CHARS_MIN} characters. Specified name length: ${n.length} characters.`,
  },
  {
    broken: (n) => n.length > NAME_CHARS_MAX,
    message: (n) =>
      `Trail name too long. Maximum allowed length: ${NAME_CHARS_MAX} characters. Specified name length: ${n.length} characters.`,
  },
  { broken: (n) => !/^[A-Za-z0-9]/.test(n), message: () => 'Trail name must starts with a letter or number.' },
  { broken: (n) => !/[A-Za-z0-9]$/.test(n), message: () => 'Trail name must ends with a letter or number.' },
  {
    broken: (n) => /[^A-Za-z0-9._-]/.test(n),
    message: () =>
      'Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).',
  },
  {
    broken: (n) => /[._-]{2}/.test(n),
    message: () => 'Trail name or ARN cannot have adjacent periods (.), hyphens (-), or underscores (_).',
  },
];

/** @throws AwsError InvalidTrailNameException */
export function checkTrailName(name: string | undefined): asserts name is string {
  const rule = NAME_RULES.find((r) => r.broken(name ?? ''));
  if (rule) throw new AwsError('InvalidTrailNameException', rule.message(name ?? ''));
}

export interface TrailArn {
  readonly region: string;
  readonly accountId: string;
  readonly name: string;
}

const TRAIL_ARN = /^arn:aws[a-z-]*:cloudtrail:([a-z0-9-]{1,64}):(\d{12}):trail\/(.*)$/s;

/** @throws AwsError CloudTrailARNInvalidException, or InvalidTrailNameException for the name in it */
export function parseTrailArn(arn: string): TrailArn {
  const [, region, accountId, name] = TRAIL_ARN.exec(arn) ?? [];
  if (region === undefined || accountId === undefined) {
    throw new AwsError(
      'CloudTrailARNInvalidException',
      `Invalid trail ARN: ${arn.slice(0, 256)}. A trail ARN looks like arn:aws:cloudtrail:us-east-2:123456789012:trail/MyTrail.`,
    );
  }
  checkTrailName(name);
  return { region, accountId, name };
}

/** @throws AwsError InvalidS3BucketNameException */
export function checkBucketName(bucket: string | undefined): asserts bucket is string {
  if (bucket !== undefined && BUCKET.test(bucket) && !IPV4.test(bucket)) return;
  throw new AwsError(
    'InvalidS3BucketNameException',
    `Invalid S3 bucket name: ${JSON.stringify(bucket?.slice(0, 256) ?? '')}. It must have 3 to 63 lowercase letters, numbers, hyphens (-) and single periods (.), begin and end with a letter or number, and not be formatted as an IP address.`,
  );
}

/** @throws AwsError InvalidS3PrefixException */
export function checkPrefix(prefix: string | undefined): void {
  if (prefix === undefined) return;
  if (prefix.length > PREFIX_CHARS_MAX) {
    throw new AwsError('InvalidS3PrefixException', `S3 prefix is longer than maximum length: ${PREFIX_CHARS_MAX}`);
  }
  if (prefix.split('/').includes('AWSLogs')) {
    throw new AwsError('InvalidS3PrefixException', 'S3 prefix cannot contain the reserved part AWSLogs/.');
  }
}
