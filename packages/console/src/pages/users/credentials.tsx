import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { condition, historyHref } from '../../app/links.ts';
import { useCall } from '../../hooks/use-call.ts';
import { ACTIVITY_RANGE } from '../../parts/access/activity.ts';
import { CopyText } from '../../ui/copy-text.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Time } from '../../ui/time.tsx';
import { type AccessKey, accessKeysOf, type Device, devicesOf, passwordOf, type UserFacts } from './calls.ts';

/** With what a user signs in and calls. */
export function Credentials({ user: { UserName: name } }: { readonly user: UserFacts }) {
  const keys = useCall((signal) => accessKeysOf(name, signal), [name]);
  const password = useCall(async (signal) => ({ is: await passwordOf(name, signal) }), [name]);
  const devices = useCall((signal) => devicesOf(name, signal), [name]);
  return (
    <SpaceBetween size="l">
      <Loaded call={keys} failed="The access keys could not be loaded">
        {(loaded) => <List title="Access keys" items={loaded} columns={KEY_COLUMNS} idOf={({ id }) => id} />}
      </Loaded>
      <Loaded call={password} failed="The password could not be asked for">
        {({ is }) => (
          <Container header={<Header variant="h2">Console sign-in</Header>}>
            <KeyValuePairs
              columns={3}
              items={[
                {
                  label: 'Password',
                  value: is ? (
                    <StatusIndicator>Set</StatusIndicator>
                  ) : (
                    <StatusIndicator type="stopped">None</StatusIndicator>
                  ),
                },
                { label: 'Set up', value: <Time value={is?.CreateDate} /> },
                { label: 'Must be changed', value: is ? (is.PasswordResetRequired === 'true' ? 'Yes' : 'No') : '-' },
              ]}
            />
          </Container>
        )}
      </Loaded>
      <Loaded call={devices} failed="The MFA devices could not be loaded">
        {(loaded) => (
          <List title="MFA devices" items={loaded} columns={DEVICE_COLUMNS} idOf={({ SerialNumber }) => SerialNumber} />
        )}
      </Loaded>
    </SpaceBetween>
  );
}

interface ListProps<T> {
  readonly title: string;
  readonly items: readonly T[];
  readonly columns: readonly TableProps.ColumnDefinition<T>[];
  readonly idOf: (item: T) => string;
}

function List<T>({ title, items, columns, idOf }: ListProps<T>) {
  return (
    <Table
      variant="container"
      wrapLines
      items={items}
      trackBy={idOf}
      columnDefinitions={columns}
      ariaLabels={{ tableLabel: title }}
      header={
        <Header variant="h2" counter={`(${items.length})`}>
          {title}
        </Header>
      }
      empty={<EmptyState title={`No ${title}`} />}
    />
  );
}

const KEY_COLUMNS: readonly TableProps.ColumnDefinition<AccessKey>[] = [
  {
    id: 'id',
    header: 'Access key ID',
    isRowHeader: true,
    cell: ({ id }) => <CopyText text={id} label="access key ID" />,
  },
  {
    id: 'status',
    header: 'Status',
    cell: ({ isActive }) => (
      <StatusIndicator type={isActive ? 'success' : 'stopped'}>{isActive ? 'Active' : 'Inactive'}</StatusIndicator>
    ),
  },
  { id: 'created', header: 'Created', cell: ({ created }) => <Time value={created} as="short" /> },
  {
    id: 'used',
    header: 'Last used',
    cell: ({ used }) =>
      used ? (
        <>
          <Time value={used.at} as="short" /> for {used.service} in {used.region}
        </>
      ) : (
        'Never'
      ),
  },
  {
    id: 'events',
    header: 'Events',
    cell: ({ id }) => (
      <Link
        href={historyHref({ filter: condition('accessKeyId', id), range: ACTIVITY_RANGE })}
        ariaLabel={`Show events of ${id}`}
      >
        Show
      </Link>
    ),
  },
];

const DEVICE_COLUMNS: readonly TableProps.ColumnDefinition<Device>[] = [
  {
    id: 'serial',
    header: 'Device',
    isRowHeader: true,
    cell: ({ SerialNumber }) => <CopyText text={SerialNumber} label="serial number" />,
  },
  { id: 'enabled', header: 'Enabled', cell: ({ EnableDate }) => <Time value={EnableDate} as="short" /> },
];
