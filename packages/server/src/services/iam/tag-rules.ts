import type { Tag } from '@aws-sdk/client-iam';
import type { Tags } from '../../access/iam/entities.ts';
import { iamError } from './errors.ts';

/** IAM's quota, of users, roles, policies and all else that has tags. */
const TAGS_MAX = 50;

/**
 * The tags with these put in. Keys are told apart without regard to case; a key that is there already keeps its place
 * and takes the new spelling.
 * @throws AwsError InvalidInput, LimitExceeded
 */
export function withTags(tags: Tags, given: readonly Tag[] = []): Tags {
  const byFold = new Map(Object.entries(tags).map((entry) => [fold(entry[0]), entry]));
  if (new Set(given.map(({ Key }) => fold(Key!))).size < given.length) {
    throw iamError('InvalidInput', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  }
  for (const { Key, Value } of given) {
    if (fold(Key!).startsWith('aws:')) {
      throw iamError(
        'InvalidInput',
        'Tag keys that begin with aws: are reserved for AWS, and cannot be set or changed.',
      );
    }
    byFold.set(fold(Key!), [Key!, Value!]);
  }
  if (byFold.size > TAGS_MAX) {
    throw iamError('LimitExceeded', `The number of tags has reached the maximum limit: ${TAGS_MAX}.`);
  }
  return Object.fromEntries(byFold.values());
}

/** The tags without those of these keys; keys that are not there do no harm. */
export function withoutTags(tags: Tags, keys: readonly string[]): Tags {
  const gone = new Set(keys.map(fold));
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(fold(key))));
}

const fold = (key: string): string => key.toLowerCase();
