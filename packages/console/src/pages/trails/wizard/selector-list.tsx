import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import { Framed } from './framed.tsx';

interface SelectorListProps<T> {
  readonly selectors: readonly T[];
  readonly onChange: (selectors: readonly T[]) => void;
  /** What a selector that is added begins as. */
  readonly added: T;
  /** AWS's quota, where it counts selectors. */
  readonly max?: number;
  readonly children: (selector: T, change: (next: T) => void) => ReactNode;
}

/** Selectors of either kind: each in a frame, added and taken away. One stays. */
export function SelectorList<T>(props: SelectorListProps<T>) {
  const { selectors, onChange, added, max = Number.POSITIVE_INFINITY, children } = props;
  return (
    <SpaceBetween size="m">
      {selectors.map((selector, i) => (
        <Framed
          // biome-ignore lint/suspicious/noArrayIndexKey: selectors have no other name than their place
          key={i}
          title={`Selector ${i + 1}`}
          onRemove={selectors.length > 1 ? () => onChange(without(selectors, i)) : undefined}
        >
          {children(selector, (next) => onChange(replaced(selectors, i, next)))}
        </Framed>
      ))}
      <Button iconName="add-plus" disabled={selectors.length >= max} onClick={() => onChange([...selectors, added])}>
        Add selector
      </Button>
    </SpaceBetween>
  );
}

export const replaced = <T,>(items: readonly T[], index: number, next: T): T[] =>
  items.map((item, i) => (i === index ? next : item));

export const without = <T,>(items: readonly T[], index: number): T[] => items.filter((_, i) => i !== index);
