import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import Tabs from '@cloudscape-design/components/tabs';
import { printSearchFilter } from '../../api/search-language.ts';
import { historyHref } from '../../app/links.ts';
import { TIME_COLUMN } from '../../parts/events/columns.tsx';
import { EventLink } from '../../parts/events/event-link.tsx';
import { happened } from '../../parts/events/happened.ts';
import { textOf, timeOf } from '../../parts/events/record.ts';
import type { ShownEvent } from '../../parts/events/search.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { type Relation, relationsOf } from './logic/related.ts';
import { isSame, type Related as RelatedEvents, useRelated } from './use-related.ts';

interface RelatedProps {
  readonly event: ShownEvent;
  readonly onCompare: (event: ShownEvent) => void;
}

/** What else happened: around it, in its session, to its resources, in its request. */
export function Related({ event, onCompare }: RelatedProps) {
  return (
    // Not the tabs' own container: it makes the tabs anew at each change, and so takes the focus from them.
    <Container header={<Header variant="h2">Related events</Header>}>
      <Tabs
        ariaLabel="Related events"
        tabs={relationsOf(event.record).map((relation) => ({
          id: relation.id,
          label: relation.label,
          content: <RelatedTab event={event} relation={relation} onCompare={onCompare} />,
        }))}
      />
    </Container>
  );
}

function RelatedTab({ event, relation, onCompare }: RelatedProps & { readonly relation: Relation }) {
  const call = useRelated(event, relation);
  if (!relation.filter) return <EmptyState title="Nothing to search by">{relation.lacks}</EmptyState>;
  return (
    <Loaded call={call} failed="Related events could not be searched">
      {(related) => <RelatedTable event={event} relation={relation} related={related} onCompare={onCompare} />}
    </Loaded>
  );
}

interface RelatedTableProps extends RelatedProps {
  readonly relation: Relation;
  readonly related: RelatedEvents;
}

function RelatedTable({ event, relation, related, onCompare }: RelatedTableProps) {
  const { events, isCut } = related;
  return (
    <Table
      variant="borderless"
      contentDensity="compact"
      wrapLines
      items={[...events]}
      trackBy={({ json }) => json}
      columnDefinitions={columnsOf(event, onCompare)}
      ariaLabels={{ tableLabel: relation.label }}
      header={
        <Header
          variant="h3"
          description={isCut ? `${relation.meaning} The nearest are shown.` : relation.meaning}
          actions={<Button href={historyOf(event, relation)}>Show in event history</Button>}
        >
          {relation.label}
        </Header>
      }
    />
  );
}

function historyOf(event: ShownEvent, { filter, windowMs }: Relation): string {
  const timeMs = timeOf(event.record);
  const at = (ms: number) => new Date(ms).toISOString();
  return historyHref({
    filter: printSearchFilter(filter),
    from: at(timeMs - windowMs),
    to: at(timeMs + windowMs),
  });
}

const columnsOf = (
  event: ShownEvent,
  onCompare: RelatedProps['onCompare'],
): TableProps.ColumnDefinition<ShownEvent>[] => [
  TIME_COLUMN,
  {
    id: 'what',
    header: 'What happened',
    minWidth: 220,
    isRowHeader: true,
    cell: (one) =>
      isSame(one, event) ? <Box variant="strong">This event: {happened(one)}</Box> : <EventLink event={one} />,
  },
  { id: 'source', header: 'Event source', width: 210, cell: ({ record }) => textOf(record.eventSource) },
  {
    id: 'compare',
    header: 'Compare',
    width: 130,
    cell: (one) =>
      isSame(one, event) ? (
        '-'
      ) : (
        <Button variant="inline-link" ariaLabel={`Compare with ${happened(one)}`} onClick={() => onCompare(one)}>
          Compare
        </Button>
      ),
  },
];
