import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import type { Credentials } from '../wire/sigv4/index.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The keys to sign with, found where AWS's own clients find them: environment, then a profile of the shared
 * credentials file. Without either, the credentials that the OpenTrail of this folder made at its first start.
 * @throws OperatorError saying where was looked
 */
export function findCredentials(env: Env, ownFile: string): Credentials {
  if (env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY) {
    return {
      accessKeyId: env.AWS_ACCESS_KEY_ID,
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
      ...(env.AWS_SESSION_TOKEN && { sessionToken: env.AWS_SESSION_TOKEN }),
    };
  }
  const isOurs = env.AWS_SHARED_CREDENTIALS_FILE === undefined && env.AWS_PROFILE === undefined;
  const file = isOurs ? ownFile : (env.AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), '.aws', 'credentials'));
  const profile = env.AWS_PROFILE ?? (isOurs ? 'opentrail' : 'default');
  const found = readProfile(file, profile);
  if (found) return found;
  throw new OperatorError(
    `No credentials: neither AWS_ACCESS_KEY_ID in the environment, nor profile [${profile}] in ${file}. Run \`eval "$(opentrail env)"\` in the folder where OpenTrail was started, or set AWS_PROFILE.`,
  );
}

function readProfile(file: string, profile: string): Credentials | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new OperatorError(`Cannot read the credentials file ${file}: ${systemErrorCode(error) ?? error}.`);
  }
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\s*\[\s*(.+?)\s*\]/.exec(line);
    if (heading) section = heading[1]!;
    const setting = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line);
    if (setting && section === profile) values.set(setting[1]!, setting[2]!);
  }
  const accessKeyId = values.get('aws_access_key_id');
  const secretAccessKey = values.get('aws_secret_access_key');
  const sessionToken = values.get('aws_session_token');
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}
