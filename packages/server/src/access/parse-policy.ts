import { type Condition, conditionProblem } from './conditions.ts';
import type { Policy, Principals, Statement } from './policy.ts';
import { repeatedMember } from './repeated-member.ts';

/** S3's limit for bucket policies; other services' are smaller. It also bounds what matching can cost. */
export const POLICY_BYTES_MAX = 20 * 1024;

/** What a service asks of its policies beyond the language itself. */
export interface PolicyRules {
  /** Resource policies name principals, policies of identities must not. Default: required. */
  readonly principal?: 'required' | 'refused';
  /** Whether a pattern may stand as an action, e.g. `s3:*` for a bucket. */
  readonly action?: (pattern: string) => boolean;
  /** Whether a pattern may stand as a resource, e.g. the bucket or its objects. */
  readonly resource?: (pattern: string) => boolean;
  /** UTF-8 bytes. Default: `POLICY_BYTES_MAX`. */
  readonly sizeBytesMax?: number;
}

/** Why a document is no policy, in the words that AWS puts into MalformedPolicy. */
class Problem extends Error {}

/** Reads a policy document, or says what is wrong with it. Never throws. */
export function parsePolicy(
  json: string,
  rules: PolicyRules = {},
): { readonly policy: Policy } | { readonly problem: string } {
  try {
    return { policy: readPolicy(json, rules) };
  } catch (error) {
    if (error instanceof Problem) return { problem: error.message };
    throw error;
  }
}

function readPolicy(json: string, rules: PolicyRules): Policy {
  const sizeBytesMax = rules.sizeBytesMax ?? POLICY_BYTES_MAX;
  if (Buffer.byteLength(json) > sizeBytesMax) {
    throw new Problem(`Policy document is too large: more than ${sizeBytesMax} bytes`);
  }
  if (!json.trimStart().startsWith('{'))
    throw new Problem("Policies must be valid JSON and the first byte must be '{'");
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    throw new Problem('This policy contains invalid Json');
  }
  const repeated = repeatedMember(json);
  if (repeated !== undefined) throw new Problem(`Invalid policy syntax: ${repeated} stands twice in one element`);
  const fields = fieldsOf(document, ['Version', 'Id', 'Statement'], '');
  const version = fields.get('Version') ?? '2008-10-17';
  if (version !== '2008-10-17' && version !== '2012-10-17') {
    throw new Problem('The policy must contain a valid version string');
  }
  if (fields.has('Id') && typeof fields.get('Id') !== 'string')
    throw new Problem('Invalid policy syntax: Id must be a string');
  const list = fields.get('Statement');
  if (list === undefined) throw new Problem('Missing required field Statement');
  const statements = (Array.isArray(list) ? list : [list]).map((statement) => readStatement(statement, rules));
  if (statements.length === 0) throw new Problem('Could not parse the policy: Statement is empty!');
  const sids = statements.map(({ sid }) => sid).filter((sid) => sid !== undefined);
  if (new Set(sids).size < sids.length) throw new Problem('Statement IDs (SID) in a single policy must be unique');
  return { version, statements };
}

const STATEMENT_FIELDS = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

function readStatement(value: unknown, rules: PolicyRules): Statement {
  const fields = fieldsOf(value, STATEMENT_FIELDS, ' in a statement');
  const sid = fields.get('Sid');
  if (sid !== undefined && typeof sid !== 'string') throw new Problem('Invalid policy syntax: Sid must be a string');
  const effect = fields.get('Effect');
  if (effect === undefined) throw new Problem('Missing required field Effect');
  if (effect !== 'Allow' && effect !== 'Deny') throw new Problem(`Invalid effect: ${text(effect)}`);
  const principal = readPrincipal(fields, rules);
  const action = oneOf(fields, 'Action');
  const resource = oneOf(fields, 'Resource');
  const actions = strings(action.value, 'Action');
  for (const pattern of actions) {
    if (!/^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/.test(pattern) || rules.action?.(pattern) === false) {
      throw new Problem(`Policy has invalid action: ${pattern}`);
    }
  }
  const resources = strings(resource.value, 'Resource');
  for (const pattern of resources) {
    if (!/^(\*|arn:)/.test(pattern) || rules.resource?.(pattern) === false) {
      throw new Problem(`Policy has invalid resource: ${pattern}`);
    }
  }
  return {
    ...(sid !== undefined && { sid }),
    effect,
    ...principal,
    actions,
    notActions: action.negated,
    resources,
    notResources: resource.negated,
    conditions: readConditions(fields.get('Condition')),
  };
}

function readPrincipal(fields: ReadonlyMap<string, unknown>, { principal: rule = 'required' }: PolicyRules) {
  if (rule === 'refused') {
    if (fields.has('Principal') || fields.has('NotPrincipal'))
      throw new Problem('Policy document should not specify a principal.');
    return { notPrincipals: false };
  }
  const { value, negated } = oneOf(fields, 'Principal');
  return { principals: readPrincipals(value), notPrincipals: negated };
}

const PRINCIPAL_TYPES = ['AWS', 'Service', 'CanonicalUser', 'Federated'];

function readPrincipals(value: unknown): Principals {
  const nobody: Principals = { everyone: false, aws: [], services: [], canonicalUsers: [], federated: [] };
  if (value === '*') return { ...nobody, everyone: true };
  const fields = fieldsOf(value, PRINCIPAL_TYPES, ' in Principal');
  const of = (type: string): string[] => (fields.has(type) ? strings(fields.get(type), type) : []);
  const aws = of('AWS');
  const named = aws.filter((name) => name !== '*');
  const bad = named.find((name) => !PRINCIPAL.test(name));
  if (fields.size === 0 || bad !== undefined) {
    throw new Problem(`Invalid principal in policy${bad === undefined ? '' : `: "AWS" : "${bad}"`}`);
  }
  const services = of('Service');
  const badService = services.find((name) => /[*?\s]/.test(name));
  if (badService !== undefined) throw new Problem(`Invalid principal in policy: "Service" : "${badService}"`);
  return {
    everyone: aws.includes('*'),
    aws: named,
    services,
    canonicalUsers: of('CanonicalUser'),
    federated: of('Federated'),
  };
}

/** An account, an ARN of IAM or STS without wildcards, or the unique id of a principal that is gone. */
const PRINCIPAL = /^(\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:[^*?\s]+|A(IDA|ROA)[A-Z0-9]{12,})$/;

function readConditions(value: unknown): Condition[] {
  if (value === undefined) return [];
  const conditions: Condition[] = [];
  for (const [operator, keys] of objectEntries(value, 'Condition')) {
    for (const [key, values] of objectEntries(keys, operator)) {
      const list = (Array.isArray(values) ? values : [values]).map((v) => {
        if (typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean') return String(v);
        throw new Problem(`Invalid policy syntax: ${operator} of ${key} must be a string or a list of strings`);
      });
      const condition = { operator, key, values: list };
      const problem = conditionProblem(condition);
      if (problem !== undefined) throw new Problem(problem);
      conditions.push(condition);
    }
  }
  return conditions;
}

/** The field or its `Not…` form, of which there must be exactly one. */
function oneOf(fields: ReadonlyMap<string, unknown>, name: string): { value: unknown; negated: boolean } {
  const [plain, not] = [fields.has(name), fields.has(`Not${name}`)];
  if (plain && not) throw new Problem(`Invalid policy syntax: a statement has both ${name} and Not${name}`);
  if (!plain && !not) throw new Problem(`Missing required field ${name}`);
  return { value: fields.get(plain ? name : `Not${name}`), negated: not };
}

function strings(value: unknown, name: string): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const good = list.filter((v): v is string => typeof v === 'string' && v !== '');
  if (list.length === 0 || good.length < list.length) {
    throw new Problem(`Invalid policy syntax: ${name} must be a string or a list of strings`);
  }
  return good;
}

function fieldsOf(value: unknown, known: readonly string[], where: string): Map<string, unknown> {
  const entries = objectEntries(value, where.trim() || 'the policy');
  const unknown = entries.find(([name]) => !known.includes(name));
  if (unknown) throw new Problem(`Unknown field ${unknown[0]}${where}`);
  return new Map(entries);
}

function objectEntries(value: unknown, name: string): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw new Problem(`Invalid policy syntax: ${name} must be an object`);
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
