import Button from '@cloudscape-design/components/button';
import Input from '@cloudscape-design/components/input';
import LiveRegion from '@cloudscape-design/components/live-region';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import './json-tree.css';
import { printPath } from './path.ts';
import { idOf, printValue, type TreePath, type TreeRow } from './rows.ts';
import { TreeRowView } from './tree-row.tsx';
import { keyTarget, useTree } from './use-tree.ts';

interface JsonTreeProps {
  /** An object or a list. Hostile: it is shown as text and nothing else. */
  readonly value: unknown;
  /** What it is, for screen readers. */
  readonly label: string;
}

/**
 * A value as a tree: search within, open and close, copy a value or its path. Arrow keys move, Enter opens and closes, C copies
 * the value, P the path.
 */
export function JsonTree({ value, label }: JsonTreeProps) {
  const tree = useTree(value);
  const keysId = useId();
  const list = useRef<HTMLDivElement>(null);
  const [said, setSaid] = useState('');

  const go = (id: string) => {
    tree.focus(id);
    list.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus();
  };
  const copy = async (row: TreeRow, what: 'value' | 'path') => {
    const text = what === 'value' ? printValue(row.value) : printPath(row.path);
    setSaid(await copied(text, what));
  };
  const onKey = (event: KeyboardEvent, row: TreeRow) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
    const shortcut = SHORTCUTS[event.key.toLowerCase()];
    const target = shortcut ? undefined : keyTarget(event, tree.rows, row);
    if (!shortcut && target === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (shortcut) void copy(row, shortcut);
    else if (target === 'toggle') tree.toggle(row.id);
    else go(target!);
  };

  const places = placesOf(tree.rows);
  return (
    <SpaceBetween size="xs">
      <SpaceBetween direction="horizontal" size="xs" alignItems="center">
        <Input
          type="search"
          value={tree.search}
          placeholder="Find in this"
          ariaLabel={`Find in ${label}`}
          onChange={({ detail }) => {
            setSaid('');
            tree.setSearch(detail.value);
          }}
        />
        <Button variant="inline-link" onClick={tree.openAll}>
          Open all
        </Button>
        <Button variant="inline-link" onClick={tree.closeAll}>
          Close all
        </Button>
        <span className="ot-tree-hint">
          <LiveRegion tagName="span">
            {said || (tree.search.trim() === '' ? '' : `${tree.matchCount} found`)}
          </LiveRegion>
        </span>
      </SpaceBetween>
      {tree.rows.length === 0 ? (
        <span className="ot-tree-hint">{tree.search === '' ? 'Nothing in it.' : 'Nothing found.'}</span>
      ) : (
        <div>
          <div role="tree" aria-label={label} aria-describedby={keysId} className="ot-tree" ref={list}>
            {tree.rows.map((row, i) => (
              <TreeRowView
                key={row.id}
                row={row}
                search={tree.search.trim()}
                isCurrent={row === tree.current}
                setSize={places[i]!.of}
                place={places[i]!.place}
                onToggle={() => tree.toggle(row.id)}
                onKey={(event) => onKey(event, row)}
                onFocus={() => tree.focus(row.id)}
                onCopy={(what) => void copy(row, what)}
              />
            ))}
          </div>
          <div id={keysId} className="ot-tree-hint ot-tree-keys">
            Arrow keys move, Enter opens and closes, C copies the value, P its path.
          </div>
        </div>
      )}
      {tree.isCut && <Button onClick={tree.showMore}>Show more</Button>}
    </SpaceBetween>
  );
}

const SHORTCUTS: Readonly<Record<string, 'value' | 'path'>> = { c: 'value', p: 'path' };

async function copied(text: string, what: 'value' | 'path'): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return what === 'value' ? 'Value copied' : `Copied ${text}`;
  } catch {
    return 'The browser did not allow copying.';
  }
}

/** Each row's place among its siblings that are shown. */
function placesOf(rows: readonly TreeRow[]): readonly { readonly place: number; readonly of: number }[] {
  const counts = new Map<string, number>();
  const parent = ({ path }: { readonly path: TreePath }) => idOf(path.slice(0, -1));
  const places = rows.map((row) => {
    const place = (counts.get(parent(row)) ?? 0) + 1;
    counts.set(parent(row), place);
    return place;
  });
  return rows.map((row, i) => ({ place: places[i]!, of: counts.get(parent(row))! }));
}
