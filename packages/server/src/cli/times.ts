import { OperatorError } from '../base/errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

const DATE = /^\d{4}-\d\d-\d\d/;

/**
 * A moment as people write it: `2026-01-31`, `2026-01-31T23:59:59Z`, or so long ago: `30m`, `12h`, `7d`.
 * @returns ms since the epoch @throws OperatorError
 */
export function momentOf(text: string, nowMs: number): number {
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  const ms = ago ? nowMs - Number(ago[1]) * UNIT_MS[ago[2]!]! : DATE.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new OperatorError(`${JSON.stringify(text)} is no time. Write 2026-01-31T23:59:59Z, or 12h or 7d for "ago".`);
  }
  return ms;
}
