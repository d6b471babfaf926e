import { stsError } from './errors.ts';

/** The constraints of AWS's model (2011-06-15), which the schemas do not carry, in the words of AWS's front end. */
interface Rule {
  /** Of the length, or of the number itself. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  /** Its value never stands in a message. */
  readonly secret?: true;
  /** Of the members of each entry of a list, or of each entry itself. */
  readonly each?: Members | Rule;
}

const NAME = '[\\w+=,.@-]*';
const TEXT = '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\u{10FFFF}]+';
const ARN: Rule = { min: 20, max: 2048, pattern: TEXT };
const TAG_KEY: Rule = { min: 1, max: 128, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+' };
const TAG_VALUE: Rule = { min: 0, max: 256, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*' };

const RULES: Readonly<Record<string, Rule>> = {
  AccessKeyId: { min: 16, max: 128, pattern: '[\\w]*' },
  DurationSeconds: { min: 900, max: 43_200 },
  EncodedMessage: { min: 1, max: 10_240 },
  ExternalId: { min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' },
  Name: { min: 2, max: 32, pattern: NAME },
  Policy: { min: 1, max: 2048, pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+' },
  PolicyArns: { max: 10, each: { arn: ARN } },
  ProviderId: { min: 4, max: 2048 },
  RoleArn: ARN,
  RoleSessionName: { min: 2, max: 64, pattern: NAME },
  SerialNumber: { min: 9, max: 256, pattern: '[\\w+=/:,.@-]*' },
  SourceIdentity: { min: 2, max: 64, pattern: NAME },
  Tags: { max: 50, each: { Key: TAG_KEY, Value: TAG_VALUE } },
  TokenCode: { min: 6, max: 6, pattern: '[\\d]*', secret: true },
  TransitiveTagKeys: { max: 50, each: TAG_KEY },
  WebIdentityToken: { min: 4, max: 20_000, secret: true },
};

/** Sessions of one's own may last a day and a half. */
const LONG: Rule = { min: 900, max: 129_600 };
const SPECIAL: Readonly<Record<string, Rule>> = {
  'GetSessionToken.DurationSeconds': LONG,
  'GetFederationToken.DurationSeconds': LONG,
};

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  AssumeRole: ['RoleArn', 'RoleSessionName'],
  AssumeRoleWithWebIdentity: ['RoleArn', 'RoleSessionName', 'WebIdentityToken'],
  DecodeAuthorizationMessage: ['EncodedMessage'],
  GetAccessKeyInfo: ['AccessKeyId'],
  GetFederationToken: ['Name'],
};

/** As many as AWS tells at once. */
const COMPLAINTS_MAX = 10;
/** No list that passes is longer. */
const ENTRIES_CHECKED_MAX = 100;

/** @throws AwsError ValidationError naming every member that breaks a rule */
export function validateInput(operation: string, input: Readonly<Record<string, unknown>>): void {
  const found: string[] = [];
  for (const name of REQUIRED[operation] ?? []) {
    if (input[name] === undefined) found.push(complaint('null', lowerFirst(name), 'Member must not be null'));
  }
  for (const [name, value] of Object.entries(input)) {
    const rule = SPECIAL[`${operation}.${name}`] ?? RULES[name];
    if (rule && value !== undefined) check(value, rule, lowerFirst(name), found);
  }
  if (found.length === 0) return;
  const told = found.slice(0, COMPLAINTS_MAX);
  const count = `${told.length} validation error${told.length === 1 ? '' : 's'} detected`;
  throw stsError('ValidationError', `${count}: ${told.join('; ')}`);
}

function check(value: unknown, rule: Rule, place: string, found: string[]): void {
  for (const problem of problemsOf(value, rule)) {
    found.push(complaint(rule.secret ? undefined : shown(value), place, problem));
  }
  if (!Array.isArray(value) || !rule.each) return;
  for (const [i, entry] of value.slice(0, ENTRIES_CHECKED_MAX).entries()) {
    const at = `${place}.${i + 1}.member`;
    if (typeof entry === 'string') check(entry, rule.each as Rule, at, found);
    else checkMembers(entry, rule.each as Members, at, found);
  }
}

type Members = Readonly<Record<string, Rule>>;

function checkMembers(
  entry: Readonly<Record<string, unknown>>,
  members: Members,
  place: string,
  found: string[],
): void {
  for (const [name, rule] of Object.entries(members)) {
    const at = `${place}.${lowerFirst(name)}`;
    if (entry[name] === undefined) found.push(complaint('null', at, 'Member must not be null'));
    else check(entry[name], rule, at, found);
  }
}

function problemsOf(value: unknown, { min, max, pattern }: Rule): string[] {
  const isNumber = typeof value === 'number';
  const size = isNumber ? value : (value as { readonly length: number }).length;
  const what = isNumber ? 'value' : 'length';
  const out: string[] = [];
  if (min !== undefined && size < min) out.push(`Member must have ${what} greater than or equal to ${min}`);
  if (max !== undefined && size > max) out.push(`Member must have ${what} less than or equal to ${max}`);
  if (out.length === 0 && pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 'u').test(value as string)) {
    out.push(`Member must satisfy regular expression pattern: ${pattern}`);
  }
  return out;
}

const complaint = (value: string | undefined, place: string, problem: string): string =>
  `Value ${value === undefined ? '' : `${value} `}at '${place}' failed to satisfy constraint: ${problem}`;

/** More of a wrong value helps nobody to find the mistake. */
const SHOWN_CHARS_MAX = 256;
const shown = (value: unknown): string =>
  `'${(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, SHOWN_CHARS_MAX)}'`;

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
