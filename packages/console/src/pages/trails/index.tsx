import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useMemo } from 'react';
import { trailHref } from '../../app/links.ts';
import { text, useUrlState } from '../../app/url-state.ts';
import { useCall } from '../../hooks/use-call.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorState } from '../../ui/error-state.tsx';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { allTrails } from './calls.ts';
import { problemsOf } from './logic/health.ts';
import { logsFolder, type Trail } from './logic/trail.ts';
import { StateText, type StatusOf, useStatuses } from './state-text.tsx';

const STATE = { q: text() } as const;
const NONE: readonly Trail[] = [];

/** All trails, how they are, and what keeps them from delivering. */
export default function TrailsPage() {
  const trails = useCall(allTrails, []);
  const statuses = useStatuses(trails.data ?? NONE);
  const [{ q }, change] = useUrlState(STATE);
  const shown = (trails.data ?? NONE).filter((trail) => matches(trail, q));
  const columns = useMemo(() => columnsWith(statuses.data), [statuses.data]);
  const reload = () => {
    trails.reload();
    statuses.reload();
  };
  return (
    <Page title="Trails" header={false} contentType="table">
      <SpaceBetween size="l">
        {trails.error && <ErrorState error={trails.error} title="Trails could not be loaded" onRetry={trails.reload} />}
        <Table
          variant="full-page"
          stickyHeader
          columnDefinitions={columns}
          items={shown}
          trackBy="TrailARN"
          loading={trails.loading && !trails.data}
          loadingText="Loading trails"
          ariaLabels={{ tableLabel: 'Trails' }}
          header={
            <ListHeader count={trails.data?.length} busy={trails.loading || statuses.loading} onReload={reload} />
          }
          filter={
            trails.data?.length !== 0 && (
              <TextFilter
                filteringText={q}
                filteringPlaceholder="Find trails"
                filteringAriaLabel="Find trails"
                countText={`${shown.length} of ${trails.data?.length ?? 0}`}
                onChange={({ detail }) => change({ q: detail.filteringText }, { replace: true })}
              />
            )
          }
          empty={<NoTrails isFiltered={q !== ''} onClear={() => change({ q: '' })} />}
        />
      </SpaceBetween>
    </Page>
  );
}

const matches = (trail: Trail, wanted: string): boolean =>
  [trail.Name, trail.TrailARN, trail.S3BucketName].some((value) => value.toLowerCase().includes(wanted.toLowerCase()));

interface ListHeaderProps {
  readonly count: number | undefined;
  readonly busy: boolean;
  readonly onReload: () => void;
}

function ListHeader({ count, busy, onReload }: ListHeaderProps) {
  return (
    <Header
      variant="awsui-h1-sticky"
      {...(count !== undefined && { counter: `(${count})` })}
      description="A trail delivers events to a bucket, for as long as you want to keep them."
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="refresh" ariaLabel="Reload trails" loading={busy} onClick={onReload} />
          <Button variant="primary" href="/trails/create">
            Create trail
          </Button>
        </SpaceBetween>
      }
    >
      Trails
    </Header>
  );
}

function NoTrails({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }) {
  if (isFiltered)
    return <EmptyState title="No trail matches" action={{ text: 'Clear the filter', onClick: onClear }} />;
  return (
    <EmptyState title="No trails" action={{ text: 'Create trail', href: '/trails/create' }}>
      Events are in the event history in any case. A trail also keeps them in a bucket of yours.
    </EmptyState>
  );
}

function columnsWith(statuses: ReadonlyMap<string, StatusOf> | undefined): TableProps.ColumnDefinition<Trail>[] {
  const of = (trail: Trail) => statuses?.get(trail.TrailARN);
  return [
    {
      id: 'name',
      header: 'Name',
      isRowHeader: true,
      minWidth: 140,
      cell: (trail) => <Link href={trailHref(trail.TrailARN)}>{trail.Name}</Link>,
    },
    { id: 'state', header: 'State', minWidth: 220, cell: (trail) => <StateCell trail={trail} told={of(trail)} /> },
    { id: 'delivery', header: 'Last log file', minWidth: 130, cell: (trail) => <LastDelivery told={of(trail)} /> },
    {
      id: 'regions',
      header: 'Regions',
      cell: (trail) => (trail.IsMultiRegionTrail ? `All (home ${trail.HomeRegion})` : trail.HomeRegion),
    },
    {
      id: 'place',
      header: 'Bucket and folder',
      minWidth: 200,
      cell: (trail) => `${trail.S3BucketName}/${logsFolder(trail)}`,
    },
    { id: 'scope', header: 'Of', cell: (trail) => (trail.IsOrganizationTrail ? 'Organization' : 'Account') },
  ];
}

/** The state and, in plain words, what is wrong. */
function StateCell({ trail, told }: { readonly trail: Trail; readonly told: StatusOf | undefined }) {
  if (told === undefined) return <StatusIndicator type="loading">Loading</StatusIndicator>;
  if ('problem' in told) return <StatusIndicator type="info">{told.problem}</StatusIndicator>;
  const problems = problemsOf(trail, told.status);
  return (
    <SpaceBetween size="xxs">
      <StateText trail={trail} status={told.status} />
      {problems.map(({ about, says }) => (
        <Box key={about} fontSize="body-s" color="text-body-secondary">
          {says}
        </Box>
      ))}
    </SpaceBetween>
  );
}

function LastDelivery({ told }: { readonly told: StatusOf | undefined }) {
  if (!told || 'problem' in told) return <>-</>;
  return <Time value={told.status.LatestDeliveryTime} as="ago" />;
}
