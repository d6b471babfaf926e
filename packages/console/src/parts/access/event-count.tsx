import Link from '@cloudscape-design/components/link';
import { historyHref } from '../../app/links.ts';
import type { Call } from '../../hooks/use-call.ts';
import { countText } from '../../ui/format.ts';
import { ACTIVITY_RANGE } from './activity.ts';

interface EventCountProps {
  readonly counts: Call<ReadonlyMap<string, number>>;
  readonly of: string;
  readonly filter: string;
}

/** How many events, leading to them. Who may not search, or has none, sees so. */
export function EventCount({ counts, of, filter }: EventCountProps) {
  if (counts.error) return <>-</>;
  if (!counts.data) return <>…</>;
  const count = counts.data.get(of) ?? 0;
  if (count === 0) return <>None</>;
  return <Link href={historyHref({ filter, range: ACTIVITY_RANGE })}>{countText(count)}</Link>;
}
