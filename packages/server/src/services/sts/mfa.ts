import { takeMfaCode } from '../../access/mfa-codes.ts';
import type { CallContext } from '../../wire/service.ts';
import type { StsDeps } from './deps.ts';
import { stsError } from './errors.ts';

const FAILED = 'MultiFactorAuthentication failed';

/**
 * Checks the code that came with a call, if one did. A code is taken once: that it was is durable when this resolves.
 * @returns whether there was one
 * @throws AwsError AccessDenied
 */
export async function checkMfa(
  deps: StsDeps,
  { caller }: CallContext,
  { SerialNumber, TokenCode }: { readonly SerialNumber?: string | undefined; readonly TokenCode?: string | undefined },
): Promise<boolean> {
  if (SerialNumber === undefined && TokenCode === undefined) return false;
  if (SerialNumber === undefined || TokenCode === undefined) {
    throw denied('must provide both MFA serial number and one time pass code.');
  }
  const { accountId, principal } = caller;
  const device = principal.kind === 'user' ? await deps.directory.mfaDevice(accountId, SerialNumber) : undefined;
  if (!device || device.userName !== principal.name) {
    throw denied(
      'unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    );
  }
  const outcome = await takeMfaCode(deps, { ...device, accountId, serialNumber: SerialNumber }, TokenCode);
  if (outcome === 'too-many-wrong') throw denied('too many wrong codes. Please wait, then try again.');
  if (outcome === 'wrong') throw denied(WRONG_CODE);
  return true;
}

const WRONG_CODE = 'with invalid MFA one time pass code. ';

const denied = (why: string) =>
  stsError('AccessDenied', why.startsWith('with') ? `${FAILED} ${why}` : `${FAILED}, ${why}`);
