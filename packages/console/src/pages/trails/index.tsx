import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import { useMemo } from 'react';
import { trailHref } from '../../app/links.ts';
import { useCall } from '../../hooks/use-call.ts';
import { allTrails } from '../../parts/trails/calls.ts';
import { problemsOf } from '../../parts/trails/health.ts';
import { logsFolder, type Trail } from '../../parts/trails/trail.ts';
import { ListPage } from '../../ui/list-page.tsx';
import { Time } from '../../ui/time.tsx';
import { StateText, type StatusOf, useStatuses } from './state-text.tsx';

const NONE: readonly Trail[] = [];

/** All trails, how they are, and what keeps them from delivering. */
export default function TrailsPage() {
  const trails = useCall(allTrails, []);
  const statuses = useStatuses(trails.data ?? NONE);
  const columns = useMemo(() => columnsWith(statuses.data), [statuses.data]);
  return (
    <ListPage
      title="Trails"
      description="A trail delivers events to a bucket, for as long as you want to keep them."
      call={{ ...trails, data: trails.data && { items: trails.data, isCut: false } }}
      columns={columns}
      idOf={({ TrailARN }) => TrailARN}
      textOf={({ Name, TrailARN, S3BucketName }) => `${Name} ${TrailARN} ${S3BucketName}`}
      empty={{
        title: 'No trails',
        hint: 'Events are in the event history in any case. A trail also keeps them in a bucket of yours.',
        action: { text: 'Create trail', href: '/trails/create' },
      }}
      failed="Trails could not be loaded"
      onReload={() => {
        trails.reload();
        statuses.reload();
      }}
      actions={
        <Button variant="primary" href="/trails/create">
          Create trail
        </Button>
      }
    />
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
      sortingField: 'Name',
      cell: (trail) => <Link href={trailHref(trail.TrailARN)}>{trail.Name}</Link>,
    },
    { id: 'state', header: 'State', minWidth: 220, cell: (trail) => <StateCell trail={trail} told={of(trail)} /> },
    { id: 'delivery', header: 'Last log file', minWidth: 150, cell: (trail) => <LastDelivery told={of(trail)} /> },
    {
      id: 'regions',
      header: 'Regions',
      minWidth: 170,
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
