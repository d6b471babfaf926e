import { resourceContext } from '../../access/context.ts';
import { decide } from '../../access/decide.ts';
import { parsePolicy } from '../../access/parse-policy.ts';
import type { Policy, PolicyRequest, RequestPrincipal } from '../../access/policy.ts';
import { eventsError, invalid } from './errors.ts';
import type { Bus } from './model.ts';

/** EventBridge's quota for the policy of a bus. */
export const BUS_POLICY_BYTES_MAX = 10_240;

interface StatementJson {
  readonly Sid?: string;
}

/** As it stands in the bus, with all its statements. */
export interface PolicyJson {
  readonly Version?: string;
  readonly Statement: readonly StatementJson[];
}

/** @throws AwsError ValidationException, PolicyLengthExceededException */
export function readBusPolicy(text: string): Policy {
  if (Buffer.byteLength(text) > BUS_POLICY_BYTES_MAX) {
    throw eventsError('PolicyLengthExceededException', `A bus policy may have ${BUS_POLICY_BYTES_MAX} bytes at most.`);
  }
  const parsed = parsePolicy(text, { action: (pattern) => pattern === '*' || /^events:/i.test(pattern) });
  if ('problem' in parsed) throw invalid(`The policy is not valid: ${parsed.problem}.`);
  return parsed.policy;
}

const policies = new WeakMap<Bus, Policy>();

/** The bus's policy, read once for each of its versions. */
export function policyOf(bus: Bus): Policy | undefined {
  if (bus.policy === undefined) return undefined;
  const known = policies.get(bus) ?? readBusPolicy(bus.policy);
  policies.set(bus, known);
  return known;
}

export const statementsOf = ({ policy }: Bus): readonly StatementJson[] => {
  const { Statement } = policy === undefined ? { Statement: [] } : (JSON.parse(policy) as PolicyJson);
  return Array.isArray(Statement) ? Statement : [Statement as StatementJson];
};

/** The account that a rule's events come from, or the role that it sends them by. */
export const principalOfAccount = (accountId: string, roleArn?: string): RequestPrincipal => ({
  kind: 'aws',
  accountId,
  arn: roleArn ?? `arn:aws:iam::${accountId}:root`,
});

/** Whether another account may send events to the bus. */
export function busAllows(bus: Bus, principal: RequestPrincipal, conditions: PolicyRequest['context']): boolean {
  const policy = policyOf(bus);
  if (!policy) return false;
  const context = { ...resourceContext(bus.accountId, undefined), ...conditions };
  const request = { principal, action: 'events:PutEvents', resource: bus.arn, context };
  return decide({ identity: 'everything', resource: { policy, accountId: bus.accountId } }, request).allowed;
}
