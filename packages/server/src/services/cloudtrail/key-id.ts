import { AwsError } from '../../base/errors.ts';

const KEY_ID = /^(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:)?(alias\/[A-Za-z0-9/_-]{1,250}|key\/(mrk-)?[a-f0-9-]{32,36})$/;
const BARE_KEY_ID = /^(mrk-[a-f0-9]{32}|[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12})$/;

/**
 * Whether it can name a key of KMS at all: what it names is seen when the bucket is proved. Empty means none.
 * @throws AwsError InvalidKmsKeyIdException
 */
export function checkKeyId(keyId: string | undefined): void {
  if (!keyId || KEY_ID.test(keyId) || BARE_KEY_ID.test(keyId)) return;
  throw new AwsError(
    'InvalidKmsKeyIdException',
    'KMS key ID must be a key ID, a key ARN, alias/name or an alias ARN of a symmetric key.',
  );
}
