import { type Group, type InstanceProfile, keys, type Role, type User } from '../../access/iam/entities.ts';
import type { IamReader } from '../../access/iam/iam-data.ts';
import type { CallContext } from '../../wire/service.ts';
import { iamError, noSuch } from './errors.ts';

/** The entity of that name. @throws AwsError NoSuchEntity */
export async function findUser(reader: IamReader, accountId: string, name: string): Promise<User> {
  const user = await reader.get(keys.user(accountId, name));
  if (user) return user;
  throw noSuch(`The user with name ${name} cannot be found.`);
}

export async function findGroup(reader: IamReader, accountId: string, name: string): Promise<Group> {
  const group = await reader.get(keys.group(accountId, name));
  if (group) return group;
  throw noSuch(`The group with name ${name} cannot be found.`);
}

export async function findRole(reader: IamReader, accountId: string, name: string): Promise<Role> {
  const role = await reader.get(keys.role(accountId, name));
  if (role) return role;
  throw noSuch(`The role with name ${name} cannot be found.`);
}

/** @throws AwsError also when the role belongs to a service */
export async function findOwnRole(reader: IamReader, accountId: string, name: string): Promise<Role> {
  const role = await findRole(reader, accountId, name);
  if (role.linkedTo === undefined) return role;
  throw iamError(
    'UnmodifiableEntity',
    `Cannot perform the operation on the protected role '${role.roleName}' - this role is only modifiable by AWS`,
  );
}

export async function findInstanceProfile(
  reader: IamReader,
  accountId: string,
  name: string,
): Promise<InstanceProfile> {
  const profile = await reader.get(keys.instanceProfile(accountId, name));
  if (profile) return profile;
  throw noSuch(`Instance Profile ${name} cannot be found.`);
}

/**
 * The user that a call is about: the one it names, else who calls. undefined means root, who calls without naming anyone.
 * @throws AwsError ValidationError for sessions of roles, which are no users
 */
export function impliedUser({ caller }: CallContext, userName: string | undefined): string | undefined {
  if (userName !== undefined) return userName;
  const { kind, name } = caller.principal;
  if (kind === 'root') return undefined;
  if (kind === 'user' && name !== undefined) return name;
  throw iamError('ValidationError', 'Must specify userName when calling with non-User credentials');
}
