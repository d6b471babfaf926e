import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import type { KeyOwner, KnownAccount, KnownKey, KnownRole, KnownUser } from './known-keys.ts';

/** A directory of some 50,000 keys. */
const FILE_BYTES_MAX = 16 << 20;

const accountId = z.string().regex(/^\d{12}$/, 'an account id has 12 digits');
/** IAM's own alphabet for names of users and roles. */
const name = z.string().regex(/^[\w+=,.@-]{1,128}$/, 'a name has 1 to 128 letters, digits or any of +=,.@_-');
const path = z.string().regex(/^\/([\x21-\x7e]{1,510}\/)?$/, 'a path begins and ends with /');
const principalId = z.string().regex(/^\w{1,128}$/, 'an id has letters and digits only');

const accessKey = z.strictObject({
  accessKeyId: z.string().regex(/^\w{1,128}$/, 'an access key id has 1 to 128 letters and digits'),
  secretAccessKey: z.string().min(1).max(256).optional(),
  status: z.enum(['Active', 'Inactive']).default('Active'),
});
const accessKeys = z.array(accessKey).default([]);

const account = z.strictObject({
  accountId,
  alias: z.string().min(1).max(63).optional(),
  root: z.strictObject({ accessKeys }).optional(),
  users: z
    .array(z.strictObject({ userName: name, userId: principalId.optional(), path: path.optional(), accessKeys }))
    .default([]),
  roles: z
    .array(
      z.strictObject({
        roleName: name,
        roleId: principalId.optional(),
        path: path.optional(),
        /** Keys that something uses as a session of the role. */
        sessions: z.array(z.strictObject({ sessionName: name, accessKeys })).default([]),
      }),
    )
    .default([]),
  /** AWS services that call with keys of their own; the service becomes `invokedBy`. */
  services: z
    .array(
      z.strictObject({
        service: z
          .string()
          .regex(/^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/, 'a service is named like autoscaling.amazonaws.com'),
        accessKeys,
      }),
    )
    .default([]),
  /** Keys of which only the account is known. */
  others: z.array(z.strictObject({ principalId: z.string().max(256).optional(), accessKeys })).default([]),
});

const fileSchema = z.strictObject({
  /** Where calls by unknown keys belong. */
  unknown: z.strictObject({ accountId }).optional(),
  accounts: z.array(account).default([]),
});

type Account = z.infer<typeof account>;

/** What the operator's file says. Users and roles by `<account>/<name>`. */
export interface NamedIdentities {
  readonly unknownAccountId: string | undefined;
  readonly keys: ReadonlyMap<string, KnownKey>;
  readonly users: ReadonlyMap<string, KnownUser>;
  readonly roles: ReadonlyMap<string, KnownRole>;
  readonly accounts: ReadonlyMap<string, KnownAccount>;
  readonly hasSecrets: boolean;
}

export const NOBODY_NAMED: NamedIdentities = {
  unknownAccountId: undefined,
  keys: new Map(),
  users: new Map(),
  roles: new Map(),
  accounts: new Map(),
  hasSecrets: false,
};

/** Users and roles are told apart by their names without regard to case, as IAM does. */
export const principalKey = (accountId: string, name: string): string => `${accountId}/${name.toLowerCase()}`;

/** The file as it is now, and what tells this version of it from others. */
export interface DirectoryFile {
  readonly identities: NamedIdentities;
  readonly isOpenToOthers: boolean;
}

/** Changes with every version of the file; '' when there is none that can be seen. */
export function fileVersion(path: string): string {
  try {
    const { mtimeMs, size, ino, mode } = statSync(path);
    return `${mtimeMs} ${size} ${ino} ${mode}`;
  } catch {
    return '';
  }
}

/** @throws OperatorError that says which entry is wrong, never what a secret is */
export function readDirectoryFile(path: string): DirectoryFile {
  let text: string;
  let isOpenToOthers: boolean;
  try {
    const stat = statSync(path);
    if (stat.size > FILE_BYTES_MAX) throw wrong(path, `it is larger than ${FILE_BYTES_MAX >> 20} MiB`);
    isOpenToOthers = (stat.mode & 0o077) !== 0;
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw wrong(path, `it cannot be read (${systemErrorCode(error) ?? error})`);
  }
  return { identities: parseDirectory(text, path), isOpenToOthers };
}

/** @throws OperatorError that says which entry is wrong, never what a secret is */
export function parseDirectory(text: string, path: string): NamedIdentities {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw wrong(path, 'it is not JSON'); // the parser's message would quote what stands there
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) throw wrong(path, parsed.error.issues.map(issueText).join('; '));
  const named = new Named(path);
  for (const [i, entry] of parsed.data.accounts.entries()) named.account(entry, `accounts[${i}]`);
  const { keys, users, roles, accounts, hasSecrets } = named;
  return { keys, users, roles, accounts, hasSecrets, unknownAccountId: parsed.data.unknown?.accountId };
}

const wrong = (path: string, why: string) =>
  new OperatorError(`The identities file ${path} cannot be used: ${why}. docs/gateway/identities.md shows its form.`);

function issueText({ path, message }: z.core.$ZodIssue): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `${place.replace(/^\./, '') || 'the file'}: ${message}`;
}

/** Gathers the file's entries by what they are looked up with, refusing what is named twice. */
class Named {
  readonly keys = new Map<string, KnownKey>();
  readonly users = new Map<string, KnownUser>();
  readonly roles = new Map<string, KnownRole>();
  readonly accounts = new Map<string, KnownAccount>();
  hasSecrets = false;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  account({ accountId, alias, root, users, roles, services, others }: Account, place: string): void {
    this.#add(this.accounts, accountId, { ...(alias !== undefined && { alias }) }, place);
    const keys = (owner: KeyOwner, entries: Account['users'][number]['accessKeys'], at: string) =>
      entries.forEach(({ accessKeyId, secretAccessKey, status }, i) => {
        this.hasSecrets ||= secretAccessKey !== undefined;
        const secret = secretAccessKey !== undefined && { secretAccessKey };
        const key: KnownKey = { accountId, owner, source: 'file', active: status === 'Active', ...secret };
        this.#add(this.keys, accessKeyId, key, `${place}.${at}.accessKeys[${i}]`);
      });
    if (root) keys({ kind: 'root' }, root.accessKeys, 'root');
    users.forEach(({ userName, userId, path, accessKeys }, i) => {
      const arn = path !== undefined && { arn: `arn:aws:iam::${accountId}:user${path}${userName}` };
      const user = { ...(userId !== undefined && { userId }), ...arn };
      this.#add(this.users, principalKey(accountId, userName), user, `${place}.users[${i}]`);
      keys({ kind: 'user', userName }, accessKeys, `users[${i}]`);
    });
    roles.forEach(({ roleName, roleId, path, sessions }, i) => {
      const arn = path !== undefined && { arn: `arn:aws:iam::${accountId}:role${path}${roleName}` };
      const role = { ...(roleId !== undefined && { roleId }), ...arn };
      this.#add(this.roles, principalKey(accountId, roleName), role, `${place}.roles[${i}]`);
      sessions.forEach(({ sessionName, accessKeys }, j) => {
        const owner: KeyOwner = {
          kind: 'role',
          roleName,
          ...(roleId !== undefined && { roleId, principalId: `${roleId}:${sessionName}` }),
          arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
        };
        keys(owner, accessKeys, `roles[${i}].sessions[${j}]`);
      });
    });
    services.forEach(({ service, accessKeys }, i) => {
      keys({ kind: 'service', service }, accessKeys, `services[${i}]`);
    });
    others.forEach(({ principalId, accessKeys }, i) => {
      keys({ kind: 'account', ...(principalId !== undefined && { principalId }) }, accessKeys, `others[${i}]`);
    });
  }

  #add<T>(to: Map<string, T>, id: string, value: T, place: string): void {
    if (to.has(id)) throw wrong(this.#path, `${place}: ${id} is named a second time`);
    to.set(id, value);
  }
}
