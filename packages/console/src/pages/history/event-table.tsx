import Table, { type TableProps } from '@cloudscape-design/components/table';
import { createContext, type KeyboardEvent, memo, type ReactNode, useContext, useEffect, useMemo, useRef } from 'react';
import { clock } from '../../base/clock.ts';
import { usePreferences } from '../../base/preferences.ts';
import { zoneText } from '../../ui/format.ts';
import { columnOf, OpenRow } from './columns.tsx';
import { type EventRow, eventTimeOf } from './event-row.ts';
import { type HistoryPreferences, historyPreferences } from './saved.ts';
import type { HistoryState, SelectedEvent } from './state.ts';

interface EventTableProps extends Slots {
  readonly rows: readonly EventRow[];
  readonly columns: readonly string[];
  readonly preferences: HistoryPreferences;
  readonly loading: boolean;
  readonly order: HistoryState['order'];
  /** Undefined where the order cannot be chosen: live events come as they come. */
  readonly onOrder: ((order: HistoryState['order']) => void) | undefined;
  /** Rows that come so fast that each place shows another one at once: they are drawn over, which costs less than anew. */
  readonly inPlace?: boolean;
  readonly selected: SelectedEvent | undefined;
  readonly onSelect: (selected: SelectedEvent) => void;
  readonly picked: readonly EventRow[];
  readonly onPick: (picked: readonly EventRow[]) => void;
}

/** The list. A row opens beside it by a click, or by Enter on one of its cells; the event's name leads to its page. */
export function EventTable(props: EventTableProps) {
  const { rows, columns, preferences, loading, order, onOrder, inPlace = false, selected, picked } = props;
  const { header, empty } = props;
  const latest = useRef(props);
  latest.current = props;
  const actions = useMemo<Actions>(
    () => ({
      order: (next) => latest.current.onOrder?.(next),
      pick: (next) => latest.current.onPick(next),
      open: (row) => latest.current.onSelect({ accountId: row.accountId, eventId: row.eventId, at: eventTimeOf(row) }),
    }),
    [],
  );
  const openKey = rows.find((row) => isSelected(row, selected))?.key;
  useEffect(() => {
    if (openKey !== undefined)
      document.querySelector('.history-open')?.closest('tr')?.scrollIntoView({ block: 'nearest' });
  }, [openKey]);
  return (
    <SlotsContext.Provider value={{ header, empty }}>
      <OpenRow.Provider value={openKey}>
        <Rows
          rows={rows}
          columns={columns}
          preferences={preferences}
          loading={loading}
          order={order}
          canOrder={onOrder !== undefined}
          inPlace={inPlace}
          picked={picked}
          actions={actions}
        />
      </OpenRow.Provider>
    </SlotsContext.Provider>
  );
}

/** What stands around the rows. It changes more often than they do, and they are what takes long to draw. */
interface Slots {
  readonly header: ReactNode;
  readonly empty: ReactNode;
}

const SlotsContext = createContext<Slots>({ header: null, empty: null });
const Slot = ({ name }: { readonly name: keyof Slots }) => <>{useContext(SlotsContext)[name]}</>;

interface Actions {
  readonly order: (order: HistoryState['order']) => void;
  readonly pick: (picked: readonly EventRow[]) => void;
  readonly open: (row: EventRow) => void;
}

interface RowsProps extends Pick<EventTableProps, 'rows' | 'columns' | 'preferences' | 'loading' | 'order' | 'picked'> {
  readonly canOrder: boolean;
  readonly inPlace: boolean;
  readonly actions: Actions;
}

const Rows = memo(function Rows(props: RowsProps) {
  const { rows, columns, preferences, loading, order, canOrder, inPlace, picked, actions } = props;
  const [{ times }] = usePreferences();
  const { widths } = preferences;
  const zone = zoneText(clock.now(), times);
  const definitions = useMemo(
    () => columns.map((field) => columnOf(field, { width: widths[field], zone })),
    [columns, widths, zone],
  );
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    const row = rows[indexOfRow(event.target) ?? -1];
    if (row === undefined) return;
    event.preventDefault();
    actions.open(row);
  };
  const keepWidths = useKeptWidths(columns);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the rows within are what keys act on
    <div className="history-table" onKeyDown={onKeyDown}>
      <Table<EventRow>
        items={rows}
        trackBy={inPlace ? (row) => String(rows.indexOf(row)) : 'key'}
        columnDefinitions={definitions}
        loading={loading}
        loadingText="Loading events"
        wrapLines={preferences.wrapLines}
        stickyHeader
        resizableColumns
        enableKeyboardNavigation
        selectionType="multi"
        selectedItems={picked}
        onSelectionChange={({ detail }) => actions.pick(detail.selectedItems)}
        onRowClick={({ detail }) => actions.open(detail.item)}
        sortingColumn={{ sortingField: 'eventTime' }}
        sortingDescending={order === 'newest'}
        sortingDisabled={!canOrder}
        onSortingChange={({ detail }) => actions.order(detail.isDescending ? 'newest' : 'oldest')}
        onColumnWidthsChange={({ detail }) => keepWidths(detail.widths)}
        header={<Slot name="header" />}
        empty={<Slot name="empty" />}
        ariaLabels={ARIA_LABELS}
      />
    </div>
  );
});

const ARIA_LABELS: TableProps.AriaLabels<EventRow> = {
  tableLabel: 'Events',
  selectionGroupLabel: 'Events to compare',
  allItemsSelectionLabel: () => 'Select all events of this page',
  itemSelectionLabel: (_, row) => `Select ${row.event.header.eventName}`,
};

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
