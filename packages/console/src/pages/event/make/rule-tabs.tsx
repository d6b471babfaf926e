import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Link from '@cloudscape-design/components/link';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { native } from '../../../api/client.ts';
import { printSearchFilter } from '../../../api/search-language.ts';
import { historyHref } from '../../../app/links.ts';
import { clock } from '../../../base/clock.ts';
import { eventNameOf, textOf } from '../../../parts/events/record.ts';
import type { ShownEvent } from '../../../parts/events/search.ts';
import type { Condition } from '../logic/conditions.ts';
import { eventBusPattern } from '../logic/event-bus-pattern.ts';
import { searchOf } from '../logic/search-pattern.ts';
import { SIGMA_LEVELS, type SigmaLevel, sigmaRule } from '../logic/sigma-rule.ts';
import { rangeFor } from '../search-range.ts';
import { MadeText } from './made-text.tsx';
import { Outcome } from './outcome.tsx';
import { useAct } from './use-act.ts';

interface RuleTabProps {
  readonly event: ShownEvent;
  readonly conditions: readonly Condition[];
}

/** The fields as a search of the event history. */
export function SearchTab({ event, conditions }: RuleTabProps) {
  const filter = searchOf(conditions);
  if (!filter) return <Alert type="info">Choose at least one field.</Alert>;
  const text = printSearchFilter(filter);
  return (
    <MadeText made={{ text }} label="filter">
      <Button variant="primary" href={historyHref({ filter: text, range: rangeFor(event, clock.now()) })}>
        Show in event history
      </Button>
    </MadeText>
  );
}

/** The fields as an event pattern, for a rule of EventBridge. */
export function EventBridgeTab({ event, conditions }: RuleTabProps) {
  return (
    <SpaceBetween size="m">
      <Box>An EventBridge rule with this event pattern sends such events to its targets as they happen.</Box>
      <MadeText made={eventBusPattern(event.record, conditions)} label="event pattern" />
    </SpaceBetween>
  );
}

/** The fields as a Sigma rule, which OpenTrail runs over every new event. */
export function SigmaTab({ event, conditions }: RuleTabProps) {
  const [title, setTitle] = useState(
    () => `${eventNameOf(event.record)} as on ${textOf(event.record.eventTime).slice(0, 10)}`,
  );
  const [level, setLevel] = useState<SigmaLevel>('medium');
  const { act, run } = useAct<string>();
  const made = sigmaRule(title, level, conditions);
  const add = async () => {
    if ('text' in made) await native('rules', { Text: made.text });
    return title;
  };
  return (
    <SpaceBetween size="m">
      <ColumnLayout columns={2}>
        <FormField label="Title" description="A rule of the same title is replaced.">
          <Input value={title} onChange={({ detail }) => setTitle(detail.value)} />
        </FormField>
        <FormField label="Level" description="How serious a match is.">
          <Select
            options={SIGMA_LEVELS.map((value) => ({ value }))}
            selectedOption={{ value: level }}
            onChange={({ detail }) => setLevel(detail.selectedOption.value as SigmaLevel)}
          />
        </FormField>
      </ColumnLayout>
      <MadeText made={made} label="Sigma rule">
        <Button
          variant="primary"
          disabled={'problem' in made || title.trim() === ''}
          loading={act.isBusy}
          onClick={() => void run(add)}
        >
          Add rule
        </Button>
      </MadeText>
      <Outcome act={act} failed="The rule was not added">
        {(added) => ({
          header: `Rule ${added} was added`,
          content: (
            <>
              Each match is an event RuleMatched. See it on the page <Link href="/alarms?tab=sigma">Alarms</Link>.
            </>
          ),
        })}
      </Outcome>
    </SpaceBetween>
  );
}
