import Icon from '@cloudscape-design/components/icon';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { createContext, type ReactNode, useContext, useMemo } from 'react';
import { eventHref } from '../../app/links.ts';
import { accountText } from '../../ui/format.ts';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { type EventRow, eventTimeOf, valuesOf } from './event-row.ts';
import { fieldNamed, labelOf } from './fields.ts';

/** What a cell shows of a value: the whole of it stands in the event itself. */
const CELL_CHARS_MAX = 300;
/** Values of a list that a cell names; the others are counted. */
const CELL_VALUES_MAX = 2;

const WIDTHS: Readonly<Record<string, number>> = {
  eventName: 210,
  eventTime: 180,
  userName: 150,
  eventSource: 190,
  resourceType: 190,
  resourceName: 210,
  readOnly: 110,
  awsRegion: 140,
  accountId: 150,
};
const WIDTH = 200;
/** Of the time's column under a zone of its own: Event time (UTC+01:00). */
const ZONED_TIME_WIDTH = 235;

const CELLS: Readonly<Record<string, (row: EventRow) => ReactNode>> = {
  eventName: (row) => <EventName row={row} />,
  eventTime: (row) => <Time value={row.event.header.timeMs} />,
  accountId: (row) => accountText(row.accountId),
};

export interface ColumnOptions {
  readonly width: number | undefined;
  /** The zone of times: stands in the head of their column. */
  readonly zone: string;
}

/** Key of the row that is shown beside the list: a context, so that opening one draws no other row anew. */
export const OpenRow = createContext<string | undefined>(undefined);

/** A column for a field or a path. Only time sorts: the server has events in no other order. */
export function columnOf(field: string, { width, zone }: ColumnOptions): TableProps.ColumnDefinition<EventRow> {
  return {
    id: field,
    header: field === 'eventTime' ? `${labelOf(field)} (${zone})` : labelOf(field),
    cell: CELLS[field] ?? ((row) => <Values values={valuesOf(row, field)} />),
    width: width ?? (field === 'eventTime' && zone !== 'UTC' ? ZONED_TIME_WIDTH : (WIDTHS[field] ?? WIDTH)),
    minWidth: 80,
    isRowHeader: field === 'eventName',
    ...(field === 'eventTime' && { sortingField: 'eventTime' }),
  };
}

/** Those that are fields, each once: a link may hold any text. The same list as long as it names the same. */
export function useKnownColumns(names: readonly string[]): readonly string[] {
  const text = names.join('\n');
  return useMemo(() => [...new Set(text.split('\n').flatMap((name) => fieldNamed(name) ?? []))], [text]);
}

function EventName({ row }: { readonly row: EventRow }) {
  const isOpen = useContext(OpenRow) === row.key;
  const name = visible(row.event.header.eventName, CELL_CHARS_MAX) || '-';
  return (
    <span className={isOpen ? 'history-open' : undefined}>
      <Link href={eventHref(row.accountId, row.eventId, eventTimeOf(row))}>{name}</Link>
      {row.errorCode !== '' && (
        <span className="history-failed" title={visible(row.errorCode, CELL_CHARS_MAX)}>
          <Icon
            name="status-negative"
            variant="error"
            size="small"
            ariaLabel={`Error: ${visible(row.errorCode, CELL_CHARS_MAX)}`}
          />
        </span>
      )}
    </span>
  );
}

function Values({ values }: { readonly values: readonly string[] }) {
  if (values.length === 0) return <>-</>;
  const distinct = [...new Set(values)];
  const named = distinct.slice(0, CELL_VALUES_MAX).map((value) => visible(value, CELL_CHARS_MAX));
  const more = distinct.length - named.length;
  return (
    <span
      title={distinct
        .slice(0, 20)
        .map((value) => visible(value, CELL_CHARS_MAX))
        .join('\n')}
    >
      {named.join(', ')}
      {more > 0 && ` and ${more} more`}
    </span>
  );
}
