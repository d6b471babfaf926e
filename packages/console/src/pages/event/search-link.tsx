import Link from '@cloudscape-design/components/link';
import { useContext } from 'react';
import { printSearchFilter, type SearchFilter } from '../../api/search-language.ts';
import { historyHref } from '../../app/links.ts';
import { visible } from '../../ui/visible.ts';
import { SearchRange } from './search-range.ts';

interface SearchLinkProps {
  readonly filter: SearchFilter | undefined;
  readonly children: string;
  /** What the search is for, when the text alone does not say it. */
  readonly label?: string;
}

/** A value of an event that leads to all events with that value. Without a filter it is text. */
export function SearchLink({ filter, children, label }: SearchLinkProps) {
  const range = useContext(SearchRange);
  const text = visible(children, TEXT_CHARS_MAX);
  if (!filter) return <>{text}</>;
  return (
    <Link fontSize="inherit" href={historyHref({ filter: printSearchFilter(filter), range })} ariaLabel={label}>
      {text}
    </Link>
  );
}

const TEXT_CHARS_MAX = 300;
