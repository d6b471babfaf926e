import { createHmac, timingSafeEqual } from 'node:crypto';

/** Time-based one-time codes (RFC 6238) as virtual MFA devices make them for AWS: SHA-1, six digits, a new one each 30 s. */
const STEP_MS = 30_000;
const DIGITS = 6;
/** Steps before and after the present one whose codes are still taken: for clocks that are not quite right. */
const DRIFT_STEPS = 1;

/** The step that a moment lies in. */
export const totpStep = (timeMs: number): number => Math.floor(timeMs / STEP_MS);

export function totpCode(seed: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', seed).update(counter).digest();
  const number = mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

/**
 * The step whose code it is; undefined when it is none of about now. A code MUST be taken once only: whoever asks keeps
 * the step, and refuses this one and earlier ones from then on.
 */
export function stepOfCode(seed: Buffer, code: string, timeMs: number): number | undefined {
  const given = Buffer.from(code);
  const now = totpStep(timeMs);
  let found: number | undefined;
  for (let step = now - DRIFT_STEPS; step <= now + DRIFT_STEPS; step++) {
    if (given.length === DIGITS && timingSafeEqual(given, Buffer.from(totpCode(seed, step)))) found = step;
  }
  return found;
}
