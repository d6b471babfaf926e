import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { useMemo } from 'react';
import { useRegion, useSession } from '../../api/session.ts';
import { pathTo } from '../../app/router.ts';
import { type Call, useCall } from '../../hooks/use-call.ts';
import { eventCounts } from '../../parts/access/activity.ts';
import { EventCount } from '../../parts/access/event-count.tsx';
import { ListPage } from '../../ui/list-page.tsx';
import { Time } from '../../ui/time.tsx';
import { allKeys, type Key } from './calls.ts';
import { KeyState } from './key-state.tsx';
import { USES, usesOf } from './uses.ts';

const keyHref = (arn: string): string => pathTo('/keys/:arn…', { arn });

/** The keys of KMS in the Region: what they are called, how they are, how much they are used. */
export default function KeysPage() {
  const { AccountId } = useSession();
  const region = useRegion();
  const keys = useCall((signal) => allKeys({ region, signal }), [AccountId, region]);
  const counts = useCall((signal) => eventCounts('resourceName', USES, AccountId, signal), [AccountId]);
  const columns = useMemo(() => columnsWith(counts), [counts]);
  const more = keys.data?.isCut ? ` The first ${keys.data.items.length} are shown.` : '';
  return (
    <ListPage
      title="Keys"
      description={`KMS keys of the account in ${region}.${more}`}
      call={keys}
      columns={columns}
      idOf={({ KeyId }) => KeyId}
      textOf={({ KeyId, Description = '', aliases }) => [KeyId, Description, ...aliases].join(' ')}
      empty={{ title: 'No keys', hint: 'Keys are made with aws kms create-key. Other Regions may have some.' }}
      failed="Keys could not be loaded"
      onReload={() => {
        keys.reload();
        counts.reload();
      }}
    />
  );
}

const columnsWith = (counts: Call<ReadonlyMap<string, number>>): readonly TableProps.ColumnDefinition<Key>[] => [
  {
    id: 'alias',
    header: 'Alias',
    sortingField: 'name',
    minWidth: 150,
    cell: ({ name, Arn }) => (name === '' ? '-' : <Link href={keyHref(Arn)}>{name}</Link>),
  },
  {
    id: 'id',
    header: 'Key ID',
    isRowHeader: true,
    minWidth: 315,
    cell: ({ KeyId, Arn }) => <Link href={keyHref(Arn)}>{KeyId}</Link>,
  },
  { id: 'state', header: 'State', minWidth: 185, sortingField: 'KeyState', cell: (key) => <KeyState of={key} /> },
  {
    id: 'events',
    header: 'Uses in 90 days',
    minWidth: 100,
    cell: ({ Arn }) => <EventCount counts={counts} of={Arn} filter={usesOf(Arn)} />,
  },
  {
    id: 'created',
    header: 'Created',
    sortingField: 'CreationDate',
    minWidth: 160,
    cell: ({ CreationDate }) => <Time value={CreationDate} as="short" />,
  },
];
