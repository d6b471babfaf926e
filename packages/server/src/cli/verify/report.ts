import { type Verdict, type VerifyResult, verdictOf } from '../../verify/check.ts';
import type { Finding } from '../../verify/findings.ts';
import { printable, printableJson } from '../printable.ts';

/** Exit codes, for scripts: 0 all valid, 1 something is invalid, 3 nothing could be said (2 is a bad command line). */
export const EXIT_CODES: Readonly<Record<Verdict, number>> = { valid: 0, invalid: 1, 'nothing-found': 3 };

export interface ReportContext {
  readonly target: string;
  readonly source: string;
  readonly startMs: number;
  readonly endMs: number;
}

export function jsonReport(result: VerifyResult, context: ReportContext): string {
  const { target, source, startMs, endMs } = context;
  const range = { startTime: new Date(startMs).toISOString(), endTime: new Date(endMs).toISOString() };
  return printableJson(JSON.stringify({ result: verdictOf(result), target, source, ...range, ...result }, null, 2));
}

export function textReport(result: VerifyResult, context: ReportContext): string {
  const { digests, logFiles, records, findings } = result;
  const from = context.startMs === 0 ? 'the beginning' : new Date(context.startMs).toISOString();
  return [
    `${context.target} in ${context.source}, from ${from} to ${new Date(context.endMs).toISOString()}`,
    ...[...findings].sort(invalidFirst).map(lineOf),
    `${digests.valid} of ${digests.checked} digests valid, ${logFiles.valid} of ${logFiles.checked} log files valid, ${records} records`,
    VERDICT_LINES[verdictOf(result)],
  ].join('\n');
}

const VERDICT_LINES: Readonly<Record<Verdict, string>> = {
  valid: 'VALID',
  invalid: 'INVALID: see above',
  'nothing-found': 'NOTHING FOUND: there is no digest in this range, so nothing can be said',
};

const invalidFirst = (a: Finding, b: Finding): number =>
  Number(b.severity === 'invalid') - Number(a.severity === 'invalid');

const lineOf = (f: Finding): string =>
  `${f.severity === 'invalid' ? 'INVALID' : 'notice '}  ${f.code}  ${printable(f.object)}\n         ${printable(f.message)}`;
