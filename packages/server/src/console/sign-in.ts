import type { ServerResponse } from 'node:http';
import type { Caller } from '../access/caller.ts';
import { keys } from '../access/iam/entities.ts';
import type { IamStore } from '../access/iam-store.ts';
import type { SessionGrant, SessionOwner, Sessions } from '../access/sessions.ts';
import type { Clock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import { refusal } from './answers.ts';
import type { Attempt, Lockout } from './lockout.ts';
import type { KeyProof, PasswordProof, Proofs, ProvenUser, Refused } from './proof.ts';
import { signedInUser, signingIn } from './proof.ts';
import { type Credentials, type NewSession, SESSION_MS } from './sessions.ts';
import type { RecordSignIn } from './sign-in-records.ts';
import type { Visit } from './visit.ts';

export interface SignInDeps {
  readonly proofs: Proofs;
  readonly iam: Pick<IamStore, 'data' | 'user' | 'noteUse' | 'lastUsed'>;
  readonly issue: Sessions['issue'];
  readonly record: RecordSignIn;
  readonly users: Lockout;
  readonly addresses: Lockout;
  readonly clock: Clock;
  /** IAM's ChangePassword, as who has these credentials. @throws AwsError as IAM does */
  readonly changePassword: (
    visit: Visit,
    res: ServerResponse,
    as: Credentials,
    from: string,
    to: string,
  ) => Promise<void>;
}

export type SignInInput = { readonly mfaCode?: string } & (
  | (KeyProof & { readonly kind: 'key' })
  | (PasswordProof & { readonly kind: 'password'; readonly newPassword?: string })
);

/**
 * Signs somebody in, and keeps the record of it, or of his failure, before anything is given out.
 * @throws AwsError SignInFailed, TooManyAttempts, MfaRequired, InvalidMfaCode, PasswordResetRequired …; Pushback
 */
export type SignIn = (visit: Visit, res: ServerResponse, input: SignInInput) => Promise<NewSession>;

const DAY_MS = 86_400_000;

export function createSignIn(deps: SignInDeps): SignIn {
  const { proofs, iam, record, users, addresses, clock } = deps;

  return async (visit, res, input) => {
    const accountId = input.kind === 'password' ? await proofs.accountOf(input.account) : undefined;
    const attempt = begin(visit, nameOf(input, accountId));
    try {
      const session = await (input.kind === 'key' ? byKey(visit, input) : byPassword(visit, res, input, accountId));
      attempt.succeeded();
      return session;
    } catch (error) {
      // A fault, or that something is still to be done, says nothing against who asks.
      if (!(error instanceof AwsError && COUNTS.has(error.code))) attempt.takeBack();
      throw error;
    }
  };

  /** Locks count whom the attempt is about, and where it comes from. */
  function begin({ http: { sourceIp } }: Visit, name: string): Attempt {
    const place = addresses.begin(networkOf(sourceIp));
    if (typeof place === 'number') throw tooMany(place);
    const person = users.begin(name);
    if (typeof person === 'number') {
      place.takeBack();
      throw tooMany(person);
    }
    return {
      takeBack() {
        place.takeBack();
        person.takeBack();
      },
      succeeded() {
        place.takeBack();
        person.succeeded();
      },
    };
  }

  async function fail(visit: Visit, { refused }: Refused, mfa = false, error = FAILED()): Promise<never> {
    if (refused) {
      const { accountId, identity } = refused;
      const who = identity ? { identity } : { UnknownUser: true };
      await record(visit, { accountId, ...who, Success: false, MFAUsed: mfa });
    }
    throw error;
  }

  async function byKey(visit: Visit, input: SignInInput & { kind: 'key' }): Promise<NewSession> {
    const proven = await proofs.ofKey(input);
    if (proven === 'expired') {
      throw refusal(401, 'ExpiredToken', 'These temporary credentials have expired. Ask for new ones.');
    }
    if ('refused' in proven) return fail(visit, proven);
    const { accountId, identity, principal } = proven;
    const device = await shownDevice(visit, proven, input.mfaCode);
    const mfa = device !== undefined || principal.session?.mfa === true;
    await record(visit, { accountId, identity, Success: true, MFAUsed: mfa, ...(device && { MFAIdentifier: device }) });
    iam.noteUse(input.accessKeyId, proven, 'signin', 'us-east-1');
    if (principal.session) {
      const { accessKeyId, sessionToken = '' } = input;
      const expiresMs = Math.min(principal.session.expiresMs, clock.now() + SESSION_MS);
      return {
        owner: proven.arn,
        credentials: { accessKeyId, sessionToken },
        ground: { kind: 'temporary' },
        expiresMs,
      };
    }
    const owner: SessionOwner =
      principal.kind === 'root'
        ? { kind: 'root' }
        : { kind: 'user', userName: principal.name!, userId: identity.principalId! };
    const ground = { kind: 'key', accessKeyId: input.accessKeyId } as const;
    return { owner: proven.arn, ground, ...issued(accountId, owner, mfa) };
  }

  /** Who signs in with long-term keys may show a code besides, for policies that ask for one. */
  async function shownDevice(visit: Visit, caller: Caller, code: string | undefined): Promise<string | undefined> {
    const { accountId, identity, principal } = caller;
    if (code === undefined || principal.session) return undefined;
    const devices = principal.kind === 'user' ? await proofs.devicesOf(accountId, principal.name!) : [];
    return (
      (await proofs.ofCode(accountId, devices, code)) ??
      fail(visit, { refused: { accountId, identity } }, true, WRONG_CODE())
    );
  }

  async function byPassword(
    visit: Visit,
    res: ServerResponse,
    input: SignInInput & { kind: 'password' },
    named: string | undefined,
  ): Promise<NewSession> {
    const proven = await proofs.ofPassword(named, input);
    if ('refused' in proven) return fail(visit, proven);
    const { accountId, user } = proven;
    const devices = await askForCode(visit, proven, input.mfaCode);
    await askForPassword(proven, input.newPassword); // before the code is taken, which is good for once only
    const device = devices.length === 0 ? undefined : await checkedDevice(visit, proven, devices, input.mfaCode!);
    const mfa = device !== undefined;
    const owner = { kind: 'user', userName: user.userName, userId: user.userId } as const;
    const made = issued(accountId, owner, mfa);
    const salt = await presentSalt(visit, res, proven, input, made.credentials);
    const identity = signedInUser(accountId, user);
    await record(visit, { accountId, identity, Success: true, MFAUsed: mfa, ...(mfa && { MFAIdentifier: device }) });
    iam.lastUsed.passwordUsed(accountId, user);
    const ground = { kind: 'password', accountId, userName: user.userName, salt } as const;
    return { owner: user.arn, ground, ...made };
  }

  /** A user who has devices signs in with one of them. @returns their serial numbers @throws AwsError MfaRequired */
  async function askForCode(
    visit: Visit,
    { accountId, user }: ProvenUser,
    code: string | undefined,
  ): Promise<readonly string[]> {
    const devices = await proofs.devicesOf(accountId, user.userName);
    if (devices.length === 0 || code !== undefined) return devices;
    const MfaType = devices.length > 1 ? 'Multiple MFA Devices' : 'Virtual MFA';
    // Somebody knows the password: that is worth a record whatever comes next.
    await record(visit, {
      EventName: 'CheckMfa',
      accountId,
      identity: signingIn(accountId, user),
      Success: true,
      MfaType,
    });
    throw refusal(401, 'MfaRequired', 'Enter the code of your MFA device.');
  }

  /** @throws AwsError PasswordResetRequired for a password that lets in no more without a new one; PasswordExpired */
  async function askForPassword({ accountId, user }: ProvenUser, newPassword: string | undefined): Promise<void> {
    const { changedMs, resetRequired } = user.login;
    const policy = (await iam.data.get(keys.settings(accountId)))?.passwordPolicy;
    const isOld = policy?.MaxPasswordAge !== undefined && clock.now() - changedMs > policy.MaxPasswordAge * DAY_MS;
    if (isOld && policy.HardExpiry) {
      throw refusal(403, 'PasswordExpired', 'Your password has expired. Ask your administrator to set a new one.');
    }
    if ((isOld || resetRequired) && newPassword === undefined) {
      throw refusal(403, 'PasswordResetRequired', 'You must change your password to go on. Choose a new one.');
    }
  }

  async function checkedDevice(
    visit: Visit,
    { accountId, user }: ProvenUser,
    devices: readonly string[],
    code: string,
  ): Promise<string> {
    const refused = { accountId, identity: signingIn(accountId, user) };
    return (await proofs.ofCode(accountId, devices, code)) ?? fail(visit, { refused }, true, WRONG_CODE());
  }

  /** The salt of the password that holds from now on: the new one's, when one was given. */
  async function presentSalt(
    visit: Visit,
    res: ServerResponse,
    { accountId, user }: ProvenUser,
    { password, newPassword }: SignInInput & { kind: 'password' },
    as: Credentials,
  ): Promise<string> {
    if (newPassword === undefined) return user.login.passwords[0]!.salt;
    await deps.changePassword(visit, res, as, password, newPassword);
    const changed = await iam.user(accountId, user.userName);
    return changed?.login?.passwords[0]?.salt ?? '';
  }

  function issued(accountId: string, owner: SessionGrant['owner'], mfa: boolean) {
    const issuedMs = Math.floor(clock.now() / 1000) * 1000; // as records show it
    const expiresMs = issuedMs + SESSION_MS;
    const { accessKeyId, sessionToken } = deps.issue({ accountId, owner, issuedMs, expiresMs, mfa, console: true });
    return { credentials: { accessKeyId, sessionToken }, expiresMs };
  }
}

/** Whom an attempt is about, whether or not there is such a one. */
function nameOf(input: SignInInput, accountId: string | undefined): string {
  if (input.kind === 'key') return `key ${input.accessKeyId}`;
  return `user ${accountId ?? input.account.toLowerCase()}/${input.userName.toLowerCase()}`;
}

/** A network of IPv6 (/64) is one customer's, whose addresses count as one. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = (part: string) => part.split(':').filter((group) => group !== '');
  if (tail === undefined) return groups(head).slice(0, 4).join(':');
  const zeros = Array<string>(Math.max(0, 8 - groups(head).length - groups(tail).length)).fill('0');
  return [...groups(head), ...zeros, ...groups(tail)].slice(0, 4).join(':');
}

const FAILED = () => refusal(401, 'SignInFailed', 'Your authentication information is incorrect. Please try again.');
const WRONG_CODE = () =>
  refusal(401, 'InvalidMfaCode', 'The code is wrong or was used before. Wait for the next one and try again.');
/** What counts as a failure of who asks. */
const COUNTS: ReadonlySet<string> = new Set(['SignInFailed', 'ExpiredToken', 'InvalidMfaCode']);

function tooMany(waitMs: number) {
  const seconds = Math.ceil(waitMs / 1000);
  const message = `Too many failed attempts. Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
  return refusal(429, 'TooManyAttempts', message, { 'retry-after': String(seconds) });
}
