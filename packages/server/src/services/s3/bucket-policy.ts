import { parsePolicy } from '../../access/parse-policy.ts';
import type { Policy, Statement } from '../../access/policy.ts';
import type { Bucket } from '../../ports/object-store.ts';
import { s3Error } from './errors.ts';

/** Policies as they were parsed, by the bucket's state; a changed bucket is another object. */
const parsed = new WeakMap<Bucket, Policy | undefined>();

/** The bucket's policy, if it has one. */
export function policyOf(bucket: Bucket): Policy | undefined {
  if (!parsed.has(bucket)) {
    const text = bucket.settings.policy as string | undefined;
    parsed.set(bucket, text === undefined ? undefined : readPolicy(text, bucket.name));
  }
  return parsed.get(bucket);
}

const denials = new WeakMap<Policy, Policy>();

/** The policy without what it allows. */
export function denialsOf(policy: Policy): Policy {
  let made = denials.get(policy);
  if (!made) {
    made = { ...policy, statements: policy.statements.filter(({ effect }) => effect === 'Deny') };
    denials.set(policy, made);
  }
  return made;
}

/** @throws AwsError MalformedPolicy */
export function readPolicy(text: string, bucketName: string): Policy {
  const arn = bucketArn(bucketName);
  const outcome = parsePolicy(text, {
    action: (pattern) => pattern === '*' || /^s3:/i.test(pattern),
    resource: (pattern) =>
      pattern === '*' || pattern === arn || pattern.startsWith(`${arn}/`) || coversArn(pattern, arn),
  });
  if ('problem' in outcome) throw s3Error('MalformedPolicy', { message: outcome.problem });
  return outcome.policy;
}

export const bucketArn = (name: string): string => `arn:aws:s3:::${name}`;
export const objectArn = (name: string, key: string): string => `${bucketArn(name)}/${key}`;

/** A pattern with a wildcard inside the bucket's name may still mean this bucket. */
function coversArn(pattern: string, arn: string): boolean {
  const wildcard = pattern.search(/[*?$]/);
  return wildcard >= 0 && (arn.startsWith(pattern.slice(0, wildcard)) || pattern.startsWith(`${arn}/`));
}

/** Keys that tie a statement for everyone to somebody (S3 user guide, "The meaning of public"). */
const TYING_KEYS: ReadonlySet<string> = new Set([
  'aws:principalorgid',
  'aws:principalaccount',
  'aws:principalarn',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceip',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  's3:dataaccesspointaccount',
  's3:dataaccesspointarn',
]);

/** Whether a policy lets in people whom it does not name. */
export const isPublicPolicy = (policy: Policy): boolean => policy.statements.some(isPublicStatement);

function isPublicStatement({ effect, principals, notPrincipals, conditions }: Statement): boolean {
  if (effect === 'Deny' || !principals || (!principals.everyone && !notPrincipals)) return false;
  return !conditions.some(
    ({ operator, key, values }) =>
      TYING_KEYS.has(key.toLowerCase()) &&
      TYING_OPERATOR.test(operator) &&
      values.every((value) => !/[*?$]/.test(value) && !isBroadNetwork(value)),
  );
}

/** Operators that fail where the key is absent: with `IfExists`, whoever brings none would be let in. */
const TYING_OPERATOR = /^(?:(?:ForAnyValue:)?(?:StringEquals(?:IgnoreCase)?|StringLike|ArnEquals|ArnLike)|IpAddress)$/;

/** Networks broader than this are everybody, also in pieces (S3 user guide, "The meaning of public"). */
function isBroadNetwork(value: string): boolean {
  const bits = Number(/\/(\d{1,3})$/.exec(value)?.[1] ?? Number.POSITIVE_INFINITY);
  return bits < (value.includes(':') ? 32 : 8);
}
