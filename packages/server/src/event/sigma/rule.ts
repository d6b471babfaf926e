import { createHash } from 'node:crypto';
import { PatternError } from '../pattern-error.ts';
import { type Condition, parseCondition } from './condition.ts';
import { type Path, readSource, type SigmaSource } from './document.ts';
import type { Needles } from './needles.ts';
import {
  allOf,
  anyOf,
  type CompiledSelection,
  compileSelection,
  type Placeholders,
  type SigmaRecord,
} from './selection.ts';
import { textOf } from './values.ts';

/** A Sigma rule over CloudTrail records (Sigma specification 2.0), ready to run. */
export interface SigmaRule {
  /** The rule's own, or one made of its title. */
  readonly id: string;
  readonly title: string;
  readonly level: SigmaLevel;
  readonly description?: string;
  readonly tags: readonly string[];
  /** If the rule matches, the record's eventName is one of these (lower case). undefined: it may be any. */
  readonly eventNames?: ReadonlySet<string>;
  /** If the rule matches, one of these stands in the record. undefined: nobody knows. */
  readonly needles?: Needles;
  readonly matches: (record: SigmaRecord) => boolean;
}

export const SIGMA_LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type SigmaLevel = (typeof SIGMA_LEVELS)[number];

/** What CloudTrail's rules say that they are about; anything else is for another log. */
const LOGSOURCE = { product: 'aws', service: 'cloudtrail' } as const;
/** Of what is shown and stored with each match. */
const TITLE_CHARS_MAX = 256;
const DESCRIPTION_CHARS_MAX = 4_096;
const TAGS_MAX = 50;
/** Not selections. `timeframe` belongs to aggregations, which are refused where they stand. */
const RESERVED: ReadonlySet<string> = new Set(['condition', 'timeframe']);

/**
 * Reads and compiles a rule. Rules over several events (`| count()`, `| near`, a timeframe, correlations) are refused.
 * @param placeholders values for `%names%` of the modifier `expand`; a rule with others is refused
 * @throws PatternError with line and column
 */
export function compileSigmaRule(text: string, placeholders: Placeholders = {}): SigmaRule {
  const source = readSource(text);
  const { invalid } = source;
  const rule = objectAt(source.value, [], invalid);
  const logsource = objectAt(rule.logsource, ['logsource'], invalid);
  for (const [key, wanted] of Object.entries(LOGSOURCE)) {
    if (logsource[key] !== wanted) throw invalid(['logsource'], `a rule for CloudTrail has ${key}: ${wanted}`);
  }
  const title = textAt(rule.title, ['title'], TITLE_CHARS_MAX, invalid);
  const level = SIGMA_LEVELS.find((one) => one === (rule.level ?? 'medium'));
  if (!level) throw invalid(['level'], `the level must be one of ${SIGMA_LEVELS.join(', ')}`);
  const { test, eventNames, needles } = compileDetection(
    objectAt(rule.detection, ['detection'], invalid),
    source,
    placeholders,
  );
  return {
    id: rule.id === undefined ? idOf(title) : idAt(rule.id, invalid),
    title,
    level,
    ...(typeof rule.description === 'string' && { description: rule.description.slice(0, DESCRIPTION_CHARS_MAX) }),
    tags: [rule.tags ?? []].flat().slice(0, TAGS_MAX).map(String),
    ...(eventNames && { eventNames }),
    ...(needles && { needles }),
    matches: test,
  };
}

/** A record for rules to look at: make it once for all of them. */
export const sigmaRecord = (record: unknown): SigmaRecord => new LazyRecord(record);

/** Not an object literal with a getter: V8 makes a hidden class for each of those, and keeps it long. */
class LazyRecord implements SigmaRecord {
  readonly record: unknown;
  #text: string | undefined;

  constructor(record: unknown) {
    this.record = record;
  }

  get text(): string {
    this.#text ??= textOf(this.record).toLowerCase();
    return this.#text;
  }
}

function compileDetection(
  detection: Readonly<Record<string, unknown>>,
  { invalid }: SigmaSource,
  placeholders: Placeholders,
): CompiledSelection {
  const names = Object.keys(detection).filter((name) => !RESERVED.has(name));
  const selections = new Map(
    names.map((name) => [name, compileSelection(detection[name], ['detection', name], { invalid, placeholders })]),
  );
  const path: Path = ['detection', 'condition'];
  const texts = [detection.condition].flat();
  if (texts.length === 0 || !texts.every((text) => typeof text === 'string')) {
    throw invalid(path, 'a detection has a condition, which is text');
  }
  if (detection.timeframe !== undefined) {
    throw invalid(['detection', 'timeframe'], 'rules over several events within a time are not supported');
  }
  const conditions = texts.map((text) => {
    try {
      return compileCondition(parseCondition(text, names), selections);
    } catch (error) {
      throw error instanceof PatternError ? invalid(path, error.message) : error;
    }
  });
  return anyOf(conditions);
}

function compileCondition(condition: Condition, selections: ReadonlyMap<string, CompiledSelection>): CompiledSelection {
  if (condition.kind === 'selection') return selections.get(condition.name)!;
  if (condition.kind === 'not') {
    const { test } = compileCondition(condition.part, selections);
    return { test: (record) => !test(record) };
  }
  const parts = condition.parts.map((part) => compileCondition(part, selections));
  return condition.kind === 'or' ? anyOf(parts) : allOf(parts);
}

type Invalid = SigmaSource['invalid'];

function objectAt(value: unknown, path: Path, invalid: Invalid): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(path, `a rule has ${path.length === 0 ? 'a map of its members' : `'${path[0]}', a map`}`);
}

function textAt(value: unknown, path: Path, charsMax: number, invalid: Invalid): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= charsMax) return value.trim();
  throw invalid(path, `'${path[0]}' must be text of up to ${charsMax} characters`);
}

const RULE_ID = /^[\w-]{1,64}$/;

function idAt(value: unknown, invalid: Invalid): string {
  if (typeof value === 'string' && RULE_ID.test(value)) return value;
  throw invalid(['id'], "the id must be a UUID, or letters, digits, '-' and '_'");
}

/** The same title gives the same rule again. */
const idOf = (title: string): string => createHash('sha256').update(title).digest('hex').slice(0, 32);
