import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { useMemo } from 'react';
import { useRegion, useSession } from '../../api/session.ts';
import { allOf, condition } from '../../app/links.ts';
import { pathTo } from '../../app/router.ts';
import { type Call, useCall } from '../../hooks/use-call.ts';
import { Time } from '../../ui/time.tsx';
import { eventCounts } from '../access/activity.ts';
import { EntityTable } from '../access/entity-table.tsx';
import { EventCount } from '../access/event-count.tsx';
import { allKeys, type Key } from './calls.ts';
import { KeyState } from './key-state.tsx';

const OF_KMS = 'eventSource = kms.amazonaws.com';
const keyHref = (arn: string): string => pathTo('/keys/:arn…', { arn });

/** The keys of KMS in the Region: what they are called, how they are, how much they are used. */
export default function KeysPage() {
  const { AccountId } = useSession();
  const region = useRegion();
  const listed = useCall((signal) => allKeys({ region, signal }), [AccountId, region]);
  const counts = useCall((signal) => eventCounts('resourceName', OF_KMS, AccountId, signal), [AccountId]);
  const keys: Call<readonly Key[]> = { ...listed, data: listed.data?.keys };
  const columns = useMemo(() => columnsWith(counts), [counts]);
  const more = listed.data?.isCut ? ` The first ${listed.data.keys.length} are shown.` : '';
  return (
    <EntityTable
      title="Keys"
      description={`KMS keys of the account in ${region}.${more}`}
      call={keys}
      columns={columns}
      idOf={({ KeyId }) => KeyId}
      textsOf={({ KeyId, Description = '', aliases }) => [KeyId, Description, ...aliases]}
      none="Keys are made with aws kms create-key. Other Regions may have some."
      onReload={() => {
        listed.reload();
        counts.reload();
      }}
    />
  );
}

const columnsWith = (counts: Call<ReadonlyMap<string, number>>): readonly TableProps.ColumnDefinition<Key>[] => [
  {
    id: 'alias',
    header: 'Alias',
    isRowHeader: true,
    minWidth: 170,
    sortingComparator: (a, b) => nameOf(a).localeCompare(nameOf(b)),
    cell: (key) => <Link href={keyHref(key.Arn)}>{nameOf(key)}</Link>,
  },
  { id: 'id', header: 'Key ID', minWidth: 190, cell: ({ KeyId }) => KeyId },
  { id: 'state', header: 'State', minWidth: 150, sortingField: 'KeyState', cell: (key) => <KeyState of={key} /> },
  {
    id: 'use',
    header: 'Use',
    minWidth: 170,
    cell: ({ KeySpec, KeyUsage }) => `${USES[KeyUsage] ?? KeyUsage}, ${KeySpec}`,
  },
  {
    id: 'manager',
    header: 'Managed by',
    sortingField: 'KeyManager',
    cell: ({ KeyManager }) => (KeyManager === 'AWS' ? 'AWS' : 'Customer'),
  },
  {
    id: 'events',
    header: 'Events in 90 days',
    cell: ({ Arn }) => <EventCount counts={counts} of={Arn} filter={allOf(OF_KMS, condition('resourceName', Arn))} />,
  },
  {
    id: 'created',
    header: 'Created',
    sortingField: 'CreationDate',
    minWidth: 170,
    cell: ({ CreationDate }) => <Time value={CreationDate} as="short" />,
  },
];

const USES: Readonly<Record<string, string>> = {
  ENCRYPT_DECRYPT: 'Encrypt and decrypt',
  SIGN_VERIFY: 'Sign and verify',
  GENERATE_VERIFY_MAC: 'MAC',
};

/** Without an alias, a key has nothing else to be called by. */
const nameOf = ({ aliases, KeyId }: Key): string =>
  aliases.map((alias) => alias.replace(/^alias\//, '')).join(', ') || KeyId;
