import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ACCOUNT, allow, harness, user } from './testing/harness.ts';

/** What users, groups and policies are, in the plainest way. */
interface Model {
  readonly users: Map<string, { groups: Set<string>; attached: Set<string> }>;
  readonly groups: Map<string, { attached: Set<string> }>;
  readonly policies: Set<string>;
}

const ARN = (name: string) => `arn:aws:iam::${ACCOUNT}:policy/${name}`;
const name = fc.constantFrom('a', 'b', 'c');

type Step = readonly [operation: string, who: string, what: string];
const OPERATIONS = [
  ...['CreateUser', 'DeleteUser', 'UpdateUser', 'CreateGroup', 'DeleteGroup', 'UpdateGroup', 'AddUserToGroup'],
  ...['RemoveUserFromGroup', 'CreatePolicy', 'DeletePolicy', 'AttachUserPolicy', 'DetachUserPolicy'],
  ...['AttachGroupPolicy', 'DetachGroupPolicy'],
];
const steps = fc.array(fc.tuple(fc.constantFrom(...OPERATIONS), name, name), { maxLength: 40 });

/** Does to the model what the operation does to IAM. @returns the code of the error, or ok */
function apply({ users, groups, policies }: Model, [operation, who, what]: Step): string {
  const isUsed = (policy: string) =>
    [...users.values(), ...groups.values()].some(({ attached }) => attached.has(policy));
  const holder = operation.includes('Group') ? groups.get(who) : users.get(who);
  const rename = <T>(map: Map<string, T>) => {
    const value = map.get(who);
    if (value === undefined) return 'NoSuchEntity';
    if (who !== what && map.has(what)) return 'EntityAlreadyExists';
    map.delete(who);
    map.set(what, value);
    return 'ok';
  };
  const make = (exists: boolean, then: () => unknown) => {
    if (exists) return 'EntityAlreadyExists';
    then();
    return 'ok';
  };
  switch (operation) {
    case 'CreateUser':
      return make(users.has(who), () => users.set(who, { groups: new Set(), attached: new Set() }));
    case 'CreateGroup':
      return make(groups.has(who), () => groups.set(who, { attached: new Set() }));
    case 'CreatePolicy':
      return make(policies.has(who), () => policies.add(who));
    case 'DeletePolicy':
      if (!policies.has(who)) return 'NoSuchEntity';
      if (isUsed(who)) return 'DeleteConflict';
      policies.delete(who);
      return 'ok';
    case 'DeleteUser': {
      const known = users.get(who);
      if (!known) return 'NoSuchEntity';
      if (known.groups.size + known.attached.size > 0) return 'DeleteConflict';
      users.delete(who);
      return 'ok';
    }
    case 'DeleteGroup': {
      const known = groups.get(who);
      if (!known) return 'NoSuchEntity';
      if (known.attached.size > 0 || [...users.values()].some((u) => u.groups.has(who))) return 'DeleteConflict';
      groups.delete(who);
      return 'ok';
    }
    case 'UpdateUser':
      return rename(users);
    case 'UpdateGroup': {
      const end = rename(groups);
      if (end === 'ok') for (const u of users.values()) if (u.groups.delete(who)) u.groups.add(what);
      return end;
    }
    case 'AddUserToGroup':
    case 'RemoveUserFromGroup': {
      if (!groups.has(who) || !users.has(what)) return 'NoSuchEntity';
      const mine = users.get(what)!.groups;
      if (operation.startsWith('Add')) mine.add(who);
      else mine.delete(who);
      return 'ok';
    }
    case 'AttachUserPolicy':
    case 'AttachGroupPolicy':
      if (!holder || !policies.has(what)) return 'NoSuchEntity';
      holder.attached.add(what);
      return 'ok';
    default:
      return holder?.attached.delete(what) ? 'ok' : 'NoSuchEntity';
  }
}

function inputOf([operation, who, what]: Step): object {
  if (operation === 'CreatePolicy') return { PolicyName: who, PolicyDocument: allow(`${who}:*`) };
  if (operation === 'DeletePolicy') return { PolicyArn: ARN(who) };
  if (operation === 'UpdateUser') return { UserName: who, NewUserName: what };
  if (operation === 'UpdateGroup') return { GroupName: who, NewGroupName: what };
  if (/^(Add|Remove)/.test(operation)) return { GroupName: who, UserName: what };
  const member = operation.includes('Group') ? 'GroupName' : 'UserName';
  return { [member]: who, ...(operation.endsWith('Policy') && { PolicyArn: ARN(what) }) };
}

it('behaves like the model, whatever is done in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (done) => {
      const iam = await harness();
      const model: Model = { users: new Map(), groups: new Map(), policies: new Set() };
      for (const step of done) {
        const end = await iam.ends(step[0], inputOf(step));
        expect(end.split(':')[0], JSON.stringify(step)).toBe(apply(model, step));
        for (const [userName, { groups, attached }] of model.users) {
          const all = [...attached, ...[...groups].flatMap((group) => [...model.groups.get(group)!.attached])];
          const { identity } = (await iam.store.policiesOf(ACCOUNT, user(userName).principal))!;
          const actions = identity.flatMap(({ statements }) => statements.flatMap(({ actions }) => actions));
          expect(actions.sort()).toEqual(all.map((policy) => `${policy}:*`).sort());
        }
      }
      const { Users } = await iam.call('ListUsers');
      const names = Users.map((u: { UserName: string }) => u.UserName);
      expect(names).toEqual([...model.users.keys(), 'opentrail'].sort());
    }),
    { numRuns: 60 },
  );
});
