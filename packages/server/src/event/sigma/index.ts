export { PatternError } from '../pattern-error.ts';
export { RULE_CHARS_MAX } from './document.ts';
export { isMatch, MATCH_NAME, MATCH_SOURCE, matchEvent } from './match.ts';
export { compileSigmaRule, SIGMA_LEVELS, type SigmaLevel, type SigmaRule, sigmaRecord } from './rule.ts';
export { type ActiveRule, createRuleSet, type RuleSet } from './rule-set.ts';
export type { Placeholders, SigmaRecord } from './selection.ts';
export { RULES_PREFIX, ruleKey, rulesOf, type StoredRule } from './stored-rule.ts';
