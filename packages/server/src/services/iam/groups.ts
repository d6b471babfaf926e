import type * as iam from '@aws-sdk/client-iam';
import { type Group, keys, type User } from '../../access/iam/entities.ts';
import type { IamReader } from '../../access/iam/iam-data.ts';
import { newId } from '../../access/iam/new-entities.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, overQuota } from './errors.ts';
import { findGroup, findUser } from './find.ts';
import { groupOut, userOut } from './output.ts';
import { pageOf } from './pages.ts';

/** IAM's quotas. */
const GROUPS_MAX = 300;
const GROUPS_OF_USER_MAX = 10;

const arnOf = (accountId: string, path: string, name: string) => `arn:aws:iam::${accountId}:group${path}${name}`;
const alreadyExists = (name: string) => iamError('EntityAlreadyExists', `Group with name ${name} already exists.`);

async function membersOf(reader: IamReader, accountId: string, { groupName }: Group): Promise<readonly User[]> {
  return (await reader.list(keys.users(accountId))).filter(({ groups }) => groups.includes(groupName));
}

export function createGroupHandlers({ store: { data }, clock, random }: IamDeps): Record<string, Handler> {
  return {
    async CreateGroup({ caller: { accountId } }, input: iam.CreateGroupRequest): Promise<iam.CreateGroupResponse> {
      const groupName = input.GroupName!;
      const path = input.Path ?? '/';
      const group: Group = {
        groupName,
        groupId: newId(random, 'group'),
        arn: arnOf(accountId, path, groupName),
        path,
        createdMs: clock.now(),
        inline: {},
        attached: [],
      };
      await data.change(accountId, async (change) => {
        if (await change.get(keys.group(accountId, groupName))) throw alreadyExists(groupName);
        if ((await change.list(keys.groups(accountId))).length >= GROUPS_MAX)
          throw overQuota('GroupsPerAccount', GROUPS_MAX);
        change.put(keys.group(accountId, groupName), group);
      });
      return { Group: groupOut(group) };
    },

    async GetGroup({ caller: { accountId }, operation }, input: iam.GetGroupRequest): Promise<iam.GetGroupResponse> {
      const group = await findGroup(data, accountId, input.GroupName!);
      const members = await membersOf(data, accountId, group);
      const { page, end } = pageOf(members, ({ userName }) => userName, input, [operation, accountId, group.groupName]);
      return { Group: groupOut(group), Users: page.map(userOut), ...end };
    },

    async UpdateGroup({ caller: { accountId } }, input: iam.UpdateGroupRequest) {
      await data.change(accountId, async (change) => {
        const group = await findGroup(change, accountId, input.GroupName!);
        const groupName = input.NewGroupName ?? group.groupName;
        const path = input.NewPath ?? group.path;
        const [from, to] = [keys.group(accountId, group.groupName), keys.group(accountId, groupName)];
        if (to !== from) {
          if (await change.get(to)) throw alreadyExists(groupName);
          change.remove(from);
        }
        change.put(to, { ...group, groupName, path, arn: arnOf(accountId, path, groupName) });
        if (groupName === group.groupName) return;
        for (const user of await membersOf(change, accountId, group)) {
          const groups = user.groups.map((name) => (name === group.groupName ? groupName : name));
          change.put(keys.user(accountId, user.userName), { ...user, groups });
        }
      });
      return {};
    },

    async DeleteGroup({ caller: { accountId } }, input: iam.DeleteGroupRequest) {
      await data.change(accountId, async (change) => {
        const group = await findGroup(change, accountId, input.GroupName!);
        const first = [
          [(await membersOf(change, accountId, group)).length > 0, 'must remove users from group first.'],
          [Object.keys(group.inline).length > 0, 'must delete policies first.'],
          [group.attached.length > 0, 'must detach all policies first.'],
        ].find(([stands]) => stands);
        if (first) throw iamError('DeleteConflict', `Cannot delete entity, ${first[1]}`);
        change.remove(keys.group(accountId, group.groupName));
      });
      return {};
    },

    async ListGroups(
      { caller: { accountId }, operation },
      input: iam.ListGroupsRequest,
    ): Promise<iam.ListGroupsResponse> {
      const prefix = input.PathPrefix ?? '/';
      const groups = (await data.list(keys.groups(accountId))).filter(({ path }) => path.startsWith(prefix));
      const { page, end } = pageOf(groups, ({ groupName }) => groupName, input, [operation, accountId, prefix]);
      return { Groups: page.map(groupOut), ...end };
    },

    async ListGroupsForUser(
      { caller: { accountId }, operation },
      input: iam.ListGroupsForUserRequest,
    ): Promise<iam.ListGroupsForUserResponse> {
      const user = await findUser(data, accountId, input.UserName!);
      const { page, end } = pageOf(user.groups, (name) => name, input, [operation, accountId, user.userName]);
      const groups = await Promise.all(page.map((name) => data.get(keys.group(accountId, name))));
      return { Groups: groups.filter((group) => group !== undefined).map(groupOut), ...end };
    },

    /** Adding a member again changes nothing. */
    async AddUserToGroup({ caller: { accountId } }, input: iam.AddUserToGroupRequest) {
      await data.change(accountId, async (change) => {
        const group = await findGroup(change, accountId, input.GroupName!);
        const user = await findUser(change, accountId, input.UserName!);
        if (user.groups.includes(group.groupName)) return;
        if (user.groups.length >= GROUPS_OF_USER_MAX) throw overQuota('GroupsPerUser', GROUPS_OF_USER_MAX);
        change.put(keys.user(accountId, user.userName), { ...user, groups: [...user.groups, group.groupName] });
      });
      return {};
    },

    async RemoveUserFromGroup({ caller: { accountId } }, input: iam.RemoveUserFromGroupRequest) {
      await data.change(accountId, async (change) => {
        const group = await findGroup(change, accountId, input.GroupName!);
        const user = await findUser(change, accountId, input.UserName!);
        const groups = user.groups.filter((name) => name !== group.groupName);
        if (groups.length < user.groups.length) change.put(keys.user(accountId, user.userName), { ...user, groups });
      });
      return {};
    },
  };
}
