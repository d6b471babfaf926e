import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { useMemo } from 'react';
import { useSession } from '../../api/session.ts';
import { condition } from '../../app/links.ts';
import { pathTo } from '../../app/router.ts';
import { type Call, useCall } from '../../hooks/use-call.ts';
import { eventCounts } from '../../parts/access/activity.ts';
import { EventCount } from '../../parts/access/event-count.tsx';
import { allRoles, type Role } from '../../parts/access/iam.ts';
import { trustedText } from '../../parts/access/trusted.ts';
import { ListPage } from '../../ui/list-page.tsx';
import { Time } from '../../ui/time.tsx';

const roleHref = (name: string): string => pathTo('/roles/:name', { name });

/** IAM roles: who may act as them, when somebody last did. */
export default function RolesPage() {
  const { AccountId } = useSession();
  const roles = useCall(allRoles, [AccountId]);
  const counts = useCall(
    (signal) => eventCounts('issuerArn', 'userType = AssumedRole', AccountId, signal),
    [AccountId],
  );
  const columns = useMemo(() => columnsWith(counts), [counts]);
  return (
    <ListPage
      title="Roles"
      description="IAM roles of the account. Whoever a role trusts may act as it for a time."
      call={roles}
      columns={columns}
      idOf={({ id }) => id}
      textOf={({ name, arn, trust }) => [name, arn, trust].join(' ')}
      empty={{ title: 'No roles', hint: 'Roles are made with aws iam create-role.' }}
      failed="Roles could not be loaded"
      onReload={() => {
        roles.reload();
        counts.reload();
      }}
    />
  );
}

const columnsWith = (counts: Call<ReadonlyMap<string, number>>): readonly TableProps.ColumnDefinition<Role>[] => [
  {
    id: 'name',
    header: 'Role name',
    sortingField: 'name',
    isRowHeader: true,
    minWidth: 180,
    cell: ({ name }) => <Link href={roleHref(name)}>{name}</Link>,
  },
  { id: 'trusted', header: 'Trusts', minWidth: 200, cell: ({ trust }) => trustedText(trust) },
  {
    id: 'policies',
    header: 'Policies',
    cell: ({ attached, inline }) => attached.length + inline.length || 'None',
  },
  {
    id: 'used',
    header: 'Last used',
    sortingField: 'lastUsed',
    minWidth: 130,
    cell: ({ lastUsed }) => (lastUsed ? <Time value={lastUsed} as="ago" /> : 'Never'),
  },
  {
    id: 'events',
    header: 'Events in 90 days',
    cell: ({ arn }) => <EventCount counts={counts} of={arn} filter={condition('issuerArn', arn)} />,
  },
  {
    id: 'created',
    header: 'Created',
    sortingField: 'created',
    minWidth: 170,
    cell: ({ created }) => <Time value={created} as="short" />,
  },
];
