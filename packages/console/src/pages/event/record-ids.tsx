import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs, { type KeyValuePairsProps } from '@cloudscape-design/components/key-value-pairs';
import { textOf } from '../../parts/events/record.ts';
import type { ShownEvent } from '../../parts/events/search.ts';
import { CopyText } from '../../ui/copy-text.tsx';
import { accountText } from '../../ui/format.ts';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';

/** Types and versions are short; a record may say anything. */
const TEXT_CHARS_MAX = 100;

/** What names the record, and what kind of record it is. */
export function RecordIds({ event: { record, accountId } }: { readonly event: ShownEvent }) {
  const id = (label: string, value: unknown): KeyValuePairsProps.Item[] =>
    textOf(value) === '' ? [] : [{ label, value: <CopyText text={textOf(value)} label={label} /> }];
  const plain = (label: string, value: unknown): KeyValuePairsProps.Item[] =>
    textOf(value) === '' ? [] : [{ label, value: visible(textOf(value), TEXT_CHARS_MAX) }];
  return (
    <Container header={<Header variant="h2">Record</Header>}>
      <KeyValuePairs
        columns={3}
        minColumnWidth={200}
        items={[
          { label: 'Event time', value: <Time value={textOf(record.eventTime)} zone /> },
          { label: 'Account', value: <CopyText text={accountId} shown={accountText(accountId)} label="account" /> },
          ...id('Event ID', record.eventID),
          ...id('Request ID', record.requestID),
          ...id('Shared event ID', record.sharedEventID),
          ...plain('Event type', record.eventType),
          ...plain('Event category', record.eventCategory),
          ...plain('Event version', record.eventVersion),
          ...plain('API version', record.apiVersion),
        ]}
      />
    </Container>
  );
}
