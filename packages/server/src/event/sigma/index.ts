export { PatternError } from '../pattern-error.ts';
export { RULE_CHARS_MAX } from './document.ts';
export { compileSigmaRule, SIGMA_LEVELS, type SigmaLevel, type SigmaRule, sigmaRecord } from './rule.ts';
export type { Placeholders, SigmaRecord } from './selection.ts';
