import type { TableProps } from '@cloudscape-design/components/table';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { EventLink } from './event-link.tsx';
import { textOf } from './record.ts';
import type { ShownEvent } from './search.ts';

type Column = TableProps.ColumnDefinition<ShownEvent>;

export const TIME_COLUMN: Column = {
  id: 'time',
  header: 'Event time',
  width: 190,
  minWidth: 160,
  cell: ({ record }) => <Time value={textOf(record.eventTime)} />,
};

const WHAT_COLUMN: Column = {
  id: 'what',
  header: 'What happened',
  isRowHeader: true,
  minWidth: 220,
  cell: (event) => <EventLink event={event} />,
};

const FROM_COLUMN: Column = {
  id: 'from',
  header: 'Source IP address',
  width: 200,
  minWidth: 130,
  cell: ({ record }) => visible(textOf(record.sourceIPAddress)) || '-',
};

/** Of short lists of events, wherever they stand: when, what, from where. */
export const EVENT_COLUMNS: readonly Column[] = [TIME_COLUMN, WHAT_COLUMN, FROM_COLUMN];
