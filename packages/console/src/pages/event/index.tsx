import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { readEventKey } from '../../api/event-key.ts';
import type { PageParams } from '../../app/routes.tsx';
import { text, useUrlState } from '../../app/url-state.ts';
import { usePreferences } from '../../base/preferences.ts';
import { useCall } from '../../hooks/use-call.ts';
import { eventNameOf, eventSourceOf, textOf } from '../../parts/events/record.ts';
import { loadEvent, type ShownEvent } from '../../parts/events/search.ts';
import { printSentence, sentenceOf } from '../../parts/events/sentence.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { accountText, timeMs, timeText, zoneText } from '../../ui/format.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { visible } from '../../ui/visible.ts';
import { EventActions, EventDetail, OutcomeBadge } from './event-detail.tsx';

const BACK = { text: 'Event history', href: '/events' };
const BREADCRUMBS = [BACK];
/** The sentence that tells the event. */
const OWN_HEADER = { header: false } as const;
const STATE = { compare: text(), at: text() } as const;

/** One event, by the account whose record it is and its id. */
export default function EventPage({ params: { accountId = '', eventId = '' } }: PageParams) {
  const [{ at }] = useUrlState(STATE);
  const call = useCall((signal) => loadEvent({ accountId, eventId }, at, signal), [accountId, eventId]);
  return (
    <Page
      title={call.data ? visible(eventNameOf(call.data.record), 80) || 'Event' : 'Event'}
      breadcrumbs={BREADCRUMBS}
      {...(call.data && OWN_HEADER)}
    >
      <Loaded call={call} failed="The event could not be loaded">
        {(event) =>
          event ? <EventContent key={event.json} event={event} /> : <NoEvent accountId={accountId} eventId={eventId} />
        }
      </Loaded>
    </Page>
  );
}

function EventContent({ event }: { readonly event: ShownEvent }) {
  const [{ compare }, change] = useUrlState(STATE);
  const [{ times }] = usePreferences();
  const sentence = sentenceOf(event.record);
  const ms = timeMs(textOf(event.record.eventTime));
  const time = Number.isFinite(ms) ? `${timeText(ms, times)} ${zoneText(ms, times)}` : '';
  return (
    <ContentLayout
      header={
        <SpaceBetween size="s">
          <Header
            variant="h1"
            info={<OutcomeBadge outcome={sentence.outcome} />}
            description={`${visible(eventNameOf(event.record))} of ${visible(eventSourceOf(event.record))} in account ${accountText(event.accountId)}, ${visible(textOf(event.record.awsRegion))}`}
          >
            {printSentence(sentence, time)}
          </Header>
          <EventActions event={event} />
        </SpaceBetween>
      }
    >
      <EventDetail
        event={event}
        compareWith={compare === '' ? undefined : readEventKey(compare, event.accountId)}
        onCompare={(other) => change({ compare: other ? `${other.accountId}/${other.eventId}` : '' })}
      />
    </ContentLayout>
  );
}

function NoEvent({ accountId, eventId }: { readonly accountId: string; readonly eventId: string }) {
  return (
    <EmptyState title="No such event" action={BACK}>
      {`There is no event ${visible(eventId, 80)} in account ${visible(accountId, 20)}, or you may not see it. A new event appears within a second or two.`}
    </EmptyState>
  );
}
