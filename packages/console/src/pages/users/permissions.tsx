import SpaceBetween from '@cloudscape-design/components/space-between';
import { useCall } from '../../hooks/use-call.ts';
import { Boundary } from '../../parts/access/boundary.tsx';
import { policiesOf } from '../../parts/access/iam.ts';
import { Policies } from '../../parts/access/policies.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { groupsOf, type UserFacts } from './calls.ts';

/** What a user may do: its own policies, those of its groups, and what bounds them. */
export function Permissions({ user }: { readonly user: UserFacts }) {
  const name = user.UserName;
  const own = useCall((signal) => policiesOf('User', name, signal), [name]);
  const groups = useCall(
    async (signal) => {
      const names = await groupsOf(name, signal);
      return Promise.all(names.map(async (group) => ({ group, of: await policiesOf('Group', group, signal) })));
    },
    [name],
  );
  const boundary = user.PermissionsBoundary?.PermissionsBoundaryArn;
  return (
    <SpaceBetween size="l">
      <Loaded call={own} failed="The user's policies could not be loaded">
        {(of) => <Policies title="Policies of the user" of={of} none="The user has none of its own." />}
      </Loaded>
      <Loaded call={groups} failed="The user's groups could not be loaded">
        {(all) => (
          <SpaceBetween size="l">
            {all.map(({ group, of }) => (
              <Policies key={group} title={`Policies of the group ${group}`} of={of} none="The group has none." />
            ))}
          </SpaceBetween>
        )}
      </Loaded>
      {boundary !== undefined && <Boundary arn={boundary} />}
    </SpaceBetween>
  );
}
