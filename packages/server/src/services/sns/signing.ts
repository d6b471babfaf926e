import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Sealer } from '../../access/sealed-secrets.ts';
import { makeCertificate } from '../../base/certificate.ts';
import type { Clock } from '../../base/clock.ts';
import { assert, OperatorError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { type State, StateConflict } from '../../ports/state.ts';

/** Signs messages as SNS does (developer guide, "Verifying the signatures of Amazon SNS messages"). */
export interface Signer {
  readonly certificatePem: string;
  /** Path of SigningCertURL: named after the certificate, so that a copy of it never gets old. */
  readonly certificatePath: string;
  /**
   * On another thread, and once for all subscribers of a message.
   * @param version of the signature: 1 is SHA-1, 2 SHA-256. @returns base64
   */
  sign(version: '1' | '2', text: string): Promise<string>;
}

interface Stored {
  /** PKCS 8, sealed. */
  readonly privateKey: string;
  readonly certificate: string;
}

const KEY = 'sns-signing-key';
const KEY_BITS = 2048;
const DAY_MS = 86_400_000;
/** Subscribers keep messages, and verify them, as long as they like: as long as anything here lasts. */
const VALID_DAYS = 20 * 365;
const SUBJECT = 'sns.amazonaws.com';
/** Messages that are on their way to several at a time. */
const RECENT_MAX = 256;
const signed = promisify<string, Buffer, KeyObject, Buffer>(sign);
const ALGORITHMS = { '1': 'sha1', '2': 'sha256' } as const;

/** @throws OperatorError when the key was sealed with another sealing key */
export async function openSigner(deps: {
  state: State;
  sealer: Sealer;
  clock: Clock;
  random: Random;
}): Promise<Signer> {
  const { privateKey: sealed, certificate } = await storedKey(deps);
  const der = deps.sealer.open(KEY, sealed);
  if (typeof der !== 'string') {
    throw new OperatorError(
      'The key that signs messages of SNS does not open with this sealing key. Give the sealing key back that it was made with.',
    );
  }
  const key = createPrivateKey({ key: Buffer.from(der, 'base64'), format: 'der', type: 'pkcs8' });
  const recent = new Map<string, Promise<string>>();
  const name = createHash('sha256').update(certificate).digest('hex').slice(0, 32);
  return {
    certificatePem: certificate,
    certificatePath: `/SimpleNotificationService-${name}.pem`,
    sign(version, text) {
      const digest = version + createHash('sha256').update(text).digest('base64');
      let signature = recent.get(digest);
      if (!signature) {
        signature = signed(ALGORITHMS[version], Buffer.from(text), key).then((bytes) => bytes.toString('base64'));
        if (recent.size >= RECENT_MAX) recent.delete(recent.keys().next().value!);
        recent.set(digest, signature);
      }
      return signature;
    },
  };
}

async function storedKey(deps: { state: State; sealer: Sealer; clock: Clock; random: Random }): Promise<Stored> {
  const known = await deps.state.get<Stored>(KEY);
  if (known) return known.value;
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: KEY_BITS });
  const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  const made = { privateKey: deps.sealer.seal(KEY, der), certificate: certificateOf(privateKey, deps) };
  try {
    await deps.state.write([{ put: KEY, value: made, ifVersion: 'absent' }]);
    return made;
  } catch (error) {
    if (!(error instanceof StateConflict)) throw error;
    const theirs = await deps.state.get<Stored>(KEY);
    assert(theirs, 'the key that was in the way is there');
    return theirs.value;
  }
}

const certificateOf = (key: KeyObject, { clock, random }: { clock: Clock; random: Random }): string =>
  makeCertificate({
    subject: SUBJECT,
    issuer: SUBJECT,
    publicKey: createPublicKey(key),
    issuerKey: key,
    notBeforeMs: clock.now() - DAY_MS,
    notAfterMs: clock.now() + VALID_DAYS * DAY_MS,
    names: [SUBJECT],
    random,
  });
