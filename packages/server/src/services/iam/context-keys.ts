import type * as iam from '@aws-sdk/client-iam';
import { identityPolicy } from '../../access/iam/documents.ts';
import type { Policy } from '../../access/policy.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError } from './errors.ts';
import { principalByArn } from './simulated-principal.ts';

/** `${aws:username}`, `${aws:username, 'default'}`. Each start is looked at once: what follows ends at the next brace. */
const VARIABLE = /\$\{([^${}:,]+:[^${},]+)(?:,[^{}]*)?\}/g;

/** The condition keys that policies ask for, in conditions and variables, each once, as it is first written. */
export function contextKeysOf(policies: readonly Policy[]): string[] {
  const found = new Map<string, string>();
  const note = (key: string) => {
    if (!found.has(key.toLowerCase())) found.set(key.toLowerCase(), key);
  };
  for (const { version, statements } of policies) {
    for (const { conditions, resources } of statements) {
      for (const { key } of conditions) note(key);
      if (version !== '2012-10-17') continue;
      for (const text of [...resources, ...conditions.flatMap(({ values }) => values)]) {
        for (const [, key] of text.matchAll(VARIABLE)) note(key!.trim());
      }
    }
  }
  return [...found.values()].sort();
}

export function createContextKeyHandlers({ store }: IamDeps): Record<string, Handler> {
  const read = (documents: readonly string[] = []): Policy[] =>
    documents.map((document) => {
      const policy = identityPolicy(document);
      if ('policy' in policy) return policy.policy;
      throw iamError('InvalidInput', `A policy is not valid: ${policy.problem}`);
    });

  return {
    async GetContextKeysForCustomPolicy(
      _context,
      input: iam.GetContextKeysForCustomPolicyRequest,
    ): Promise<iam.GetContextKeysForPolicyResponse> {
      return { ContextKeyNames: contextKeysOf(read(input.PolicyInputList)) };
    },

    async GetContextKeysForPrincipalPolicy(
      { caller: { accountId } },
      input: iam.GetContextKeysForPrincipalPolicyRequest,
    ): Promise<iam.GetContextKeysForPolicyResponse> {
      const who = await principalByArn(store, accountId, input.PolicySourceArn!);
      const own = who.policies.map(({ policy }) => policy);
      return { ContextKeyNames: contextKeysOf([...own, ...read(input.PolicyInputList)]) };
    },
  };
}
