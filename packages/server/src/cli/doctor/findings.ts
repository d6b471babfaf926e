import { printable, printableJson } from '../printable.ts';

/** One thing that was looked at. */
export interface Finding {
  /** `bucket`, `bucket policy`, `key` … */
  readonly about: string;
  /** `unknown`: it could not be looked at. */
  readonly state: 'good' | 'bad' | 'unknown';
  readonly says: string;
  readonly fix?: Fix;
}

export interface Fix {
  readonly how: string;
  /** A policy document to put in place as it is. */
  readonly policy?: object;
}

export interface Diagnosis {
  readonly trail: string;
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
}

export const good = (about: string, says: string): Finding => ({ about, state: 'good', says });
export const bad = (about: string, says: string, fix?: Fix): Finding => ({
  about,
  state: 'bad',
  says,
  ...(fix && { fix }),
});
export const unknown = (about: string, says: string): Finding => ({ about, state: 'unknown', says });

/** The diagnosis for people: what is wrong, and under it what mends it. */
export function diagnosisText({ trail, healthy, findings }: Diagnosis): string {
  const width = Math.max(...findings.map(({ about }) => about.length));
  const blocks = findings.map(({ about, state, says, fix }) => {
    const line = `  ${MARKS[state]}  ${about.padEnd(width)}  ${printable(says)}`;
    if (!fix) return line;
    const policy = fix.policy ? `\n\n${indented(printableJson(JSON.stringify(fix.policy, null, 2)))}\n` : '';
    return `${line}\n${indented(printable(fix.how))}${policy}`;
  });
  const bads = findings.filter(({ state }) => state === 'bad').length;
  const sum = healthy
    ? 'Nothing found that keeps it from delivering.'
    : bads === 1
      ? 'This keeps it from delivering.'
      : `These ${bads} things keep it from delivering.`;
  return [`Trail ${printable(trail)}`, ...blocks, sum].join('\n');
}

const MARKS = { good: 'ok ', bad: 'BAD', unknown: ' ? ' } as const;
const indented = (text: string): string => text.replace(/^/gm, '       ');
