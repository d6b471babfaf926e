import Table from '@cloudscape-design/components/table';
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef } from 'react';
import { clock } from '../../base/clock.ts';
import { usePreferences } from '../../hooks/use-preferences.ts';
import { zoneText } from '../../ui/format.ts';
import { columnOf } from './columns.tsx';
import type { EventRow } from './event-row.ts';
import { type HistoryPreferences, historyPreferences } from './saved.ts';
import type { HistoryState, SelectedEvent } from './state.ts';

interface EventTableProps {
  readonly rows: readonly EventRow[];
  readonly columns: readonly string[];
  readonly preferences: HistoryPreferences;
  readonly loading: boolean;
  readonly order: HistoryState['order'];
  /** Undefined where the order cannot be chosen: live events come as they come. */
  readonly onOrder: ((order: HistoryState['order']) => void) | undefined;
  readonly selected: SelectedEvent | undefined;
  readonly onSelect: (selected: SelectedEvent) => void;
  readonly picked: readonly EventRow[];
  readonly onPick: (picked: readonly EventRow[]) => void;
  readonly header: ReactNode;
  readonly empty: ReactNode;
  readonly pagination: ReactNode;
  readonly preferencesControl: ReactNode;
}

/** The list. A row opens beside it by a click, or by Enter on one of its cells; the event's name leads to its page. */
export function EventTable(props: EventTableProps) {
  const { rows, columns, preferences, loading, order, onOrder, selected, onSelect, picked, onPick } = props;
  const [{ times }] = usePreferences();
  const { widths } = preferences;
  const openKey = rows.find((row) => isSelected(row, selected))?.key;
  const zone = zoneText(clock.now(), times);
  const definitions = useMemo(
    () => columns.map((field) => columnOf(field, { width: widths[field], zone, openKey })),
    [columns, widths, zone, openKey],
  );
  const open = (row: EventRow | undefined) => {
    if (row && row.eventId !== '') onSelect({ accountId: row.accountId, eventId: row.eventId });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    const index = indexOfRow(event.target);
    if (index === undefined) return;
    event.preventDefault();
    open(rows[index]);
  };
  useEffect(() => {
    if (openKey !== undefined) document.querySelector('.history-open')?.scrollIntoView({ block: 'nearest' });
  }, [openKey]);
  const keepWidths = useKeptWidths(columns);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the rows within are what keys act on
    <div className="history-table" onKeyDown={onKeyDown}>
      <Table<EventRow>
        items={rows}
        trackBy="key"
        columnDefinitions={definitions}
        loading={loading}
        loadingText="Loading events"
        wrapLines={preferences.wrapLines}
        stickyHeader
        resizableColumns
        enableKeyboardNavigation
        selectionType="multi"
        selectedItems={picked}
        onSelectionChange={({ detail }) => onPick(detail.selectedItems)}
        onRowClick={({ detail }) => open(detail.item)}
        isItemDisabled={(row) => row.eventId === ''}
        sortingColumn={{ sortingField: 'eventTime' }}
        sortingDescending={order === 'newest'}
        sortingDisabled={onOrder === undefined}
        onSortingChange={({ detail }) => onOrder?.(detail.isDescending ? 'newest' : 'oldest')}
        onColumnWidthsChange={({ detail }) => keepWidths(detail.widths)}
        header={props.header}
        empty={props.empty}
        pagination={props.pagination}
        preferences={props.preferencesControl}
        ariaLabels={{
          tableLabel: 'Events',
          selectionGroupLabel: 'Events to compare',
          allItemsSelectionLabel: () => 'Select all events of this page',
          itemSelectionLabel: (_, row) => `Select ${row.event.header.eventName}`,
        }}
      />
    </div>
  );
}

const isSelected = (row: EventRow, selected: SelectedEvent | undefined): boolean =>
  selected !== undefined && row.eventId === selected.eventId && row.accountId === selected.accountId;

/** The row of a cell that has the focus itself, rather than something in it. */
function indexOfRow(target: EventTarget): number | undefined {
  if (!(target instanceof HTMLElement) || !/^T[DH]$/.test(target.tagName)) return undefined;
  const row = target.closest('tr');
  const index = [...(row?.parentElement?.children ?? [])].indexOf(row!);
  return index < 0 ? undefined : index;
}

/** Drawing a width tells of it at every pixel: it is kept when it stays. */
const WIDTHS_KEPT_AFTER_MS = 500;

function useKeptWidths(columns: readonly string[]): (widths: readonly number[]) => void {
  const cancel = useRef<() => void>();
  return (widths) => {
    cancel.current?.();
    cancel.current = clock.after(WIDTHS_KEPT_AFTER_MS, () => {
      // The first one is the column of selection.
      const drawn = widths.slice(-columns.length);
      const of = Object.fromEntries(columns.map((column, i) => [column, Math.round(drawn[i] ?? 0)]));
      historyPreferences.set({ widths: { ...historyPreferences.get().widths, ...of } });
    });
  };
}
