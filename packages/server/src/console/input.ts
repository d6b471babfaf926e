import type { IncomingMessage } from 'node:http';
import { whyBroken } from '../wire/broken-body.ts';
import { readBody } from '../wire/request.ts';
import { refusal } from './answers.ts';
import type { RoleInput } from './roles.ts';
import type { SignInInput } from './sign-in.ts';
import type { Visit } from './visit.ts';

/** A session token is the longest thing that is sent here, and has 8 KB. */
const BODY_BYTES_MAX = 16 * 1024;

/** A member of the body, and what it may look like. */
type Rules = Readonly<Record<string, RegExp>>;

const KEY: Rules = {
  AccessKeyId: /^\w{16,128}$/,
  SecretAccessKey: /^[\x21-\x7e]{1,256}$/,
  SessionToken: /^[\x21-\x7e]{1,8192}$/,
  MfaCode: /^\d{6}$/,
};
const PASSWORD: Rules = {
  AccountId: /^[a-zA-Z0-9-]{1,63}$/,
  UserName: /^[\w+=,.@-]{1,64}$/,
  Password: /^.{1,128}$/su,
  NewPassword: /^.{1,128}$/su,
  MfaCode: /^\d{6}$/,
};
const ROLE: Rules = {
  RoleArn: /^[\x21-\x7e]{20,2048}$/,
  RoleSessionName: /^[\w+=,.@-]{2,64}$/,
  ExternalId: /^[\w+=,.@:/-]{2,1224}$/,
};

/** @throws AwsError ValidationError */
function checked(body: Readonly<Record<string, unknown>>, rules: Rules, required: readonly string[]) {
  const wrong = (name: string, how: string) => refusal(400, 'ValidationError', `${name} ${how}.`);
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(body)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) throw wrong(name.slice(0, 64), 'is not known here');
    if (value === '' || value === null) continue; // a field that was left empty
    if (typeof value !== 'string' || !rule.test(value)) throw wrong(name, 'does not look right');
    out[name] = value;
  }
  const missing = required.find((name) => out[name] === undefined);
  if (missing !== undefined) throw wrong(missing, 'is missing');
  return out;
}

/**
 * The JSON object that a request brings. That it must be called JSON keeps forms of other sites out.
 * @throws AwsError UnsupportedMediaType, RequestEntityTooLarge, ValidationError, and what is wrong with a body that breaks off
 */
export async function readJson(req: IncomingMessage, { http }: Visit): Promise<Readonly<Record<string, unknown>>> {
  if (!/^application\/json\s*(;|$)/i.test(http.headers['content-type'] ?? '')) {
    throw refusal(415, 'UnsupportedMediaType', 'Send JSON, as application/json.');
  }
  const bytes = await readBody(req, BODY_BYTES_MAX);
  const broken = whyBroken(req);
  if (broken) throw broken;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw refusal(400, 'ValidationError', 'The body must be a JSON object.');
}

/** @throws AwsError ValidationError */
export function signInInput(body: Readonly<Record<string, unknown>>): SignInInput {
  if ('AccessKeyId' in body) {
    const { AccessKeyId, SecretAccessKey, SessionToken, MfaCode } = checked(body, KEY, [
      'AccessKeyId',
      'SecretAccessKey',
    ]);
    return {
      kind: 'key',
      accessKeyId: AccessKeyId!,
      secretAccessKey: SecretAccessKey!,
      ...(SessionToken !== undefined && { sessionToken: SessionToken }),
      ...(MfaCode !== undefined && { mfaCode: MfaCode }),
    };
  }
  const required = ['AccountId', 'UserName', 'Password'];
  const { AccountId, UserName, Password, NewPassword, MfaCode } = checked(body, PASSWORD, required);
  return {
    kind: 'password',
    account: AccountId!,
    userName: UserName!,
    password: Password!,
    ...(NewPassword !== undefined && { newPassword: NewPassword }),
    ...(MfaCode !== undefined && { mfaCode: MfaCode }),
  };
}

/** @throws AwsError ValidationError */
export function roleInput(body: Readonly<Record<string, unknown>>): RoleInput {
  const { RoleArn, RoleSessionName, ExternalId } = checked(body, ROLE, ['RoleArn']);
  return {
    roleArn: RoleArn!,
    ...(RoleSessionName !== undefined && { roleSessionName: RoleSessionName }),
    ...(ExternalId !== undefined && { externalId: ExternalId }),
  };
}
