import { type KeyboardEvent, useMemo, useState } from 'react';
import { idOf, rowsOf, type TreeRow } from './rows.ts';

/** More rows are shown by "Show more": each costs the page. */
const ROWS_STEP = 500;
/** A value is opened as deep as makes no more rows than these: a list of thousands would push away what stands below. */
const OPEN_ROWS_MAX = 60;
const DEPTHS = [100, 3, 2] as const;
const DEPTH_MIN = 1;

/** What is open, searched and focused in a tree. */
export function useTree(value: unknown) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [openDepth, setOpenDepth] = useState<number>();
  const [search, setSearch] = useState('');
  const [rowsMax, setRowsMax] = useState(ROWS_STEP);
  const [currentId, setCurrentId] = useState<string>();
  const usualDepth = useMemo(() => {
    const fits = (openDepth: number) =>
      !rowsOf(value, { toggled: new Set(), openDepth, search: '', rowsMax: OPEN_ROWS_MAX }).isCut;
    return DEPTHS.find(fits) ?? DEPTH_MIN;
  }, [value]);
  const found = useMemo(
    () => rowsOf(value, { toggled, openDepth: openDepth ?? usualDepth, search, rowsMax }),
    [value, toggled, openDepth, usualDepth, search, rowsMax],
  );
  const current = found.rows.find(({ id }) => id === currentId) ?? found.rows[0];
  return {
    ...found,
    search,
    setSearch,
    current,
    focus: setCurrentId,
    toggle: (id: string) => setToggled((before) => withToggled(before, id)),
    openAll: () => {
      setToggled(new Set());
      setOpenDepth(100);
    },
    closeAll: () => {
      setToggled(new Set());
      setOpenDepth(0);
    },
    showMore: () => setRowsMax((max) => max + ROWS_STEP),
  };
}

function withToggled(before: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(before);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** Where a key leads from a row (WAI-ARIA, tree view pattern); `toggle` opens or closes the row itself. */
export function keyTarget(event: KeyboardEvent, rows: readonly TreeRow[], row: TreeRow): string | 'toggle' | undefined {
  const at = rows.indexOf(row);
  switch (event.key) {
    case 'ArrowDown':
      return rows[at + 1]?.id;
    case 'ArrowUp':
      return rows[at - 1]?.id;
    case 'Home':
      return rows[0]?.id;
    case 'End':
      return rows.at(-1)?.id;
    case 'ArrowRight':
      if (row.kind === 'leaf') return undefined;
      return row.isOpen ? rows[at + 1]?.id : 'toggle';
    case 'ArrowLeft':
      if (row.kind !== 'leaf' && row.isOpen) return 'toggle';
      return row.path.length > 1 ? idOf(row.path.slice(0, -1)) : undefined;
    case 'Enter':
    case ' ':
      return 'toggle';
    default:
      return undefined;
  }
}
