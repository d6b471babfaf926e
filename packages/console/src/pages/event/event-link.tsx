import Link from '@cloudscape-design/components/link';
import { eventHref } from '../../app/links.ts';
import { happened } from './happened.ts';
import { textOf } from './logic/record.ts';
import type { ShownEvent } from './search.ts';

/** An event in a line, which leads to its page. Old records have no id, and so no page. */
export function EventLink({ event }: { readonly event: ShownEvent }) {
  const id = textOf(event.record.eventID);
  const text = happened(event);
  return id === '' || event.accountId === '' ? (
    text
  ) : (
    <Link href={eventHref(event.accountId, id, textOf(event.record.eventTime))}>{text}</Link>
  );
}
