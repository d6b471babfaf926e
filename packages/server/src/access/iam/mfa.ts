import type { Sealer } from '../sealed-secrets.ts';
import { keys, type MfaDevice, type StateKey } from './entities.ts';

/** The key of the device with this serial number (its ARN); undefined when that is none of the account's. */
export function mfaKey(accountId: string, serialNumber: string): StateKey<MfaDevice> | undefined {
  const prefix = `arn:aws:iam::${accountId}:mfa/`;
  return serialNumber.startsWith(prefix) ? keys.mfaDevice(accountId, serialNumber.slice(prefix.length)) : undefined;
}

/** A virtual device's seed; undefined when it was sealed with another key than the data folder's. */
export function seedOf(sealer: Sealer, device: MfaDevice): Buffer | undefined {
  const seed = sealer.open(device.serialNumber, device.sealedSeed);
  return typeof seed === 'string' ? Buffer.from(seed, 'base64') : undefined;
}
