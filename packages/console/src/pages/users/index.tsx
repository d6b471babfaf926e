import Link from '@cloudscape-design/components/link';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import { useMemo } from 'react';
import { useSession } from '../../api/session.ts';
import { condition } from '../../app/links.ts';
import { pathTo } from '../../app/router.ts';
import { type Call, useCall } from '../../hooks/use-call.ts';
import { eventCounts } from '../../parts/access/activity.ts';
import { EventCount } from '../../parts/access/event-count.tsx';
import { allUsers, type User, usersWithMfa } from '../../parts/access/iam.ts';
import { ListPage } from '../../ui/list-page.tsx';
import { Time } from '../../ui/time.tsx';

export const userHref = (name: string): string => pathTo('/users/:name', { name });

/** IAM users: who there is, how they are guarded, how much they do. */
export default function UsersPage() {
  const { AccountId } = useSession();
  const users = useCall(allUsers, [AccountId]);
  const mfa = useCall(usersWithMfa, [AccountId]);
  const counts = useCall((signal) => eventCounts('userArn', 'userType = IAMUser', AccountId, signal), [AccountId]);
  const columns = useMemo(() => columnsWith(mfa, counts), [mfa, counts]);
  return (
    <ListPage
      title="Users"
      description="IAM users of the account. Each has a name, and signs in with a password or calls with access keys."
      call={users}
      columns={columns}
      idOf={({ id }) => id}
      textOf={({ name, arn, groups }) => [name, arn, ...groups].join(' ')}
      empty={{ title: 'No users', hint: 'Users are made with aws iam create-user.' }}
      failed="Users could not be loaded"
      onReload={() => {
        users.reload();
        mfa.reload();
        counts.reload();
      }}
    />
  );
}

const columnsWith = (
  mfa: Call<ReadonlySet<string>>,
  counts: Call<ReadonlyMap<string, number>>,
): readonly TableProps.ColumnDefinition<User>[] => [
  {
    id: 'name',
    header: 'User name',
    sortingField: 'name',
    isRowHeader: true,
    minWidth: 160,
    cell: ({ name }) => <Link href={userHref(name)}>{name}</Link>,
  },
  { id: 'groups', header: 'Groups', minWidth: 140, cell: ({ groups }) => groups.join(', ') || 'None' },
  {
    id: 'policies',
    header: 'Own policies',
    cell: ({ attached, inline }) => attached.length + inline.length || 'None',
  },
  { id: 'mfa', header: 'MFA', minWidth: 110, cell: ({ name }) => <Mfa mfa={mfa} name={name} /> },
  {
    id: 'events',
    header: 'Events in 90 days',
    cell: ({ arn }) => <EventCount counts={counts} of={arn} filter={condition('userArn', arn)} />,
  },
  {
    id: 'created',
    header: 'Created',
    sortingField: 'created',
    minWidth: 170,
    cell: ({ created }) => <Time value={created} as="short" />,
  },
];

function Mfa({ mfa, name }: { readonly mfa: Call<ReadonlySet<string>>; readonly name: string }) {
  if (!mfa.data) return <>{mfa.error ? '-' : '…'}</>;
  return mfa.data.has(name) ? (
    <StatusIndicator>Active</StatusIndicator>
  ) : (
    <StatusIndicator type="stopped">None</StatusIndicator>
  );
}
