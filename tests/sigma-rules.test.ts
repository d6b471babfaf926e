import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  compileSigmaRule,
  PatternError,
  type SigmaRule,
  sigmaRecord,
} from '../packages/server/src/event/sigma/index.ts';
import { detects, type SigmaRule as PlainRule } from './support/sigma.ts';

/** Sigma's own rules over real records, where the machine has them: compiled, and by the tests' plain evaluator. */
const DATA = new URL('../../shared/data', import.meta.url).pathname;
const RULES = join(DATA, 'sigma/rules');
const EVENTS = join(DATA, 'events');
const PLACEHOLDERS = { Legitimate_Countries: ['NL'], Legitimate_IP_Ranges: ['192.0.2.1'] };

type Values = Readonly<Record<string, unknown>>;

describe('the rules of Sigma', () => {
  if (!existsSync(RULES) || !existsSync(EVENTS)) {
    process.stderr.write(`LEFT OUT, because ${DATA} is not on this machine: the rules of Sigma over real records\n`);
    test.skip('match what they should (left out: no rules)');
    return;
  }
  const texts = readdirSync(RULES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yml'))
    .map((name) => ({ name, text: readFileSync(join(RULES, name), 'utf8') }));
  const records: Values[] = readdirSync(EVENTS)
    .filter((name) => name.endsWith('.ndjson'))
    .flatMap((name) => readFileSync(join(EVENTS, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as Values);

  test('compile, or are refused because they are about several events', () => {
    const compiled = texts.filter(({ text }) => compileOrRefusal(text) instanceof PatternError === false);
    const refused = texts.flatMap(({ text }) => {
      const refusal = compileOrRefusal(text);
      return refusal instanceof PatternError ? [refusal.message] : [];
    });
    expect(texts.length).toBeGreaterThanOrEqual(60);
    expect(compiled.length).toBeGreaterThanOrEqual(50);
    for (const message of refused) expect(message).toMatch(/line \d+.*several events/);
  });

  test('match the same records as when they are read plainly', () => {
    let matched = 0;
    for (const { name, text } of texts) {
      const rule = compileOrRefusal(text);
      if (rule instanceof PatternError) continue;
      const plain = parse(text) as PlainRule;
      for (const record of records) {
        const is = rule.matches(sigmaRecord(record));
        if (is) matched++;
        const wanted = detects(plain, [record], PLACEHOLDERS);
        if (is !== wanted) expect([name, record, is]).toEqual([name, record, wanted]);
        const { eventNames } = rule;
        if (is && eventNames) expect(eventNames).toContain(String(record.eventName).toLowerCase());
      }
    }
    expect(matched).toBeGreaterThan(20);
  });
});

function compileOrRefusal(text: string): SigmaRule | PatternError {
  try {
    return compileSigmaRule(text, PLACEHOLDERS);
  } catch (error) {
    if (error instanceof PatternError) return error;
    throw error;
  }
}
