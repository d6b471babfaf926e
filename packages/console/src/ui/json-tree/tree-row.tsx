import type { KeyboardEvent } from 'react';
import { CutText } from '../cut-text.tsx';
import { Marked } from '../marked.tsx';
import { visible } from '../visible.ts';
import { printValue, type TreeRow } from './rows.ts';

interface TreeRowViewProps {
  readonly row: TreeRow;
  readonly search: string;
  /** The one row of the tree that Tab reaches. */
  readonly isCurrent: boolean;
  readonly setSize: number;
  readonly place: number;
  readonly onToggle: () => void;
  readonly onKey: (event: KeyboardEvent) => void;
  readonly onFocus: () => void;
  readonly onCopy: (what: 'value' | 'path') => void;
}

const INDENT_PX = 18;

export function TreeRowView(props: TreeRowViewProps) {
  const { row, search, isCurrent, setSize, place, onToggle, onKey, onFocus, onCopy } = props;
  const isBranch = row.kind !== 'leaf';
  return (
    <div
      role="treeitem"
      className="ot-tree-row"
      aria-level={row.depth + 1}
      aria-setsize={setSize}
      aria-posinset={place}
      aria-expanded={isBranch ? row.isOpen : undefined}
      aria-selected={isCurrent}
      tabIndex={isCurrent ? 0 : -1}
      data-id={row.id}
      style={{ paddingInlineStart: row.depth * INDENT_PX }}
      onKeyDown={onKey}
      onFocus={onFocus}
      onClick={(event) => isBranch && isHandle(event.target) && onToggle()}
    >
      <span className="ot-tree-mark" aria-hidden="true">
        {isBranch ? (row.isOpen ? '▾' : '▸') : ''}
      </span>
      <span className="ot-tree-key">
        <Marked text={visible(String(row.key))} search={search} />:
      </span>
      <Value row={row} search={search} onToggle={onToggle} />
      <span className="ot-tree-tools">
        <Tool text="Copy value" onClick={() => onCopy('value')} />
        <Tool text="Copy path" onClick={() => onCopy('path')} />
      </span>
    </div>
  );
}

/** What opens and closes a row by a click: its sign and its name, for values are there to be selected. */
const isHandle = (target: EventTarget): boolean =>
  target instanceof Element && target.closest('.ot-tree-mark, .ot-tree-key') !== null;

/** For the pointer; on the keyboard the row itself takes C and P. */
function Tool({ text, onClick }: { readonly text: string; readonly onClick: () => void }) {
  return (
    <button type="button" tabIndex={-1} className="ot-text-button" onClick={onClick}>
      {text}
    </button>
  );
}

const UNITS = { object: ['member', 'members'], list: ['item', 'items'], text: ['', ''] } as const;

function Value({ row, search, onToggle }: Pick<TreeRowViewProps, 'row' | 'search' | 'onToggle'>) {
  const { value, kind, count, isOpen } = row;
  if (kind === 'leaf' || (kind === 'text' && !isOpen)) {
    return (
      <span className="ot-tree-value">
        <CutText
          text={printValue(value)}
          search={search}
          tabIndex={-1}
          {...(kind === 'leaf' && { isWhole: isOpen, onToggle })}
        />
      </span>
    );
  }
  if (kind === 'text') return <span className="ot-quiet">JSON in a text</span>;
  const [one, many] = UNITS[kind];
  return <span className="ot-quiet">{`${count} ${count === 1 ? one : many}`}</span>;
}
