import Link from '@cloudscape-design/components/link';
import { eventHref } from '../../app/links.ts';
import { happened } from './happened.ts';
import { textOf } from './record.ts';
import type { ShownEvent } from './search.ts';

/** An event in a line, which leads to its page where that is known. */
export function EventLink({ event }: { readonly event: ShownEvent }) {
  const text = happened(event);
  return event.id === '' || event.accountId === '' ? (
    text
  ) : (
    <Link href={eventHref(event.accountId, event.id, textOf(event.record.eventTime))}>{text}</Link>
  );
}
