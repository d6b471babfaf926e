import { identityPolicy, quotaSize, trustPolicy } from '../../access/iam/documents.ts';
import { keys } from '../../access/iam/entities.ts';
import type { IamReader } from '../../access/iam/iam-data.ts';
import { iamError, overQuota } from './errors.ts';

/** Where a document of permissions is put: managed policies must be of the present version of the language. */
export type DocumentUse = 'managed' | 'inline';

/** IAM's quotas: characters, white space not counted. */
const MANAGED_CHARS_MAX = 6144;
const TRUST_CHARS_MAX = 2048;
/** How much white space is kept of a document that has more of it than text: State's values are bounded. */
const KEPT_TIMES_MAX = 3;

const malformed = (why: string) => iamError('MalformedPolicyDocument', why);
const SYNTAX = 'Syntax errors in policy.';

/**
 * Sees to it that a document of permissions is one, in IAM's words.
 * @returns it as it is to be kept
 * @throws AwsError MalformedPolicyDocument; LimitExceeded for a managed policy that is too large
 */
export function checkedDocument(document: string, use: DocumentUse): string {
  const problem = identityProblem(document, use);
  if (problem !== undefined) throw malformed(problem);
  if ('problem' in identityPolicy(document)) throw malformed(SYNTAX);
  if (use === 'managed' && quotaSize(document) > MANAGED_CHARS_MAX) throw overQuota('PolicySize', MANAGED_CHARS_MAX);
  return kept(document);
}

const kept = (document: string): string =>
  document.length > KEPT_TIMES_MAX * quotaSize(document) ? JSON.stringify(JSON.parse(document)) : document;

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function parsed(document: string): Json | undefined {
  try {
    const json: unknown = JSON.parse(document);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

const STATEMENT_FIELDS = new Set([
  ...['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'],
]);

/** What IAM says of a document of permissions; undefined when nothing is wrong that it has words for. */
function identityProblem(document: string, use: DocumentUse): string | undefined {
  const json = parsed(document);
  if (!json || Object.keys(json).some((name) => !['Version', 'Id', 'Statement'].includes(name))) return SYNTAX;
  const { Version, Statement } = json;
  if (Version !== undefined && Version !== '2012-10-17' && Version !== '2008-10-17') return SYNTAX;
  if (use === 'managed' && Version !== '2012-10-17') return 'Policy document must be version 2012-10-17 or greater.';
  const statements = listOf(Statement);
  if (Statement === undefined || statements.length === 0) return SYNTAX;
  const sids = statements.map((s) => (isObject(s) ? s.Sid : undefined)).filter((sid) => sid !== undefined);
  for (const statement of statements) {
    const problem = isObject(statement) ? statementProblem(statement) : SYNTAX;
    if (problem !== undefined) return problem;
  }
  if (new Set(sids).size < sids.length) return 'Statement IDs (SID) in a single policy must be unique.';
  return undefined;
}

function statementProblem(statement: Json): string | undefined {
  if ('Principal' in statement || 'NotPrincipal' in statement) return 'Policy document should not specify a principal.';
  if (Object.keys(statement).some((name) => !STATEMENT_FIELDS.has(name))) return SYNTAX;
  const { Sid, Effect } = statement;
  if (Effect !== 'Allow' && Effect !== 'Deny') return SYNTAX;
  if (Sid !== undefined && typeof Sid !== 'string') return SYNTAX;
  if (Sid !== undefined && !/^[0-9A-Za-z]*$/.test(Sid)) {
    return 'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*';
  }
  return (
    partsProblem(statement, 'Action', 'Policy statement must contain actions.', actionProblem) ??
    partsProblem(statement, 'Resource', 'Policy statement must contain resources.', resourceProblem)
  );
}

/** Of the field or its `Not…` form. */
function partsProblem(
  statement: Json,
  field: string,
  missing: string,
  problemOf: (text: string) => string | undefined,
): string | undefined {
  const names = [field, `Not${field}`].filter((name) => name in statement);
  if (names.length === 0) return missing;
  if (names.length > 1) return SYNTAX;
  const parts = listOf(statement[names[0]!]);
  if (parts.length === 0) return missing;
  for (const part of parts) {
    const problem = typeof part === 'string' ? problemOf(part) : SYNTAX;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function actionProblem(action: string): string | undefined {
  if (action === '*') return undefined;
  const parts = action.split(':');
  if (parts.length === 1) return 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
  if (parts.length > 2) return 'Actions/Condition can contain only one colon.';
  if (!/^[A-Za-z0-9-]+$/.test(parts[0]!)) return `Vendor ${parts[0]} is not valid`;
  return undefined;
}

function resourceProblem(resource: string): string | undefined {
  if (resource === '*') return undefined;
  const [arn, partition, vendor, region] = resource.split(':');
  if (arn !== 'arn' || partition === undefined) return `Resource ${resource} must be in ARN format or "*".`;
  if (!/^(aws(-[a-z]+)*|\*|aws\*)$/.test(partition))
    return `Partition "${partition}" is not valid for resource "${resource}".`;
  if (vendor === undefined || vendor === '' || (/[*?]/.test(vendor) && resource !== `arn:${partition}:*`)) {
    return 'Resource vendor must be fully qualified and cannot contain regexes.';
  }
  if (vendor === 'iam' && region !== undefined && region !== '' && region !== '*') {
    return `IAM resource ${resource} cannot contain region information.`;
  }
  return undefined;
}

/**
 * Sees to it that a document is a trust policy, and that whom it names exist.
 * @returns it as it is to be kept
 * @throws AwsError MalformedPolicyDocument, LimitExceeded
 */
export async function checkedTrust(reader: IamReader, document: string): Promise<string> {
  const trust = trustPolicy(document);
  if ('problem' in trust) throw malformed(trust.problem);
  for (const { actions, principals } of trust.policy.statements) {
    if (actions.some((action) => !/^(\*|sts:[A-Za-z*?]+)$/i.test(action))) {
      throw malformed('AssumeRole policy may only specify STS AssumeRole actions.');
    }
    for (const arn of principals?.aws ?? []) {
      if (!(await mayExist(reader, arn))) throw malformed(`Invalid principal in policy: "AWS":"${arn}"`);
    }
    for (const service of principals?.services ?? []) {
      if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|aws\.internal|amazon\.com)$/.test(service)) {
        throw malformed(`Invalid principal in policy: "SERVICE":"${service}"`);
      }
    }
  }
  if (quotaSize(document) > TRUST_CHARS_MAX) throw overQuota('ACLSizePerRole', TRUST_CHARS_MAX);
  return kept(document);
}

/** Whether the principal exists, as far as this server can know: accounts that are not here may have anyone. */
async function mayExist(reader: IamReader, principal: string): Promise<boolean> {
  const [, accountId, kind, path] = /^arn:aws:iam::(\d{12}):(user|role)\/(.+)$/.exec(principal) ?? [];
  if (accountId === undefined || (await reader.get(keys.account(accountId))) === undefined) return true;
  const name = path!.slice(path!.lastIndexOf('/') + 1);
  const entity = await (kind === 'user'
    ? reader.get(keys.user(accountId, name))
    : reader.get(keys.role(accountId, name)));
  return entity?.arn === principal;
}
