import './overview.css';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Toggle from '@cloudscape-design/components/toggle';
import { type ReactNode, useState } from 'react';
import { historyHref } from '../../app/links.ts';
import { navigate } from '../../app/router.ts';
import { flag, oneOf, useUrlState } from '../../app/url-state.ts';
import { usePreferences } from '../../base/preferences.ts';
import type { Call } from '../../hooks/use-call.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { callerName, eventsText } from '../../ui/format.ts';
import { Histogram } from '../../ui/histogram/histogram.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { NewList } from './new-list.tsx';
import type { NewValues } from './new-values.ts';
import { NumberRow } from './numbers.tsx';
import { RANGE_IDS, RANGES, type RangeId } from './ranges.ts';
import { facetOf } from './search.ts';
import { StatusView } from './server-status.tsx';
import type { Summary } from './summary.ts';
import { TopList } from './top-list.tsx';
import { TrailList } from './trail-health.tsx';
import { useOverview } from './use-overview.ts';
import { useRounds } from './use-rounds.ts';

const STATE = { range: oneOf(RANGE_IDS, '24h'), auto: flag() } as const;

/** How often the page is asked anew by itself. */
const EVERY_MS = 30_000;
/** The same while the search catches up: what it shows is not the whole. */
const BEHIND_EVERY_MS = 5_000;

/** What happened lately, and whether all is well with keeping it. */
export default function Overview() {
  const [{ range, auto }, change] = useUrlState(STATE);
  const [loading, setLoading] = useState(false);
  const [isBehind, setBehind] = useState(false);
  const [round, refresh] = useRounds(isBehind ? BEHIND_EVERY_MS : auto ? EVERY_MS : undefined, loading);
  const overview = useOverview(range, round);
  const { summary, trails, status } = overview;
  const behind = summary.data?.behind ?? 0;
  if (overview.loading !== loading) setLoading(overview.loading);
  if (behind > 0 !== isBehind) setBehind(behind > 0);
  return (
    <Page
      title="Overview"
      contentType="dashboard"
      actions={
        <SpaceBetween direction="horizontal" size="s" alignItems="center">
          <Toggle checked={auto} onChange={({ detail }) => change({ auto: detail.checked }, { replace: true })}>
            Auto refresh
          </Toggle>
          <SegmentedControl
            label="Time range"
            selectedId={range}
            options={RANGES.map(({ id, text }) => ({ id, text }))}
            onChange={({ detail }) => change({ range: detail.selectedId as RangeId })}
          />
          <Button iconName="refresh" ariaLabel="Refresh" loading={loading} onClick={refresh} />
        </SpaceBetween>
      }
    >
      <SpaceBetween size="l">
        {/* What is new stands with the numbers, and is asked for again with them. */}
        <Loaded call={{ ...summary, reload: refresh }} failed="Events could not be counted">
          {(data) => <EventCards summary={data} found={overview.found} range={range} />}
        </Loaded>
        <Card title="Trails" href="/trails">
          <Loaded call={trails} failed="Trails could not be loaded">
            {(list) => <TrailList trails={list} />}
          </Loaded>
        </Card>
        {overview.isOperator && (
          <Card title="OpenTrail">
            <Loaded call={status}>{(now) => now && <StatusView status={now} />}</Loaded>
          </Card>
        )}
      </SpaceBetween>
    </Page>
  );
}

interface EventCardsProps {
  readonly summary: Summary;
  readonly found: Call<NewValues>;
  readonly range: RangeId;
}

/** What is read of events. */
function EventCards({ summary: { histogram, numbers, facets, behind }, found, range }: EventCardsProps) {
  const [{ times }] = usePreferences();
  return (
    <SpaceBetween size="l">
      <Card title="Events" href={historyHref({ range })}>
        <SpaceBetween size="l">
          {behind > 0 && (
            <StatusIndicator type="in-progress">{`Not counted yet: ${eventsText(behind)}`}</StatusIndicator>
          )}
          <NumberRow numbers={numbers} range={range} />
          {numbers.events === 0 ? (
            <EmptyState title="No events in this time range" />
          ) : (
            <Histogram
              data={histogram}
              utc={times === 'utc'}
              onBrush={(brushed) => brushed.type === 'absolute' && navigate(brushedHref(brushed))}
            />
          )}
        </SpaceBetween>
      </Card>
      <Grid gridDefinition={HALVES}>
        {TOPS.map(({ title, field, ...list }) => (
          <Card key={field} title={title} fit>
            <TopList facet={facetOf(facets, field)} range={range} {...list} />
          </Card>
        ))}
      </Grid>
      <Card title="New" description="Seen for the first time in 90 days.">
        <Loaded call={found}>{(values) => <NewList found={values} range={range} />}</Loaded>
      </Card>
    </SpaceBetween>
  );
}

const HALF = { colspan: { default: 12, s: 6 } };
const HALVES = [HALF, HALF, HALF, HALF];

const TOPS = [
  { title: 'Top callers', field: 'userArn', shown: callerName, empty: 'No callers' },
  { title: 'Top sources', field: 'sourceIPAddress', empty: 'No source addresses' },
  { title: 'Top event names', field: 'eventName', empty: 'No events' },
  { title: 'Top errors', field: 'errorCode', empty: 'No errors', tone: 'error' },
] as const;

const brushedHref = ({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }): string =>
  historyHref({ from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() });

interface CardProps {
  readonly title: string;
  readonly description?: string;
  readonly href?: string;
  readonly fit?: boolean;
  readonly children: ReactNode;
}

function Card({ title, description, href, fit = false, children }: CardProps) {
  return (
    <Container
      fitHeight={fit}
      header={
        <Header variant="h2" description={description} actions={href && <Link href={href}>View all</Link>}>
          {title}
        </Header>
      }
    >
      {children}
    </Container>
  );
}
