import type { PolicyDescriptorType, Tag } from '@aws-sdk/client-sts';
import { requestTagContext } from '../../access/context.ts';
import { parsePolicy } from '../../access/parse-policy.ts';
import { packedBytes, type SessionGrant } from '../../access/sessions.ts';
import type { StsDirectory } from './deps.ts';
import { stsError } from './errors.ts';

/** What a call asks to go along with the session that it makes. */
export interface SettingsInput {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly PolicyDescriptorType[] | undefined;
  readonly Tags?: readonly Tag[] | undefined;
  readonly TransitiveTagKeys?: readonly string[] | undefined;
}

export type Settings = Pick<SessionGrant, 'policies' | 'policyArns' | 'tags' | 'transitiveTagKeys'>;

/** What the calling session hands on. */
export interface Inherited {
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
}

/**
 * Reads the session policies and tags of a call.
 * @param accountId whose managed policies may limit the session
 * @throws AwsError MalformedPolicyDocument, PackedPolicyTooLarge, InvalidParameterValue, ValidationError
 */
export async function settingsOf(
  directory: StsDirectory,
  accountId: string,
  input: SettingsInput,
  inherited: Inherited = { tags: {} },
): Promise<{ readonly settings: Settings; readonly packedPercent?: number }> {
  const policies = input.Policy === undefined ? [] : [checkedPolicy(input.Policy)];
  const policyArns = (input.PolicyArns ?? []).map(({ arn }) => arn!);
  for (const arn of policyArns) {
    if (await directory.hasPolicy(accountId, arn)) continue;
    throw stsError('ValidationError', `The specified policy ARN ${arn} does not exist or may not be used here.`);
  }
  const tags = tagsOf(input, inherited);
  const handedOn = [...(inherited.transitiveTagKeys ?? []), ...(input.TransitiveTagKeys ?? [])];
  const settings = {
    ...(policies.length > 0 && { policies }),
    ...(policyArns.length > 0 && { policyArns }),
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(handedOn.length > 0 && { transitiveTagKeys: handedOn }),
  };
  if (!settings.policies && !settings.policyArns && !settings.tags) return { settings };
  const packedPercent = Math.ceil((packedBytes(settings) / PACKED_BYTES_MAX) * 100);
  if (packedPercent <= 100) return { settings, packedPercent };
  const what =
    settings.policies || settings.policyArns
      ? `Packed policy consumes ${packedPercent}% of allotted space, please use smaller policy.`
      : `Packed size of session tags consumes ${packedPercent}% of allotted space.`;
  throw stsError('PackedPolicyTooLarge', what);
}

/** Packed, policies and tags together: a token of all that stays below 4,096 characters, which AWS's own rarely exceed. */
const PACKED_BYTES_MAX = 2048;

function checkedPolicy(json: string): string {
  const parsed = parsePolicy(json, { principal: 'refused' });
  if ('problem' in parsed) throw stsError('MalformedPolicyDocument', parsed.problem);
  return json;
}

/** Keys of tags are compared without regard to case. Those that the calling session hands on stand, and cannot be set anew. */
function tagsOf({ Tags = [], TransitiveTagKeys = [] }: SettingsInput, inherited: Inherited): Record<string, string> {
  const asked = new Set(Tags.map(({ Key }) => Key!.toLowerCase()));
  const wrong = (message: string) => stsError('InvalidParameterValue', message);
  if (asked.size < Tags.length) {
    throw wrong('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  }
  if (Tags.some(({ Key }) => /^aws:/i.test(Key!))) {
    throw wrong("Tag keys that start with 'aws:' are reserved, and cannot be set.");
  }
  if (TransitiveTagKeys.some((key) => !asked.has(key.toLowerCase()))) {
    throw wrong('The specified transitive tag key must be included in the requested tags.');
  }
  const fixed = new Set((inherited.transitiveTagKeys ?? []).map((key) => key.toLowerCase()));
  if ([...asked].some((key) => fixed.has(key))) {
    throw wrong(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  }
  return Object.fromEntries([
    ...Object.entries(inherited.tags).filter(([key]) => fixed.has(key.toLowerCase())),
    ...Tags.map(({ Key, Value }) => [Key!, Value!] as const),
  ]);
}

/** The condition keys of tags in a request. */
export const tagConditions = ({ Tags = [], TransitiveTagKeys = [] }: SettingsInput) => ({
  ...requestTagContext(Object.fromEntries(Tags.map(({ Key, Value }) => [Key!, Value!]))),
  ...(TransitiveTagKeys.length > 0 && { 'sts:TransitiveTagKeys': TransitiveTagKeys }),
});
