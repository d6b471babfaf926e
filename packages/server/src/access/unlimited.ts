import { parsePolicy } from './parse-policy.ts';
import type { PrincipalPolicySource } from './principal-policies.ts';

const EVERYTHING = parsePolicy('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}', {
  principal: 'refused',
});

/** Every user of an account may do everything in it: for tests, and as long as there is no store of IAM policies. */
export const unlimitedPolicies: PrincipalPolicySource = {
  policiesOf: async () => ({ identity: 'policy' in EVERYTHING ? [EVERYTHING.policy] : [], tags: {} }),
};
