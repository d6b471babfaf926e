import Button from '@cloudscape-design/components/button';
import { eventHref } from '../../app/links.ts';
import { navigate } from '../../app/router.ts';
import { type EventRow, eventTimeOf } from './event-row.ts';

/** Leads to the page of the first event, which shows how the second differs. */
export function CompareButton({ picked }: { readonly picked: readonly EventRow[] }) {
  const [first, second, ...more] = picked;
  const isPair = first !== undefined && second !== undefined && more.length === 0;
  return (
    <Button
      disabled={!isPair}
      disabledReason="Select two events to compare them."
      onClick={() => {
        if (!isPair) return;
        const compare = `${second.accountId}/${second.eventId}`;
        navigate(
          `${eventHref(first.accountId, first.eventId, eventTimeOf(first))}&${new URLSearchParams({ compare })}`,
        );
      }}
    >
      Compare
    </Button>
  );
}
