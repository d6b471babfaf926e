import type { SigmaLevel } from './rule.ts';

/** A Sigma rule as State has it, under `ruleKey`: written by OpenTrail's own operations, followed by followers/rules.ts. */
export interface StoredRule {
  readonly id: string;
  /** Whose rule it is: its matches become records of this account. */
  readonly accountId: string;
  readonly title: string;
  readonly level: SigmaLevel;
  /** The YAML as it was given. */
  readonly text: string;
  /** Watches the events of every account: for the operator's rules only. */
  readonly allAccounts: boolean;
  /** Sequence of the first event that it watches. */
  readonly from: number;
  /** ms since the epoch. */
  readonly addedMs: number;
}

export const RULES_PREFIX = 'rules/';
export const rulesOf = (accountId: string): string => `${RULES_PREFIX}${accountId}/`;
export const ruleKey = (accountId: string, ruleId: string): string => `${rulesOf(accountId)}${ruleId}`;
