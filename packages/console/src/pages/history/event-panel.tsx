import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import SplitPanel from '@cloudscape-design/components/split-panel';
import { useMemo } from 'react';
import { type EventKey, findEvent } from '../../api/event-key.ts';
import { eventHref } from '../../app/links.ts';
import { useCall } from '../../hooks/use-call.ts';
import { printSentence, sentenceOf } from '../../parts/events/sentence.ts';
import { CopyText } from '../../ui/copy-text.tsx';
import { JsonTree } from '../../ui/json-tree/json-tree.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { type EventRow, eventTimeOf, rowOf, valuesOf } from './event-row.ts';
import { labelOf } from './fields.ts';
import type { SelectedEvent } from './state.ts';

interface EventPanelProps {
  readonly selected: SelectedEvent;
  /** The event, where the list holds it: a link may name one that is on no page that was loaded. */
  readonly row: EventRow | undefined;
  readonly onFilter: (field: string, value: string) => void;
}

/** The chosen event beside the list. */
export function EventPanel({ selected, row, onFilter }: EventPanelProps) {
  const { accountId, eventId, at } = selected;
  const call = useCall(
    async (signal) => row ?? (await findRow({ accountId, eventId }, at ?? '', signal)),
    [row, accountId, eventId, at],
  );
  const name = call.data?.event.header.eventName;
  return (
    <SplitPanel
      header={name === undefined ? 'Event' : visible(name)}
      headerActions={
        <Button href={eventHref(accountId, eventId, call.data ? eventTimeOf(call.data) : at)}>Open event</Button>
      }
      closeBehavior="hide"
    >
      <Loaded call={call} failed="The event could not be loaded">
        {(found) => (found ? <Details row={found} onFilter={onFilter} /> : <Box>There is no such event.</Box>)}
      </Loaded>
    </SplitPanel>
  );
}

async function findRow(key: EventKey, at: string, signal: AbortSignal): Promise<EventRow | null> {
  const found = await findEvent(key, at, signal);
  return found && rowOf(found);
}

/** Messages may quote whole policies. */
const MESSAGE_CHARS_MAX = 1_000;
/** What is asked of every event, in this order. */
const FIELDS = ['userName', 'eventSource', 'awsRegion', 'sourceIPAddress', 'errorCode', 'resourceName'];

function Details({ row, onFilter }: { readonly row: EventRow; readonly onFilter: EventPanelProps['onFilter'] }) {
  const items = useMemo(
    () =>
      FIELDS.flatMap((field) => {
        const [value] = valuesOf(row, field);
        return value === undefined ? [] : [{ field, value }];
      }),
    [row],
  );
  const [message] = valuesOf(row, 'errorMessage');
  return (
    <SpaceBetween size="l">
      <div>
        <Box variant="p">{visible(printSentence(sentenceOf(row.event.record), ''))}</Box>
        {message !== undefined && <Box color="text-status-error">{visible(message, MESSAGE_CHARS_MAX)}</Box>}
      </div>
      <KeyValuePairs
        columns={4}
        items={[
          { label: 'Event time', value: <Time value={row.event.header.timeMs} zone /> },
          ...items.map(({ field, value }) => ({
            label: labelOf(field),
            value: (
              <span className="history-detail">
                {visible(value, 300)}
                <Button
                  variant="inline-icon"
                  iconName="filter"
                  ariaLabel={`Only events with this ${labelOf(field)}`}
                  onClick={() => onFilter(field, value)}
                />
              </span>
            ),
          })),
          ...(row.event.header.eventId === ''
            ? []
            : [{ label: 'Event ID', value: <CopyText text={row.event.header.eventId} label="event ID" /> }]),
        ]}
      />
      <JsonTree value={row.event.record} label="the record" />
    </SpaceBetween>
  );
}
