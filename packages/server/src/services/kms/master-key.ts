import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../access/credentials-file.ts';
import { createSealer, openSealingKey } from '../../access/sealed-secrets.ts';
import { OperatorError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { State } from '../../ports/state.ts';
import type { ExternalMaster } from './external-master.ts';

export interface MasterKeyOptions {
  /** The data folder. */
  readonly dir: string;
  readonly state: State;
  readonly random: Random;
  /** The key itself, in base64. */
  readonly fromEnvironment?: string | undefined;
  /** Another KMS that keeps the key: here it stands only as that KMS's ciphertext. */
  readonly external?: ExternalMaster | undefined;
}

const FILE = 'kms-master-key';
const WRAPPED_FILE = 'kms-master-key.wrapped';
const CHECK = 'kms/master-key';
const CHECK_WORDS = 'the master key of KMS';

/**
 * The key under which KMS keeps all key material: from the environment, from another KMS, or from a file of the data
 * folder that the first start makes (mode 0600).
 * @throws OperatorError when it is missing, or is not the one that sealed what is there
 */
export async function openMasterKey(options: MasterKeyOptions): Promise<Buffer> {
  const { dir, state, random, fromEnvironment, external } = options;
  const check = await state.get<string>(CHECK);
  const path = join(dir, FILE);
  if (
    !external &&
    fromEnvironment === undefined &&
    !existsSync(path) &&
    (check || existsSync(join(dir, WRAPPED_FILE)))
  ) {
    throw new OperatorError(
      `${path} is missing, and the keys of KMS cannot be opened without it. Put it back from where it was backed up, or give what kept it before: OPENTRAIL_KMS_MASTER_KEY or --kms-master.`,
    );
  }
  const key = external
    ? await openWrapped(options, external, check !== undefined)
    : openSealingKey({ path, fromEnvironment, random });
  const sealer = createSealer(key, random);
  if (check && sealer.open(CHECK, check.value) !== CHECK_WORDS) {
    throw new OperatorError(
      'The master key of KMS is not the one that sealed the keys in this data folder. Give the one that did.',
    );
  }
  if (!check) await state.write([{ put: CHECK, value: sealer.seal(CHECK, CHECK_WORDS), ifVersion: 'absent' }]);
  return key;
}

/**
 * The key from its ciphertext. The first time there is none: then the other KMS makes a key, or, where keys of this one
 * exist, it takes over the key that they are sealed with, and the file with that key goes.
 */
async function openWrapped(
  { dir, random, fromEnvironment }: MasterKeyOptions,
  external: ExternalMaster,
  inUse: boolean,
) {
  const path = join(dir, WRAPPED_FILE);
  const plainPath = join(dir, FILE);
  if (existsSync(path)) {
    rmSync(plainPath, { force: true }); // left by a stop in the middle of the take-over
    return external.decrypt(Buffer.from(readFileSync(path, 'utf8').trim(), 'base64'));
  }
  if (inUse && fromEnvironment === undefined && !existsSync(plainPath)) {
    throw new OperatorError(
      `${path} is missing, and the keys of KMS cannot be opened without it. Put it back from where it was backed up.`,
    );
  }
  const known = inUse ? openSealingKey({ path: plainPath, fromEnvironment, random }) : undefined;
  const { key, ciphertext } = known
    ? { key: known, ciphertext: await external.encrypt(known) }
    : await external.generate();
  replaceFile(path, `${ciphertext.toString('base64')}\n`);
  rmSync(plainPath, { force: true });
  return key;
}
