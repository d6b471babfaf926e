import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Link from '@cloudscape-design/components/link';
import Select, { type SelectProps } from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { messageOf } from '../../../api/error.ts';
import { useCall } from '../../../hooks/use-call.ts';
import { listTopics } from '../../trails/calls.ts';
import { happened } from '../happened.ts';
import { nameFor } from '../logic/conditions.ts';
import { nameOfArn } from '../logic/record.ts';
import type { ShownEvent } from '../search.ts';
import { createAlarm } from './create-alarm.ts';
import type { TrailGroup } from './log-groups.ts';

interface AlarmFormProps {
  readonly groups: readonly TrailGroup[];
  readonly pattern: string;
  readonly event: ShownEvent;
}

/** Metric filter and alarm in one step. */
export function AlarmForm({ groups, pattern, event }: AlarmFormProps) {
  const [groupId, setGroupId] = useState(idOf(groups[0]!));
  const group = groups.find((one) => idOf(one) === groupId) ?? groups[0]!;
  const [name, setName] = useState(() => nameFor(event.record));
  const [threshold, setThreshold] = useState('1');
  const [period, setPeriod] = useState(PERIODS[1]!);
  const [topicArn, setTopicArn] = useState('');
  const [outcome, setOutcome] = useState<'asked' | Error | { readonly name: string }>();
  const topics = useCall((signal) => listTopics(group.region, signal), [group.region]);
  const problems = { name: nameProblem(name), threshold: thresholdProblem(threshold) };

  const create = async () => {
    setOutcome('asked');
    const description = `Made from event ${String(event.record.eventID)}: ${happened(event)}`.slice(
      0,
      DESCRIPTION_CHARS_MAX,
    );
    try {
      const periodSeconds = Number(period.value);
      await createAlarm({ group, pattern, name, threshold: Number(threshold), periodSeconds, topicArn, description });
      setOutcome({ name });
    } catch (error) {
      setOutcome(error instanceof Error ? error : new Error(messageOf(error)));
    }
  };

  return (
    <SpaceBetween size="m">
      <ColumnLayout columns={2}>
        <FormField label="Log group" description="What the trail delivers there from now on is counted.">
          <Select
            options={groups.map(groupOption)}
            selectedOption={groupOption(group)}
            onChange={({ detail }) => setGroupId(detail.selectedOption.value!)}
          />
        </FormField>
        <FormField label="Name" description="Of the alarm, its metric and its metric filter." errorText={problems.name}>
          <Input value={name} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <FormField label="In alarm when there are at least" errorText={problems.threshold}>
          <Input
            type="number"
            inputMode="numeric"
            value={threshold}
            onChange={({ detail }) => setThreshold(detail.value)}
          />
        </FormField>
        <FormField label="events within">
          <Select
            options={PERIODS}
            selectedOption={period}
            onChange={({ detail }) => setPeriod(PERIODS.find(({ value }) => value === detail.selectedOption.value)!)}
          />
        </FormField>
        <FormField
          label="Notify"
          description="An SNS topic, when the alarm goes off."
          errorText={topics.error?.message}
        >
          <Select
            options={[NO_TOPIC, ...(topics.data ?? []).map(topicOption)]}
            selectedOption={topicArn === '' ? NO_TOPIC : topicOption(topicArn)}
            statusType={topics.loading ? 'loading' : 'finished'}
            filteringType="auto"
            onChange={({ detail }) => setTopicArn(detail.selectedOption.value!)}
          />
        </FormField>
      </ColumnLayout>
      <Button
        variant="primary"
        loading={outcome === 'asked'}
        disabled={problems.name !== '' || problems.threshold !== ''}
        onClick={() => void create()}
      >
        Create metric filter and alarm
      </Button>
      <div aria-live="polite">
        {outcome instanceof Error && (
          <Alert type="error" header="This was not created">
            {outcome.message}
          </Alert>
        )}
        {typeof outcome === 'object' && !(outcome instanceof Error) && (
          <Created name={outcome.name} region={group.region} />
        )}
      </div>
    </SpaceBetween>
  );
}

const Created = ({ name, region }: { readonly name: string; readonly region: string }) => (
  <Alert type="success" header={`Alarm ${name} was created in ${region}`}>
    It counts events from now on. See it on the page{' '}
    <Link href={`/alarms?alarm=${encodeURIComponent(name)}`}>Alarms</Link>.
  </Alert>
);

const idOf = ({ region, groupName }: TrailGroup): string => `${region}:${groupName}`;
const groupOption = (group: TrailGroup): SelectProps.Option => ({
  value: idOf(group),
  label: group.groupName,
  description: `trail ${group.trailName}, ${group.region}`,
});
const topicOption = (arn: string): SelectProps.Option => ({ value: arn, label: nameOfArn(arn) });
const NO_TOPIC: SelectProps.Option = { value: '', label: 'Nobody' };

const PERIODS = [
  { value: '60', label: '1 minute' },
  { value: '300', label: '5 minutes' },
  { value: '900', label: '15 minutes' },
  { value: '3600', label: '1 hour' },
];

/** CloudWatch's own limit. */
const DESCRIPTION_CHARS_MAX = 1024;
/** Metrics and alarms have 255; metric filters take neither `:` nor `*`. */
const nameProblem = (name: string): string =>
  /^[^:*]{1,255}$/.test(name) ? '' : 'A name has 1 to 255 characters, and neither ":" nor "*".';
const thresholdProblem = (threshold: string): string =>
  /^[1-9]\d{0,8}$/.test(threshold) ? '' : 'A whole number from 1 on.';
