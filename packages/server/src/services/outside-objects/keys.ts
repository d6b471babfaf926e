import { environmentKeys, readProfile, sharedCredentialsPath } from '../../access/credentials-file.ts';
import { OperatorError } from '../../base/errors.ts';
import type { Credentials } from '../../wire/sigv4/index.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The operator's keys for the store outside: a profile of AWS's shared credentials file, read again at every request so
 * that keys can be changed while OpenTrail runs, or without one those of the environment.
 * @throws OperatorError when there are none; so does the function that it gives
 */
export function outsideKeys(profile: string | undefined, env: Env): () => Credentials {
  const file = sharedCredentialsPath(env);
  const read = (): Credentials => {
    const found = profile === undefined ? environmentKeys(env) : readProfile(file, profile);
    if (found) return found;
    throw new OperatorError(
      profile === undefined
        ? '--objects-endpoint needs keys for that store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile by --objects-profile.'
        : `There is no profile [${profile}] with keys in ${file}; --objects-profile names it.`,
    );
  };
  read();
  return read;
}
