import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { searchEvents } from '../../api/search-events.ts';
import { historyHref } from '../../app/links.ts';
import { clock } from '../../base/clock.ts';
import { useCall } from '../../hooks/use-call.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorState } from '../../ui/error-state.tsx';
import { ACTIVITY_RANGE } from '../access/activity.ts';
import { EVENT_COLUMNS } from './columns.tsx';
import { type ShownEvent, shownOf } from './search.ts';

const SHOWN = 10;
const RANGE_MS = 90 * 86_400_000;

interface RecentEventsProps {
  readonly title: string;
  readonly description: string;
  /** Of the search language. */
  readonly filter: string;
  readonly none: string;
}

/** The newest events that a filter finds, and the way to all of them. */
export function RecentEvents({ title, description, filter, none }: RecentEventsProps) {
  const call = useCall((signal) => newest(filter, signal), [filter]);
  return (
    <Table
      variant="container"
      contentDensity="compact"
      wrapLines
      items={call.data ?? []}
      trackBy={({ json }) => json}
      columnDefinitions={EVENT_COLUMNS}
      loading={call.loading && !call.data}
      loadingText="Searching events"
      ariaLabels={{ tableLabel: title }}
      header={
        <Header
          variant="h2"
          description={description}
          actions={<Button href={historyHref({ filter, range: ACTIVITY_RANGE })}>Show in event history</Button>}
        >
          {title}
        </Header>
      }
      empty={
        call.error ? (
          <ErrorState error={call.error} title="Events could not be searched" onRetry={call.reload} />
        ) : (
          <EmptyState title="No events">{none}</EmptyState>
        )
      }
    />
  );
}

async function newest(filter: string, signal: AbortSignal): Promise<readonly ShownEvent[]> {
  const StartTime = new Date(clock.now() - RANGE_MS).toISOString();
  return (await searchEvents({ Filter: filter, StartTime, Limit: SHOWN }, signal)).Events.map(shownOf);
}
