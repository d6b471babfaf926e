import { invalid, logsError } from './errors.ts';

type Tags = Readonly<Record<string, string>>;

/** AWS's quota, a log group. */
const TAGS_MAX = 50;
const KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

/** @throws AwsError InvalidParameterException, TooManyTagsException */
export function checkTags(tags: Tags): void {
  for (const [key, value] of Object.entries(tags)) {
    if (!KEY.test(key)) throw invalid(`Tag key ${key.slice(0, 128)} is invalid.`);
    if (!VALUE.test(value)) throw invalid(`The value of tag ${key} is invalid.`);
    if (key.toLowerCase().startsWith('aws:')) throw invalid(`Tag key ${key} begins with aws:, which is reserved.`);
  }
  atMost(tags);
}

export const mergedTags = (tags: Tags, added: Tags): Tags => atMost({ ...tags, ...added });

function atMost(tags: Tags): Tags {
  const count = Object.keys(tags).length;
  if (count <= TAGS_MAX) return tags;
  throw logsError('TooManyTagsException', `A log group can have ${TAGS_MAX} tags; this would make ${count}.`);
}
