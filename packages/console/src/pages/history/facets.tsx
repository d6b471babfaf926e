import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import type { SearchFilter } from '../../api/search-language.ts';
import { ErrorState } from '../../ui/error-state.tsx';
import { countText } from '../../ui/format.ts';
import { Loading } from '../../ui/loading.tsx';
import { visible } from '../../ui/visible.ts';
import { facetChoice } from './facet-filter.ts';
import { labelOf } from './fields.ts';
import { FACET_VALUES, type Facet } from './use-figures.ts';

interface FacetsProps {
  readonly facets: readonly Facet[] | undefined;
  readonly loading: boolean;
  readonly error: Error | undefined;
  readonly filter: SearchFilter | undefined;
  readonly onInclude: (field: string, value: string) => void;
  readonly onExclude: (field: string, value: string) => void;
  /** More values of a field. */
  readonly onMore: (field: string) => void;
}

/** The most frequent values of each field with their counts; a click includes one, the button behind it excludes it. */
export function Facets({ facets, loading, error, filter, onInclude, onExclude, onMore }: FacetsProps) {
  if (error) return <ErrorState error={error} title="Events could not be counted" />;
  if (facets === undefined) return <Loading text="Counting" />;
  return (
    <div className="history-facets" aria-busy={loading}>
      {facets.map((facet) => (
        <ExpandableSection
          key={facet.Field}
          variant="default"
          defaultExpanded
          headerText={labelOf(facet.Field)}
          headerAriaLabel={`Counts by ${labelOf(facet.Field)}`}
        >
          {facet.Values.length === 0 && (
            <Box color="text-status-inactive" fontSize="body-s">
              No values
            </Box>
          )}
          <ul className="history-facet" aria-label={labelOf(facet.Field)}>
            {facet.Values.map(({ Value, Count }) => (
              <FacetValue
                key={Value}
                label={labelOf(facet.Field)}
                value={Value}
                count={Count}
                most={facet.Values[0]!.Count}
                choice={facetChoice(filter, facet.Field, Value)}
                onInclude={() => onInclude(facet.Field, Value)}
                onExclude={() => onExclude(facet.Field, Value)}
              />
            ))}
          </ul>
          {facet.DistinctCount > facet.Values.length && <Rest facet={facet} onMore={() => onMore(facet.Field)} />}
        </ExpandableSection>
      ))}
    </div>
  );
}

function Rest({ facet, onMore }: { readonly facet: Facet; readonly onMore: () => void }) {
  const text = `${countText(facet.DistinctCount - facet.Values.length)} more`;
  if (facet.Values.length > FACET_VALUES) return <Box color="text-status-inactive">{text}</Box>;
  return (
    <Button variant="inline-link" onClick={onMore} ariaLabel={`${text} of ${labelOf(facet.Field)}`}>
      {text}
    </Button>
  );
}

interface FacetValueProps {
  readonly label: string;
  readonly value: string;
  readonly count: number;
  /** The count of the most frequent value, to which the bar is drawn. */
  readonly most: number;
  readonly choice: ReturnType<typeof facetChoice>;
  readonly onInclude: () => void;
  readonly onExclude: () => void;
}

/** A count's line has room for some thirty; its tooltip for these. */
const TEXT_CHARS_MAX = 300;

function FacetValue({ label, value, count, most, choice, onInclude, onExclude }: FacetValueProps) {
  const shown = visible(value, TEXT_CHARS_MAX);
  return (
    <li className={`history-facet-value${choice ? ` history-facet-${choice}` : ''}`}>
      <button
        type="button"
        className="history-facet-include"
        aria-pressed={choice === 'included'}
        title={shown}
        onClick={onInclude}
      >
        <span className="history-facet-name">{shown}</span>{' '}
        <span className="history-facet-count">{countText(count)}</span>
        <meter className="history-facet-bar" min={0} max={most} value={count} aria-hidden="true" />
      </button>
      <span className="history-facet-exclude">
        <Button
          variant="inline-icon"
          iconName="close"
          ariaLabel={choice === 'excluded' ? `Show ${label} ${shown} again` : `Leave out ${label} ${shown}`}
          onClick={onExclude}
        />
      </span>
    </li>
  );
}
