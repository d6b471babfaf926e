import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import type { PageParams } from '../../app/routes.tsx';
import { useCall } from '../../hooks/use-call.ts';
import { PolicyDocument } from '../../parts/access/policy-document.tsx';
import { Tags } from '../../parts/access/tags.tsx';
import { RecentEvents } from '../../parts/events/recent-events.tsx';
import { CopyText } from '../../ui/copy-text.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { callerName } from '../../ui/format.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { UrlTabs } from '../../ui/url-tabs.tsx';
import { visible } from '../../ui/visible.ts';
import { type Grant, getKey, grantsOf, type Key, keyPolicy, type Rotation, rotationOf, tagsOf } from './calls.ts';
import { KeyState } from './key-state.tsx';
import { usesOf } from './uses.ts';

const BACK = { text: 'Keys', href: '/keys' };
const BREADCRUMBS = [BACK];
const MISSING = { title: 'No such key', back: BACK };

/** One key: who used it, who may, how it is kept. */
export default function KeyPage({ params: { arn = '' } }: PageParams) {
  const [, , , region = ''] = arn.split(':');
  const id = arn.slice(arn.lastIndexOf('/') + 1);
  const key = useCall((signal) => getKey(arn, { region, signal }), [arn, region]);
  const rotation = useCall((signal) => rotationOf(arn, { region, signal }), [arn, region]);
  return (
    <Page
      title={key.data?.aliases[0] ?? id}
      breadcrumbs={BREADCRUMBS}
      description={<CopyText text={arn} label="ARN" />}
    >
      <Loaded call={key} failed="The key could not be loaded" missing={MISSING}>
        {(loaded) => (
          <SpaceBetween size="l">
            <Summary of={loaded} rotation={rotation.data} />
            <KeyTabs of={loaded} region={region} />
          </SpaceBetween>
        )}
      </Loaded>
    </Page>
  );
}

function Summary({ of, rotation }: { readonly of: Key; readonly rotation: Rotation | undefined }) {
  return (
    <Container header={<Header variant="h2">Summary</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: 'State', value: <KeyState of={of} /> },
          ...(of.DeletionDate === undefined
            ? []
            : [{ label: 'Will be deleted', value: <Time value={of.DeletionDate} /> }]),
          { label: 'Aliases', value: of.aliases.join(', ') || 'None' },
          { label: 'Description', value: of.Description ? visible(of.Description) : '-' },
          { label: 'Automatic rotation', value: <RotationText of={rotation} /> },
          { label: 'Key spec', value: of.KeySpec },
          { label: 'Managed by', value: of.KeyManager === 'AWS' ? 'AWS' : 'Customer' },
          { label: 'Created', value: <Time value={of.CreationDate} /> },
        ]}
      />
    </Container>
  );
}

/** Who may not ask for it sees none. */
function RotationText({ of }: { readonly of: Rotation | undefined }) {
  if (!of) return <>-</>;
  if (!of.KeyRotationEnabled) return <>Off</>;
  return (
    <>
      Every {of.RotationPeriodInDays ?? 365} days, next on <Time value={of.NextRotationDate} as="short" />
    </>
  );
}

function KeyTabs({ of, region }: { readonly of: Key; readonly region: string }) {
  const place = { id: of.KeyId, region };
  return (
    <UrlTabs
      ariaLabel="Key"
      tabs={[
        {
          id: 'activity',
          label: 'Activity',
          content: (
            <RecentEvents
              title="Uses and changes of this key"
              description="Also those that were refused, the newest first. Who only looked at it is left out."
              filter={usesOf(of.Arn)}
              none="The key was not used in the last 90 days."
            />
          ),
        },
        { id: 'policy', label: 'Key policy', content: <Policy {...place} /> },
        { id: 'grants', label: 'Grants', content: <Grants {...place} /> },
        { id: 'tags', label: 'Tags', content: <KeyTags {...place} /> },
      ]}
    />
  );
}

interface KeyPlace {
  readonly id: string;
  readonly region: string;
}

function Policy({ id, region }: KeyPlace) {
  const policy = useCall((signal) => keyPolicy(id, { region, signal }), [id, region]);
  return (
    <Container header={<Header variant="h2">Key policy</Header>}>
      <Loaded call={policy} failed="The key policy could not be loaded">
        {(text) => <PolicyDocument text={text} label="key policy" />}
      </Loaded>
    </Container>
  );
}

function Grants({ id, region }: KeyPlace) {
  const grants = useCall((signal) => grantsOf(id, { region, signal }), [id, region]);
  return (
    <Loaded call={grants} failed="The grants could not be loaded">
      {(loaded) => (
        <Table
          variant="container"
          wrapLines
          items={loaded}
          trackBy="GrantId"
          columnDefinitions={GRANT_COLUMNS}
          ariaLabels={{ tableLabel: 'Grants' }}
          header={
            <Header variant="h2" counter={`(${loaded.length})`}>
              Grants
            </Header>
          }
          empty={<EmptyState title="No grants" />}
        />
      )}
    </Loaded>
  );
}

const GRANT_COLUMNS: readonly TableProps.ColumnDefinition<Grant>[] = [
  {
    id: 'grantee',
    header: 'Granted to',
    isRowHeader: true,
    cell: ({ GranteePrincipal = '' }) => callerName(GranteePrincipal),
  },
  { id: 'name', header: 'Name', cell: ({ Name }) => (Name ? visible(Name) : '-') },
  { id: 'operations', header: 'Operations', cell: ({ Operations = [] }) => Operations.join(', ') },
  { id: 'created', header: 'Created', cell: ({ CreationDate }) => <Time value={CreationDate} as="short" /> },
];

function KeyTags({ id, region }: KeyPlace) {
  const tags = useCall((signal) => tagsOf(id, { region, signal }), [id, region]);
  return (
    <Loaded call={tags} failed="The tags could not be loaded">
      {(loaded) => <Tags tags={loaded} />}
    </Loaded>
  );
}
