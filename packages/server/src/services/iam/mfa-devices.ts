import type * as iam from '@aws-sdk/client-iam';
import { keys, type MfaDevice } from '../../access/iam/entities.ts';
import type { IamReader } from '../../access/iam/iam-data.ts';
import { mfaKey, seedOf } from '../../access/iam/mfa.ts';
import { totpCode, totpStep } from '../../access/totp.ts';
import { BASE32, randomString } from '../../base/random.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, noSuch, overQuota } from './errors.ts';
import { findUser, impliedUser } from './find.ts';
import { tagsOut, timeOf } from './output.ts';
import { pageOf } from './pages.ts';
import { qrPng } from './qr-code.ts';
import { withTags } from './tag-rules.ts';

/** IAM's quota. */
const DEVICES_OF_USER_MAX = 8;
/** Bounds devices that nobody enables: AWS has one for each user. */
const DEVICES_MAX = 5000;
/** 64 characters of base 32: 40 bytes, twice what SHA-1 asks for. */
const SEED_CHARS = 64;
/** Steps of 30 seconds that a device's clock may be wrong when it is enabled or set right: 10 minutes either way. */
const DRIFT_STEPS = 20;
/** Longest serial number that requests may name. */
const SERIAL_CHARS_MAX = 256;

export async function findDevice(reader: IamReader, accountId: string, serialNumber: string): Promise<MfaDevice> {
  const key = mfaKey(accountId, serialNumber);
  const device = key && (await reader.get(key));
  if (device) return device;
  throw noSuch(`VirtualMFADevice with serial number ${serialNumber} doesn't exist.`);
}

export function createMfaHandlers({ store: { data }, sealer, clock, random }: IamDeps): Record<string, Handler> {
  /** The later step of two codes that follow each other. @throws AwsError InvalidAuthenticationCode */
  function checkedStep(device: MfaDevice, first: string, second: string): number {
    const seed = seedOf(sealer, device);
    const now = totpStep(clock.now());
    for (let step = now - DRIFT_STEPS; seed && step < now + DRIFT_STEPS; step++) {
      if (totpCode(seed, step) === first && totpCode(seed, step + 1) === second) return step + 1;
    }
    throw iamError('InvalidAuthenticationCode', 'Authentication code for device is not valid.');
  }

  return {
    /** The one time that the seed is told. */
    async CreateVirtualMFADevice(
      { caller: { accountId } },
      input: iam.CreateVirtualMFADeviceRequest,
    ): Promise<iam.CreateVirtualMFADeviceResponse> {
      const serialNumber = `arn:aws:iam::${accountId}:mfa${input.Path ?? '/'}${input.VirtualMFADeviceName}`;
      if (serialNumber.length > SERIAL_CHARS_MAX) {
        throw iamError(
          'InvalidInput',
          `Path and name make a serial number of more than ${SERIAL_CHARS_MAX} characters.`,
        );
      }
      const base32 = randomString(random, SEED_CHARS, BASE32);
      const device: MfaDevice = {
        serialNumber,
        createdMs: clock.now(),
        sealedSeed: sealer.seal(serialNumber, base32Decoded(base32).toString('base64')),
        tags: withTags({}, input.Tags),
      };
      await data.change(accountId, async (change) => {
        const key = mfaKey(accountId, serialNumber)!;
        if (await change.get(key)) {
          throw iamError('EntityAlreadyExists', 'MFADevice entity at the same path and name already exists.');
        }
        if ((await change.list(keys.mfaDevices(accountId))).length >= DEVICES_MAX) {
          throw overQuota('VirtualMFADevicesPerAccount', DEVICES_MAX);
        }
        change.put(key, device);
      });
      const VirtualMFADevice: iam.VirtualMFADevice = {
        SerialNumber: serialNumber,
        Base32StringSeed: Buffer.from(base32),
        QRCodePNG: qrPng(keyUri(input.VirtualMFADeviceName!, accountId, base32)),
        ...(input.Tags?.length && { Tags: tagsOut(device.tags) }),
      };
      return { VirtualMFADevice };
    },

    async DeleteVirtualMFADevice({ caller: { accountId } }, input: iam.DeleteVirtualMFADeviceRequest) {
      await data.change(accountId, async (change) => {
        const device = await findDevice(change, accountId, input.SerialNumber!);
        if (device.userName !== undefined)
          throw iamError('DeleteConflict', 'MFA VirtualDevice in use. Must deactivate first.');
        change.remove(mfaKey(accountId, input.SerialNumber!)!);
      });
      return {};
    },

    async EnableMFADevice({ caller: { accountId } }, input: iam.EnableMFADeviceRequest) {
      await data.change(accountId, async (change) => {
        const { userName } = await findUser(change, accountId, input.UserName!);
        const device = await findDevice(change, accountId, input.SerialNumber!);
        if (device.userName !== undefined) throw iamError('EntityAlreadyExists', 'MFA Device is already in use.');
        const devices = await change.list(keys.mfaDevices(accountId));
        if (devices.filter((d) => d.userName === userName).length >= DEVICES_OF_USER_MAX) {
          throw overQuota('MFADevicesPerUser', DEVICES_OF_USER_MAX);
        }
        const lastStep = checkedStep(device, input.AuthenticationCode1!, input.AuthenticationCode2!);
        const enabledMs = clock.now();
        change.put(mfaKey(accountId, input.SerialNumber!)!, { ...device, userName, enabledMs, lastStep });
      });
      return {};
    },

    async ResyncMFADevice({ caller: { accountId } }, input: iam.ResyncMFADeviceRequest) {
      await data.change(accountId, async (change) => {
        const device = await ownDevice(change, accountId, input.UserName!, input.SerialNumber!);
        const lastStep = checkedStep(device, input.AuthenticationCode1!, input.AuthenticationCode2!);
        change.put(mfaKey(accountId, input.SerialNumber!)!, { ...device, lastStep });
      });
      return {};
    },

    async DeactivateMFADevice(context, input: iam.DeactivateMFADeviceRequest) {
      const { accountId } = context.caller;
      const name = impliedUser(context, input.UserName);
      await data.change(accountId, async (change) => {
        const device = await ownDevice(change, accountId, name, input.SerialNumber!);
        const { userName: _user, enabledMs: _enabled, lastStep: _step, ...free } = device;
        change.put(mfaKey(accountId, input.SerialNumber!)!, free);
      });
      return {};
    },

    async GetMFADevice({ caller: { accountId } }, input: iam.GetMFADeviceRequest): Promise<iam.GetMFADeviceResponse> {
      const device = await findDevice(data, accountId, input.SerialNumber!);
      return {
        SerialNumber: device.serialNumber,
        ...(device.userName !== undefined && { UserName: device.userName }),
        ...(device.enabledMs !== undefined && { EnableDate: timeOf(device.enabledMs) }),
      };
    },

    async ListMFADevices(context, input: iam.ListMFADevicesRequest): Promise<iam.ListMFADevicesResponse> {
      const { accountId } = context.caller;
      const named = impliedUser(context, input.UserName);
      const user = named === undefined ? undefined : await findUser(data, accountId, named);
      const all = await data.list(keys.mfaDevices(accountId));
      const own = user ? all.filter((device) => device.userName === user.userName) : [];
      const { page, end } = pageOf(own, serialOf, input, [context.operation, accountId, named]);
      const MFADevices = page.map((device) => ({
        UserName: device.userName!,
        SerialNumber: device.serialNumber,
        EnableDate: timeOf(device.enabledMs!),
      }));
      return { MFADevices, ...end };
    },

    async ListVirtualMFADevices(
      { caller: { accountId }, operation },
      input: iam.ListVirtualMFADevicesRequest,
    ): Promise<iam.ListVirtualMFADevicesResponse> {
      const status = input.AssignmentStatus ?? 'Any';
      const devices = (await data.list(keys.mfaDevices(accountId))).filter(
        ({ userName }) => status === 'Any' || (status === 'Assigned') === (userName !== undefined),
      );
      const { page, end } = pageOf(devices, serialOf, input, [operation, accountId, status]);
      const VirtualMFADevices = await Promise.all(
        page.map(async (device): Promise<iam.VirtualMFADevice> => {
          const user =
            device.userName === undefined ? undefined : await data.get(keys.user(accountId, device.userName));
          return {
            SerialNumber: device.serialNumber,
            ...(user && {
              User: {
                Path: user.path,
                UserName: user.userName,
                UserId: user.userId,
                Arn: user.arn,
                CreateDate: timeOf(user.createdMs),
              },
            }),
            ...(device.enabledMs !== undefined && { EnableDate: timeOf(device.enabledMs) }),
          };
        }),
      );
      return { VirtualMFADevices, ...end };
    },
  };
}

/** What the QR code says, as authenticator apps read it; of a long name the beginning, so that it fits. */
const keyUri = (name: string, accountId: string, base32: string): string =>
  `otpauth://totp/${encodeURIComponent(name.slice(0, LABEL_CHARS))}@${accountId}?secret=${base32}`;
/** Each may take three characters. */
const LABEL_CHARS = 30;

const serialOf = ({ serialNumber }: MfaDevice) => serialNumber;

/** A device that is the user's. */
async function ownDevice(
  reader: IamReader,
  accountId: string,
  name: string | undefined,
  serialNumber: string,
): Promise<MfaDevice> {
  const user = name === undefined ? undefined : await findUser(reader, accountId, name);
  const device = await findDevice(reader, accountId, serialNumber);
  if (user && device.userName === user.userName) return device;
  throw noSuch(`MFA Device with serial number ${serialNumber} cannot be found for the user.`);
}

/** RFC 4648, of whole groups of 8 characters. */
function base32Decoded(text: string): Buffer {
  let bits = 0n;
  for (const char of text) bits = (bits << 5n) | BigInt(BASE32.indexOf(char));
  return Buffer.from(bits.toString(16).padStart((text.length * 5) / 4, '0'), 'hex');
}
