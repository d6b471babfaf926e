import { type KeyboardEvent, useState } from 'react';
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
      onDoubleClick={isBranch ? onToggle : undefined}
    >
      <span className="ot-tree-mark" aria-hidden="true" onClick={isBranch ? onToggle : undefined}>
        {isBranch ? (row.isOpen ? '▾' : '▸') : ''}
      </span>
      <span className="ot-tree-key">
        <Marked text={visible(String(row.key))} search={search} />:
      </span>
      <Value row={row} search={search} />
      <span className="ot-tree-tools">
        <Tool label="Copy value" text="Value" onClick={() => onCopy('value')} />
        <Tool label="Copy path" text="Path" onClick={() => onCopy('path')} />
      </span>
    </div>
  );
}

/** For the pointer; on the keyboard the row itself takes C and P. */
function Tool({
  label,
  text,
  onClick,
}: {
  readonly label: string;
  readonly text: string;
  readonly onClick: () => void;
}) {
  return (
    <button type="button" tabIndex={-1} className="ot-tree-more" title={label} aria-label={label} onClick={onClick}>
      {text}
    </button>
  );
}

const UNITS = { object: ['member', 'members'], list: ['item', 'items'], text: ['', ''] } as const;

function Value({ row: { value, kind, count, isOpen }, search }: Pick<TreeRowViewProps, 'row' | 'search'>) {
  if (kind === 'leaf') return <Leaf value={value} search={search} />;
  if (kind === 'text' && !isOpen) return <Leaf value={value} search={search} />;
  if (kind === 'text') return <span className="ot-tree-quiet">JSON in a text</span>;
  const [one, many] = UNITS[kind];
  return <span className="ot-tree-quiet">{`${count} ${count === 1 ? one : many}`}</span>;
}

/** What is longer is cut until asked for: some values are whole files. */
const SHOWN_CHARS_MAX = 240;
/** More of one value is for copying, not for reading: it would make the page slow. */
const SHOWN_CHARS_END = 20_000;

function Leaf({ value, search }: { readonly value: unknown; readonly search: string }) {
  const [isWhole, setWhole] = useState(false);
  const text = typeof value === 'string' ? value : printValue(value);
  const isLong = text.length > SHOWN_CHARS_MAX;
  const shown = text.slice(0, isWhole ? SHOWN_CHARS_END : SHOWN_CHARS_MAX);
  return (
    <span className={typeof value === 'string' ? 'ot-tree-value' : 'ot-tree-value ot-tree-plain'}>
      {text === '' ? (
        <span className="ot-tree-quiet">empty text</span>
      ) : (
        <Marked text={escaped(shown)} search={search} />
      )}
      {isLong && (
        <button type="button" tabIndex={-1} className="ot-tree-more" onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Show less' : `… show all ${text.length.toLocaleString('en-US')} characters`}
        </button>
      )}
      {isWhole && text.length > SHOWN_CHARS_END && (
        <span className="ot-tree-quiet"> … copy the value for the rest</span>
      )}
    </span>
  );
}

/** Line breaks and tabs stay, for scripts and policies are written in lines. */
const escaped = (text: string): string =>
  text
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : visible(part)))
    .join('');

function Marked({ text, search }: { readonly text: string; readonly search: string }) {
  const at = search === '' ? -1 : text.toLowerCase().indexOf(search.toLowerCase());
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + search.length)}</mark>
      {text.slice(at + search.length)}
    </>
  );
}
