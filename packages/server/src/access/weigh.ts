import { type CompiledCondition, type ConditionContext, compileCondition } from './conditions.ts';
import { globTest, type Test, type Variables } from './pattern.ts';
import type { Policy, PolicyRequest, Principals, RequestPrincipal, Statement } from './policy.ts';
import { isExempt, type Standing, standingOf } from './principals.ts';

/**
 * What one policy says to a request, and to whom it says it: an Allow for an account leaves it to the account's own
 * policies, one for a session itself does not. Policies are compiled at first use and kept as long as their objects.
 */
export type Weight = typeof DENIED | Standing;
export const DENIED = -1;
/** Says nothing. */
export const SILENT = 0;

/** A request made ready for any number of policies. */
export interface Asked {
  readonly principal: RequestPrincipal;
  /** Lower case, as `service`. */
  readonly action: string;
  readonly service: string;
  readonly resource: string;
  readonly context: ConditionContext;
  readonly variables: Variables;
}

export function askedOf(request: PolicyRequest): Asked {
  const action = request.action.toLowerCase();
  let folded: Map<string, string | readonly string[]> | undefined;
  const context: ConditionContext = {
    get(key) {
      folded ??= foldKeys(request.later ? { ...request.context, ...request.later() } : request.context);
      const value = folded.get(key) ?? request.more?.(key);
      return typeof value === 'string' ? [value] : value;
    },
  };
  return {
    principal: request.principal,
    action,
    service: action.slice(0, action.indexOf(':')),
    resource: request.resource,
    context,
    /** A key with several values cannot be a variable. */
    variables(key) {
      const values = context.get(key);
      return values?.length === 1 ? values[0] : undefined;
    },
  };
}

function foldKeys(context: PolicyRequest['context']): Map<string, string | readonly string[]> {
  const folded = new Map<string, string | readonly string[]>();
  for (const key in context) folded.set(key.toLowerCase(), context[key]!);
  return folded;
}

interface CompiledStatement {
  readonly denies: boolean;
  readonly actions: (asked: Asked) => boolean;
  readonly principals: (who: RequestPrincipal) => Standing;
  readonly resources: Test;
  readonly conditions: readonly CompiledCondition[];
}

const compiled = new WeakMap<Policy, readonly CompiledStatement[]>();

function statementsOf(policy: Policy): readonly CompiledStatement[] {
  let statements = compiled.get(policy);
  if (!statements) {
    statements = policy.statements.map((statement) => compile(statement, policy.version === '2012-10-17'));
    compiled.set(policy, statements);
  }
  return statements;
}

/** What the policy says; of several Allows the one that goes furthest counts. */
export const weigh = (policy: Policy, asked: Asked): Weight =>
  weighStatements(
    statementsOf(policy).filter(({ actions }) => actions(asked)),
    asked,
  );

/** Of a list of policies: a program calls a few operations, again and again. */
const ACTIONS_KEPT_MAX = 16;

/** By list of policies and action, the statements that are about the action. */
const about = new WeakMap<readonly Policy[], Map<string, readonly CompiledStatement[]>>();

/**
 * What the policies say as one. Which of their statements are about an action is kept as long as the list is: a user may
 * have some hundred statements, most of them about other services.
 * @param policies the same object as long as they are the same policies
 */
export function weighTogether(policies: readonly Policy[], asked: Asked): Weight {
  let known = about.get(policies);
  if (!known) {
    known = new Map();
    about.set(policies, known);
  }
  let statements = known.get(asked.action);
  if (!statements) {
    statements = policies.flatMap(statementsOf).filter(({ actions }) => actions(asked));
    if (known.size >= ACTIONS_KEPT_MAX) known.clear();
    known.set(asked.action, statements);
  }
  return weighStatements(statements, asked);
}

/** @param statements about the action */
function weighStatements(statements: readonly CompiledStatement[], asked: Asked): Weight {
  let weight: Standing = SILENT;
  for (const { denies, principals, resources, conditions } of statements) {
    const standing = principals(asked.principal);
    if (standing === SILENT || (!denies && standing <= weight)) continue;
    if (!resources(asked.resource, asked.variables)) continue;
    if (!conditions.every((holds) => holds(asked.context, asked.variables))) continue;
    if (denies) return DENIED;
    weight = standing;
  }
  return weight;
}

function compile(statement: Statement, variables: boolean): CompiledStatement {
  const denies = statement.effect === 'Deny';
  return {
    denies,
    actions: compileActions(statement),
    principals: compilePrincipals(statement.principals, statement.notPrincipals, denies),
    resources: compileResources(statement, variables),
    conditions: statement.conditions.map((condition) => compileCondition(condition, variables)),
  };
}

/** By name, and patterns by service: AWS's ReadOnlyAccess has two thousand of them. */
function compileActions({ actions, notActions }: Statement): CompiledStatement['actions'] {
  if (actions.includes('*')) return () => !notActions;
  const names = new Set<string>();
  const patterns = new Map<string, Test[]>();
  for (const action of actions.map((pattern) => pattern.toLowerCase())) {
    if (!/[*?]/.test(action)) names.add(action);
    else {
      const service = action.slice(0, action.indexOf(':'));
      patterns.set(service, [...(patterns.get(service) ?? []), globTest(action, PLAIN)]);
    }
  }
  return ({ service, action }) =>
    (names.has(action) || patterns.get(service)?.some((test) => test(action, undefined)) === true) !== notActions;
}

const PLAIN = { wildcards: true, variables: false };

function compileResources({ resources, notResources, principals }: Statement, variables: boolean): Test {
  if (resources.includes('*')) return () => !notResources;
  const patterns = principals ? resources : resources.flatMap(completions);
  const tests = patterns.map((pattern) => globTest(pattern, { wildcards: true, variables }));
  if (tests.length === 1 && !notResources) return tests[0]!;
  return (resource, values) => tests.some((test) => test(resource, values)) !== notResources;
}

/**
 * In policies of identities, parts that an ARN lacks at its end are all there are (IAM identifiers, "IAM ARNs"); it stands
 * for itself too, as a wildcard in it may reach past a colon.
 */
function completions(pattern: string): string[] {
  const parts = pattern.replace(/\$\{[^{}]*\}/g, '').split(':').length;
  return parts >= ARN_PARTS ? [pattern] : [pattern, pattern + ':*'.repeat(ARN_PARTS - parts)];
}

const ARN_PARTS = 6;

/** Policies of identities name nobody: they are whoever has them. */
function compilePrincipals(principals: Principals | undefined, not: boolean, denies: boolean) {
  if (!principals) return () => ITSELF;
  if (!not) return (who: RequestPrincipal) => standingOf(principals, who);
  const exempt = denies ? isExempt : (p: Principals, who: RequestPrincipal) => standingOf(p, who) !== SILENT;
  return (who: RequestPrincipal) => (exempt(principals, who) ? SILENT : ITSELF);
}

const ITSELF: Standing = 3;
