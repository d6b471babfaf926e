import { stepOfCode, totpStep } from '../../access/totp.ts';
import { StateConflict } from '../../ports/state.ts';
import type { CallContext } from '../../wire/service.ts';
import type { StsDeps } from './deps.ts';
import { stsError } from './errors.ts';

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

const FAILED = 'MultiFactorAuthentication failed';

/**
 * Checks the code that came with a call, if one did. A code is taken once: that it was is durable when this resolves.
 * @returns whether there was one
 * @throws AwsError AccessDenied
 */
export async function checkMfa(
  { directory, state, clock }: StsDeps,
  { caller }: CallContext,
  { SerialNumber, TokenCode }: { readonly SerialNumber?: string | undefined; readonly TokenCode?: string | undefined },
): Promise<boolean> {
  if (SerialNumber === undefined && TokenCode === undefined) return false;
  if (SerialNumber === undefined || TokenCode === undefined) {
    throw denied('must provide both MFA serial number and one time pass code.');
  }
  const { accountId, principal } = caller;
  const device = principal.kind === 'user' ? await directory.mfaDevice(accountId, SerialNumber) : undefined;
  if (!device || device.userName !== principal.name) {
    throw denied(
      'unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    );
  }
  // IAM finds a device whatever the case of its name: so must what is kept of its codes.
  const place = `sts/mfa/${accountId}/${SerialNumber.toLowerCase()}`;
  const entry = await state.get<Use>(place);
  const use = entry?.value ?? { step: -1, wrong: 0, wrongSince: 0 };
  const now = totpStep(clock.now());
  const counts = Math.abs(now - use.wrongSince) < WRONG_STEPS;
  if (counts && use.wrong >= WRONG_MAX) throw denied('too many wrong codes. Please wait, then try again.');
  const step = stepOfCode(device.seed, TokenCode, clock.now());
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
    throw denied(WRONG_CODE); // another call has just tried one: of two with the same code one may pass
  }
  if (!isGood) throw denied(WRONG_CODE);
  return true;
}

const WRONG_CODE = 'with invalid MFA one time pass code. ';

const denied = (why: string) =>
  stsError('AccessDenied', why.startsWith('with') ? `${FAILED} ${why}` : `${FAILED}, ${why}`);
