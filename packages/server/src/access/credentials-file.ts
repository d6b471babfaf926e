import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import type { AccountKeys, KeyPair } from './identities.ts';

/**
 * The file in which AWS's clients find OpenTrail's keys (AWS_SHARED_CREDENTIALS_FILE): profile `opentrail` is the
 * operator account's administrator, `opentrail-root` its root, `opentrail-<account>` another account's administrator.
 * State is the truth: a profile that was lost is written again, and sections that are not ours stay as they are.
 * @throws OperatorError when the file is open to others, is no plain file, or cannot be written
 */
export function updateCredentialsFile(path: string, accounts: readonly AccountKeys[], operatorAccountId: string): void {
  const profiles = new Map<string, KeyPair>();
  for (const { accountId, administrator, root } of accounts) {
    const isOperator = accountId === operatorAccountId;
    if (administrator) profiles.set(isOperator ? 'opentrail' : `opentrail-${accountId}`, administrator);
    if (isOperator && root) profiles.set('opentrail-root', root);
  }
  try {
    const before = readPrivately(path);
    const after = withProfiles(before, profiles);
    if (after !== before) replaceFile(path, after);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(
      `Cannot write the credentials file ${path}: ${systemErrorCode(error) ?? error}. Make its folder writable, or free some space.`,
      { cause: error },
    );
  }
}

/** '' when there is no such file. */
function readPrivately(path: string): string {
  let stat: Stats;
  try {
    stat = lstatSync(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw error;
  }
  if (!stat.isFile()) {
    throw new OperatorError(
      `${path} is not a plain file, so no secrets are written there. Move it away and start again.`,
    );
  }
  if ((stat.mode & 0o077) !== 0) {
    throw new OperatorError(
      `${path} holds secrets and others may read it. Run: chmod 600 ${path} (and make new keys if others may have).`,
    );
  }
  return readFileSync(path, 'utf8');
}

const SECTION = /^\s*\[\s*([^\]]*?)\s*\]/;

/** The file's text with these profiles in place, the new ones at its end. */
function withProfiles(text: string, profiles: ReadonlyMap<string, KeyPair>): string {
  const missing = new Map(profiles);
  const out: string[] = [];
  let ours = false;
  for (const line of text === '' ? [] : text.replace(/\n+$/, '').split('\n')) {
    const name = SECTION.exec(line)?.[1];
    if (name !== undefined) {
      const keys = missing.get(name);
      ours = profiles.has(name); // a second section of the same name goes too
      missing.delete(name);
      if (keys) out.push(...section(name, keys), '');
    }
    if (!ours) out.push(line);
  }
  for (const [name, keys] of missing)
    out.push(...(out.length > 0 && out.at(-1) !== '' ? [''] : []), ...section(name, keys));
  return `${out.join('\n').replace(/\n+$/, '')}\n`;
}

const section = (name: string, { accessKeyId, secretAccessKey }: KeyPair): string[] => [
  `[${name}]`,
  `aws_access_key_id = ${accessKeyId}`,
  `aws_secret_access_key = ${secretAccessKey}`,
];

/** Writes a file of secrets. All or nothing, whenever the machine stops: written beside, made durable, moved over. */
export function replaceFile(path: string, text: string): void {
  const beside = `${path}.new`;
  rmSync(beside, { force: true }); // left by a process that died
  writeFileSync(beside, text, { mode: 0o600, flag: 'wx', flush: true });
  renameSync(beside, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Where AWS's clients keep their keys. */
export const sharedCredentialsPath = (env: Readonly<Record<string, string | undefined>>): string =>
  env.AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), '.aws', 'credentials');

/** Keys to sign with. */
export interface ProfileKeys extends KeyPair {
  readonly sessionToken?: string;
}

/** The keys of a profile; undefined when the file does not exist or does not name it. @throws OperatorError */
export function readProfile(file: string, profile: string): ProfileKeys | undefined {
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

/** The keys that the environment has for AWS's clients; undefined when it has none. */
export function environmentKeys(env: Readonly<Record<string, string | undefined>>): ProfileKeys | undefined {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}
