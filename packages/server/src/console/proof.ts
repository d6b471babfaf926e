import type { Caller } from '../access/caller.ts';
import { keys, type PasswordHash, type User } from '../access/iam/entities.ts';
import { isPassword } from '../access/iam/passwords.ts';
import type { IamStore } from '../access/iam-store.ts';
import { takeMfaCode } from '../access/mfa-codes.ts';
import { stepOfCode } from '../access/totp.ts';
import type { Clock } from '../base/clock.ts';
import { Pushback } from '../base/errors.ts';
import type { UserIdentity } from '../event/record.ts';
import type { State } from '../ports/state.ts';
import { isSame } from './sessions.ts';
import type { FindKey } from './standing.ts';

export interface KeyProof {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface PasswordProof {
  /** Number or alias of the account. */
  readonly account: string;
  readonly userName: string;
  readonly password: string;
}

/** Somebody of whom an attempt to sign in tells, whether or not it was he. */
export interface Claimed {
  readonly accountId: string;
  /** Absent when nobody has the name. */
  readonly identity?: UserIdentity;
}

/** A user of a password with whom all is well so far. */
export interface ProvenUser {
  readonly accountId: string;
  readonly user: User & { readonly login: NonNullable<User['login']> };
}

/** Refused, and whose record it is: nobody's when the account or the key is none of ours. */
export type Refused = { readonly refused: Claimed | undefined };

/** What no password comes to: who guesses names of users hears as late as who guesses passwords. */
const NOBODYS: PasswordHash = { salt: Buffer.alloc(16).toString('base64'), hash: Buffer.alloc(32).toString('base64') };
/** What stands in for the secret of a key that is not there. */
const NO_SECRET = '-'.repeat(40);
/** Passwords that may wait for those before them, at 50 ms each: one at a time, for the Log's writes share its threads. */
const PASSWORDS_WAITING_MAX = 20;

/** Whether who signs in has what he says: secrets, passwords, codes of MFA devices. Nothing here counts failures. */
export function createProofs(deps: {
  readonly findKey: FindKey;
  readonly iam: Pick<IamStore, 'data' | 'user' | 'mfaDevice'>;
  readonly state: State;
  readonly clock: Clock;
}) {
  const { findKey, iam, state, clock } = deps;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (waiting >= PASSWORDS_WAITING_MAX) throw new Pushback('too many people sign in at once');
    waiting++;
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      waiting--;
    }
  }

  return {
    /** The account of that number or alias; undefined when there is none. */
    async accountOf(account: string): Promise<string | undefined> {
      if (!/^\d{12}$/.test(account)) return iam.data.get(keys.alias(account.toLowerCase()));
      return (await iam.data.get(keys.account(account))) && account;
    },

    async ofKey(proof: KeyProof): Promise<Caller | 'expired' | Refused> {
      const known = await findKey(proof.accessKeyId, proof.sessionToken);
      // Only who was given the token has one that opens, and so is told what became of it.
      if (known === 'expired-token') return 'expired';
      const key = typeof known === 'object' ? known : undefined;
      const isSecret = isSame(key?.secretAccessKey ?? NO_SECRET, proof.secretAccessKey);
      const isToken = key?.sessionToken === proof.sessionToken;
      if (key?.active && isSecret && isToken && !key.caller.principal.gone) return key.caller;
      return { refused: key && { accountId: key.caller.accountId, identity: key.caller.identity } };
    },

    async ofPassword(accountId: string | undefined, proof: PasswordProof): Promise<ProvenUser | Refused> {
      const user = accountId === undefined ? undefined : await iam.user(accountId, proof.userName);
      const isRight = await inTurn(() => isPassword(proof.password, user?.login?.passwords[0] ?? NOBODYS));
      if (accountId === undefined) return { refused: undefined };
      if (user?.login && isRight) return { accountId, user: { ...user, login: user.login } };
      return { refused: { accountId, ...(user && { identity: signingIn(accountId, user) }) } };
    },

    /** Serial numbers of a user's enabled devices. */
    async devicesOf(accountId: string, userName: string): Promise<readonly string[]> {
      const all = await iam.data.list(keys.mfaDevices(accountId));
      return all.filter((device) => device.userName === userName).map(({ serialNumber }) => serialNumber);
    },

    /** The device whose code it is; undefined when it is wrong, or was used already. */
    async ofCode(accountId: string, serialNumbers: readonly string[], code: string): Promise<string | undefined> {
      const found = await Promise.all(serialNumbers.map((serial) => iam.mfaDevice(accountId, serial)));
      const devices = found.flatMap((device, i) =>
        device ? [{ ...device, accountId, serialNumber: serialNumbers[i]! }] : [],
      );
      // A wrong code counts against one device, whichever: the right one is not known.
      const device = devices.find(({ seed }) => stepOfCode(seed, code, clock.now()) !== undefined) ?? devices[0];
      const outcome = device && (await takeMfaCode({ state, clock }, device, code));
      return outcome === 'good' ? device!.serialNumber : undefined;
    },
  };
}

export type Proofs = ReturnType<typeof createProofs>;

/** A user on the way in, who has no credentials yet (spec: record-conventions §4). */
export const signingIn = (accountId: string, { userId, userName }: User): UserIdentity => ({
  type: 'IAMUser',
  principalId: userId,
  accountId,
  accessKeyId: '',
  userName,
});

/** A user who is in. */
export const signedInUser = (accountId: string, { userId, arn, userName }: User): UserIdentity => ({
  type: 'IAMUser',
  principalId: userId,
  arn,
  accountId,
  userName,
});
