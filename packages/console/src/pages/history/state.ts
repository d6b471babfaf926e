import { DEFAULT_RANGE, type Range, readRange, writeRange } from '../../ui/range.ts';

/**
 * All that makes the page show what it shows. It stands in the URL, so that a pasted link shows the same; other pages link
 * to it by `historyHref` (app/links.ts), which uses the same names.
 */
export interface HistoryState {
  /** In the search language, as it was written: kept even where it cannot be read. '' for all events. */
  readonly filter: string;
  readonly range: Range;
  /** None are all that the person may see. */
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
  /** Field names, in the order of columns. */
  readonly columns: readonly string[];
  readonly order: 'newest' | 'oldest';
  readonly live: boolean;
  /** The event in the split panel. */
  readonly selected?: SelectedEvent;
}

export interface SelectedEvent {
  readonly accountId: string;
  readonly eventId: string;
  /** Its time (ISO 8601), if it is known: it is found sooner then. */
  readonly at?: string;
}

/** AWS's own (spec: history §5). */
export const DEFAULT_COLUMNS: readonly string[] = [
  'eventName',
  'eventTime',
  'userName',
  'eventSource',
  'resourceType',
  'resourceName',
];

export const DEFAULT_STATE: HistoryState = {
  filter: '',
  range: DEFAULT_RANGE,
  accounts: [],
  regions: [],
  columns: DEFAULT_COLUMNS,
  order: 'newest',
  live: false,
};

/** What AWS shows when one comes without a question (spec: history §5); old records do not say whether they only read. */
export const FIRST_FILTER = 'readOnly != true';

/** More columns are no table that anybody reads, and each costs every row. */
const COLUMNS_MAX = 50;
/** More accounts or Regions are no choice but a list, which a filter does better. */
const SCOPE_MAX = 50;

/** Total: what cannot be read is what it is by default. */
export function readState(params: URLSearchParams): HistoryState {
  const selected = readSelected(params.get('event'), params.get('at'));
  return {
    filter: params.get('q') ?? '',
    range: readRange(params) ?? DEFAULT_RANGE,
    accounts: listOf(params.get('account'), /^\d{12}$/, SCOPE_MAX),
    regions: listOf(params.get('region'), /^[A-Za-z0-9-]{1,64}$/, SCOPE_MAX),
    columns: columnsOf(params.getAll('column')),
    order: params.get('order') === 'oldest' ? 'oldest' : 'newest',
    live: params.get('live') === '1',
    ...(selected && { selected }),
  };
}

/** The range always stands in it: so a link says all, and a bare `/events` is told from one. */
export function writeState(state: HistoryState): URLSearchParams {
  const isDefault = state.columns.join('\n') === DEFAULT_COLUMNS.join('\n');
  const params: readonly (readonly [string, string | false])[] = [
    ['q', state.filter],
    ...writeRange(state.range),
    ['account', state.accounts.join(',')],
    ['region', state.regions.join(',')],
    ...(isDefault ? [] : state.columns.map((column) => ['column', column] as const)),
    ['order', state.order === 'oldest' && 'oldest'],
    ['live', state.live && '1'],
    ['event', state.selected ? `${state.selected.accountId}/${state.selected.eventId}` : false],
    ['at', state.selected?.at ?? false],
  ];
  return new URLSearchParams(params.filter(([, value]) => value).map(([name, value]) => [name, value as string]));
}

/** Whether a URL says what to show, or leaves it to what the person had chosen before. */
export const saysNothing = (params: URLSearchParams): boolean => [...params.keys()].length === 0;

/** Column names hold dots and quotes, but no comma-separated list could carry them: each has a parameter of its own. */
function columnsOf(names: readonly string[]): readonly string[] {
  const columns = [...new Set(names.filter((name) => name !== ''))].slice(0, COLUMNS_MAX);
  return columns.length > 0 ? columns : DEFAULT_COLUMNS;
}

function listOf(text: string | null, each: RegExp, countMax: number): readonly string[] {
  return [...new Set((text ?? '').split(',').filter((one) => each.test(one)))].slice(0, countMax);
}

function readSelected(text: string | null, at: string | null): SelectedEvent | undefined {
  const [, accountId, eventId] = /^(\d{12})\/(.{1,256})$/s.exec(text ?? '') ?? [];
  if (accountId === undefined || eventId === undefined) return undefined;
  return { accountId, eventId, ...(at !== null && !Number.isNaN(Date.parse(at)) && { at }) };
}
