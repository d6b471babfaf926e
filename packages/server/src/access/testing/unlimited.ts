import { parsePolicy } from '../parse-policy.ts';
import type { PrincipalPolicySource } from '../principal-policies.ts';

const EVERYTHING = parsePolicy('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}', {
  principal: 'refused',
});

/** Every user of an account may do everything in it: for tests that are about something else. */
export const unlimitedPolicies: PrincipalPolicySource = {
  policiesOf: async () => ({ identity: 'policy' in EVERYTHING ? [EVERYTHING.policy] : [], tags: {} }),
};
