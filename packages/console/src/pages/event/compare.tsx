import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import Toggle from '@cloudscape-design/components/toggle';
import { useMemo, useState } from 'react';
import type { EventKey } from '../../api/event-key.ts';
import { useCall } from '../../hooks/use-call.ts';
import { EventLink } from '../../parts/events/event-link.tsx';
import { textOf, timeOf } from '../../parts/events/record.ts';
import { loadEvent, type ShownEvent } from '../../parts/events/search.ts';
import { CutText } from '../../ui/cut-text.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { printPath } from '../../ui/json-tree/path.ts';
import { printValue } from '../../ui/json-tree/rows.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { alwaysDiffers, compareRecords, type Difference } from './logic/diff.ts';

interface CompareProps {
  readonly event: ShownEvent;
  /** The other event. */
  readonly other: EventKey;
  readonly onClose: () => void;
}

/** What differs between two events, by path. The older one stands at the left. */
export function Compare({ event, other, onClose }: CompareProps) {
  const call = useCall((signal) => loadEvent(other, '', signal), [other.accountId, other.eventId]);
  return (
    <Container
      header={
        <Header variant="h2" actions={<Button onClick={onClose}>Stop comparing</Button>}>
          Compare
        </Header>
      }
    >
      <Loaded call={call} failed="The other event could not be loaded">
        {(found) =>
          found ? (
            <Differences
              {...(timeOf(found.record) > timeOf(event.record)
                ? { before: event, after: found }
                : { before: found, after: event })}
              event={event}
            />
          ) : (
            <NotThere eventId={other.eventId} />
          )
        }
      </Loaded>
    </Container>
  );
}

const NotThere = ({ eventId }: { readonly eventId: string }) => (
  <EmptyState title="No such event">
    {`There is no event ${visible(eventId, 80)} in this account, or you may not see it.`}
  </EmptyState>
);

interface DifferencesProps {
  readonly before: ShownEvent;
  readonly after: ShownEvent;
  readonly event: ShownEvent;
}

function Differences({ before, after, event }: DifferencesProps) {
  const [withIds, setWithIds] = useState(false);
  const { differences, isCut } = useMemo(() => compareRecords(before.record, after.record), [before, after]);
  const shown = withIds ? differences : differences.filter((one) => !alwaysDiffers(one));
  return (
    <SpaceBetween size="s">
      <Toggle checked={withIds} onChange={({ detail }) => setWithIds(detail.checked)}>
        Show IDs and times too
      </Toggle>
      <Table
        variant="borderless"
        contentDensity="compact"
        wrapLines
        items={shown}
        trackBy={({ path }) => printPath(path)}
        ariaLabels={{ tableLabel: 'Differences' }}
        empty={<EmptyState title="No differences">Apart from IDs and times, both records are alike.</EmptyState>}
        columnDefinitions={[
          {
            id: 'path',
            header: 'Field',
            isRowHeader: true,
            width: 260,
            cell: ({ path }) => <code className="ot-event-code">{visible(printPath(path))}</code>,
          },
          {
            id: 'kind',
            header: 'Difference',
            width: 110,
            cell: ({ kind }) => <Badge color={COLOURS[kind]}>{kind}</Badge>,
          },
          valueColumn('before', before, event),
          valueColumn('after', after, event),
        ]}
      />
      {isCut && <Box color="text-body-secondary">There are more differences than can be shown.</Box>}
    </SpaceBetween>
  );
}

const COLOURS = { changed: 'blue', added: 'green', removed: 'red' } as const;

/** Both sides are as wide, however long one is. */
const VALUE_PX = 400;

const valueColumn = (
  side: 'before' | 'after',
  of: ShownEvent,
  event: ShownEvent,
): TableProps.ColumnDefinition<Difference> => ({
  id: side,
  width: VALUE_PX,
  minWidth: 200,
  maxWidth: VALUE_PX,
  header: <SideHeader event={of} isThis={of === event} />,
  cell: (one) => (one[side] === undefined ? <Box color="text-status-inactive">-</Box> : <Value value={one[side]} />),
});

function SideHeader({ event, isThis }: { readonly event: ShownEvent; readonly isThis: boolean }) {
  return (
    <>
      {isThis ? 'This event' : <EventLink event={event} />}
      <Box fontSize="body-s" color="text-body-secondary">
        <Time value={textOf(event.record.eventTime)} />
      </Box>
    </>
  );
}

const Value = ({ value }: { readonly value: unknown }) => (
  <code className="ot-event-code">
    <CutText text={printValue(value)} />
  </code>
);
