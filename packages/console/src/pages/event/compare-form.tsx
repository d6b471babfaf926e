import Button from '@cloudscape-design/components/button';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { type FormEvent, useState } from 'react';
import { type EventKey, readEventKey } from '../../api/event-key.ts';
import type { ShownEvent } from '../../parts/events/search.ts';

interface CompareFormProps {
  readonly event: ShownEvent;
  readonly onCompare: (other: EventKey) => void;
}

/** Names the event to compare with by its id or address; those above are compared by their button. */
export function CompareForm({ event, onCompare }: CompareFormProps) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault();
    const key = readEventKey(text, event.accountId);
    if (key) onCompare(key);
    setProblem(key ? '' : 'Paste an event ID, or the address of an event’s page.');
  };
  return (
    <ExpandableSection variant="container" headerText="Compare by event ID">
      <form onSubmit={submit}>
        <FormField
          label="Event ID"
          description="Or choose Compare beside a related event."
          errorText={problem}
          secondaryControl={<Button formAction="submit">Compare</Button>}
        >
          <Input value={text} onChange={({ detail }) => setText(detail.value)} />
        </FormField>
      </form>
    </ExpandableSection>
  );
}
