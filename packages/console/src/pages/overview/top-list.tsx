import Link from '@cloudscape-design/components/link';
import { allOf, condition, historyHref } from '../../app/links.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { countText } from '../../ui/format.ts';
import { visible } from '../../ui/visible.ts';
import type { FacetAnswer } from './search.ts';

interface TopListProps {
  readonly facet: FacetAnswer | undefined;
  readonly range: string;
  /** What a value is shown as; its full text stands in the tooltip. */
  readonly shown?: (value: string) => string;
  readonly filter?: string;
  readonly tone?: 'error';
  readonly empty: string;
}

const SHOWN_MAX = 6;

/** The most frequent values of a field, each leading to its events. */
export function TopList({ facet, range, shown = (value) => value, filter = '', tone, empty }: TopListProps) {
  if (!facet || facet.Values.length === 0) return <EmptyState title={empty} />;
  const shownValues = facet.Values.slice(0, SHOWN_MAX);
  const most = facet.Values[0]!.Count;
  return (
    <ol className={tone === 'error' ? 'ot-top ot-top-error' : 'ot-top'}>
      {shownValues.map(({ Value, Count }) => (
        <li key={Value}>
          <span className="ot-top-value" title={visible(Value)}>
            <Link href={historyHref({ filter: allOf(filter, condition(facet.Field, Value)), range })}>
              {visible(shown(Value))}
            </Link>
          </span>
          <span className="ot-top-count">{countText(Count)}</span>
          <span className="ot-top-bar" aria-hidden="true">
            <span style={{ inlineSize: `${(100 * Count) / most}%` }} />
          </span>
        </li>
      ))}
    </ol>
  );
}
