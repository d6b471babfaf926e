import { environmentKeys, readProfile, sharedCredentialsPath } from '../../access/credentials-file.ts';
import { OperatorError } from '../../base/errors.ts';
import type { Credentials } from '../../wire/sigv4/index.ts';

export interface OutsideSettings {
  readonly endpoint: string;
  readonly profile: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The operator's keys for what is outside: a profile of AWS's shared credentials file, read again at every request so
 * that keys can be changed while OpenTrail runs, or without one those of the environment.
 * @param settings which needs them, and which names the profile, for messages
 * @throws OperatorError when there are none; so does the function that it gives
 */
export function outsideKeys(
  profile: string | undefined,
  env: Env,
  settings: OutsideSettings = { endpoint: '--objects-endpoint', profile: '--objects-profile' },
): () => Credentials {
  const file = sharedCredentialsPath(env);
  const read = (): Credentials => {
    const found = profile === undefined ? environmentKeys(env) : readProfile(file, profile);
    if (found) return found;
    throw new OperatorError(
      profile === undefined
        ? `${settings.endpoint} needs keys for what is there: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile by ${settings.profile}.`
        : `There is no profile [${profile}] with keys in ${file}; ${settings.profile} names it.`,
    );
  };
  read();
  return read;
}
