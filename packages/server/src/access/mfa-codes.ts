import type { Clock } from '../base/clock.ts';
import { type State, StateConflict } from '../ports/state.ts';
import { stepOfCode, totpStep } from './totp.ts';

/** What is kept of a device: the last step whose code was taken, and how many codes were wrong in which stretch of time. */
interface Use {
  readonly step: number;
  readonly wrong: number;
  /** In steps, of the first wrong one that counts. */
  readonly wrongSince: number;
}

/** Of a million codes three are right at a time: so many guesses in so many steps (15 minutes) take a year to find one. */
const WRONG_MAX = 10;
const WRONG_STEPS = 30;

/** A device that codes are checked against. */
export interface CodeDevice {
  readonly accountId: string;
  /** ARN. */
  readonly serialNumber: string;
  readonly seed: Buffer;
  /** The step of the last code that IAM took for it. */
  readonly lastStep?: number;
}

export type CodeCheck = 'good' | 'wrong' | 'too-many-wrong';

/**
 * Checks a one-time code, for whoever asks (STS, the console): one that was good anywhere is not taken again. That it was
 * is durable when this resolves.
 */
export async function takeMfaCode(
  { state, clock }: { readonly state: State; readonly clock: Clock },
  device: CodeDevice,
  code: string,
): Promise<CodeCheck> {
  // IAM finds a device whatever the case of its name: so must what is kept of its codes.
  const place = `sts/mfa/${device.accountId}/${device.serialNumber.toLowerCase()}`;
  const entry = await state.get<Use>(place);
  const use = entry?.value ?? { step: -1, wrong: 0, wrongSince: 0 };
  const now = totpStep(clock.now());
  const counts = Math.abs(now - use.wrongSince) < WRONG_STEPS;
  if (counts && use.wrong >= WRONG_MAX) return 'too-many-wrong';
  const step = stepOfCode(device.seed, code, clock.now());
  // A step ahead of time was taken before the clock was set back: it must not lock the device until then.
  const taken = Math.max(use.step, device.lastStep ?? -1);
  const last = taken > now + 1 ? -1 : taken;
  const isGood = step !== undefined && step > last;
  const next: Use = isGood
    ? { step, wrong: 0, wrongSince: 0 }
    : { step: use.step, wrong: counts ? use.wrong + 1 : 1, wrongSince: counts ? use.wrongSince : now };
  try {
    await state.write([{ put: place, value: next, ifVersion: entry?.version ?? 'absent' }]);
  } catch (error) {
    if (!(error instanceof StateConflict)) throw error;
    return 'wrong'; // another call has just tried one: of two with the same code one may pass
  }
  return isGood ? 'good' : 'wrong';
}
