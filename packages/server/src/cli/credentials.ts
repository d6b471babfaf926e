import { environmentKeys, readProfile, sharedCredentialsPath } from '../access/credentials-file.ts';
import { OperatorError } from '../base/errors.ts';
import type { Credentials } from '../wire/sigv4/index.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The keys to sign with, found where AWS's own clients find them: environment, then a profile of the shared
 * credentials file. Without either, the credentials that the OpenTrail of this folder made at its first start.
 * @throws OperatorError saying where was looked
 */
export function findCredentials(env: Env, ownFile: string): Credentials {
  const fromEnvironment = environmentKeys(env);
  if (fromEnvironment) return fromEnvironment;
  const isOurs = env.AWS_SHARED_CREDENTIALS_FILE === undefined && env.AWS_PROFILE === undefined;
  const file = isOurs ? ownFile : sharedCredentialsPath(env);
  const profile = env.AWS_PROFILE ?? (isOurs ? 'opentrail' : 'default');
  const found = readProfile(file, profile);
  if (found) return found;
  throw new OperatorError(
    `No credentials: neither AWS_ACCESS_KEY_ID in the environment, nor profile [${profile}] in ${file}. Run \`eval "$(opentrail env)"\` in the folder where OpenTrail was started, or set AWS_PROFILE.`,
  );
}
