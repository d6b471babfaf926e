import Badge from '@cloudscape-design/components/badge';
import Button from '@cloudscape-design/components/button';
import Grid from '@cloudscape-design/components/grid';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { lazy, Suspense, useState } from 'react';
import type { EventKey } from '../../api/event-key.ts';
import { clock } from '../../base/clock.ts';
import './event.css';
import type { ShownEvent } from '../../parts/events/search.ts';
import { Compare } from './compare.tsx';
import { CompareForm } from './compare-form.tsx';
import type { MakeKind } from './make/make-dialog.tsx';
import { RawJson } from './raw-json.tsx';
import { RecordIds } from './record-ids.tsx';
import { Related } from './related.tsx';
import { rangeFor, SearchRange } from './search-range.ts';
import { What } from './what.tsx';
import { WhereFrom } from './where.tsx';
import { Who } from './who.tsx';

/** Loaded when it is asked for: most who look at an event only look. */
const MakeDialog = lazy(() => import('./make/make-dialog.tsx'));

interface EventDetailProps {
  readonly event: ShownEvent;
  /** What it is compared with, where whoever shows it keeps that (in the address). Without it the component does. */
  readonly compareWith?: EventKey | undefined;
  readonly onCompare?: (other: EventKey | undefined) => void;
}

/** All about one event: who, what, where from, related, compared, raw. On a page of its own or in a split panel. */
export function EventDetail({ event, compareWith, onCompare }: EventDetailProps) {
  const [own, setOwn] = useState<EventKey>();
  const [other, setOther] = onCompare ? [compareWith, onCompare] : [own, setOwn];
  const compare = ({ accountId, id }: ShownEvent) => setOther({ accountId, eventId: id });
  return (
    <SearchRange.Provider value={rangeFor(event, clock.now())}>
      <SpaceBetween size="l">
        {other && (
          <Compare
            key={`${other.accountId}/${other.eventId}`}
            event={event}
            other={other}
            onClose={() => setOther(undefined)}
          />
        )}
        <Grid gridDefinition={[{ colspan: { default: 12, xs: 7 } }, { colspan: { default: 12, xs: 5 } }]}>
          <Who event={event} />
          <WhereFrom event={event} />
        </Grid>
        <What event={event} />
        <Related event={event} onCompare={compare} />
        {!other && <CompareForm event={event} onCompare={setOther} />}
        <RecordIds event={event} />
        <RawJson event={event} />
      </SpaceBetween>
    </SearchRange.Provider>
  );
}

/** What can be done with an event, for the heading above it. */
export function EventActions({ event }: { readonly event: ShownEvent }) {
  const [making, setMaking] = useState<MakeKind>();
  return (
    <>
      <SpaceBetween direction="horizontal" size="xs">
        <Button onClick={() => setMaking('search')}>Find like this</Button>
        <Button onClick={() => setMaking('alarm')}>Make a filter or alarm</Button>
      </SpaceBetween>
      {making && (
        <Suspense>
          <MakeDialog event={event} kind={making} onClose={() => setMaking(undefined)} />
        </Suspense>
      )}
    </>
  );
}

/** How it ended, at a glance. */
export function OutcomeBadge({ outcome }: { readonly outcome: 'done' | 'refused' | 'failed' }) {
  if (outcome === 'done') return null;
  return <Badge color="red">{outcome === 'refused' ? 'Refused' : 'Failed'}</Badge>;
}
