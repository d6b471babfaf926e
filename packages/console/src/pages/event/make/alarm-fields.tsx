import ColumnLayout from '@cloudscape-design/components/column-layout';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select, { type SelectProps } from '@cloudscape-design/components/select';
import { useCall } from '../../../hooks/use-call.ts';
import { nameOfArn } from '../../../parts/events/record.ts';
import { listTopics } from '../../../parts/topics.ts';
import { type AlarmInput, type AlarmProblems, PERIODS } from './alarm-input.ts';
import type { TrailGroup } from './log-groups.ts';

interface AlarmFieldsProps {
  readonly groups: readonly TrailGroup[];
  readonly input: AlarmInput;
  readonly problems: AlarmProblems;
  readonly change: (patch: Partial<AlarmInput>) => void;
}

export function AlarmFields({ groups, input, problems, change }: AlarmFieldsProps) {
  const { group, name, threshold, periodSeconds } = input;
  return (
    <ColumnLayout columns={2}>
      <FormField label="Log group" description="What the trail delivers there from now on is counted.">
        <Select
          options={groups.map(groupOption)}
          selectedOption={groupOption(group)}
          onChange={({ detail }) => change({ group: groups.find((one) => idOf(one) === detail.selectedOption.value)! })}
        />
      </FormField>
      <FormField label="Name" description="Of the alarm, its metric and its metric filter." errorText={problems.name}>
        <Input value={name} onChange={({ detail }) => change({ name: detail.value })} />
      </FormField>
      <FormField label="In alarm when there are at least" errorText={problems.threshold}>
        <Input
          type="number"
          inputMode="numeric"
          value={threshold}
          onChange={({ detail }) => change({ threshold: detail.value })}
        />
      </FormField>
      <FormField label="events within">
        <Select
          options={PERIODS}
          selectedOption={PERIODS.find(({ value }) => value === periodSeconds)!}
          onChange={({ detail }) => change({ periodSeconds: detail.selectedOption.value! })}
        />
      </FormField>
      <TopicField key={group.region} input={input} change={change} />
    </ColumnLayout>
  );
}

/** Topics of the group's Region: an alarm tells no others. */
function TopicField({ input: { group, topicArn }, change }: Pick<AlarmFieldsProps, 'input' | 'change'>) {
  const topics = useCall((signal) => listTopics(group.region, signal), [group.region]);
  return (
    <FormField label="Notify" description="An SNS topic, when the alarm goes off." errorText={topics.error?.message}>
      <Select
        options={[NO_TOPIC, ...(topics.data ?? []).map(topicOption)]}
        selectedOption={topicArn === '' ? NO_TOPIC : topicOption(topicArn)}
        statusType={topics.loading ? 'loading' : 'finished'}
        filteringType="auto"
        onChange={({ detail }) => change({ topicArn: detail.selectedOption.value! })}
      />
    </FormField>
  );
}

const idOf = ({ region, groupName }: TrailGroup): string => `${region}:${groupName}`;
const groupOption = (group: TrailGroup): SelectProps.Option => ({
  value: idOf(group),
  label: group.groupName,
  description: `trail ${group.trailName}, ${group.region}`,
});
const topicOption = (arn: string): SelectProps.Option => ({ value: arn, label: nameOfArn(arn) });
const NO_TOPIC: SelectProps.Option = { value: '', label: 'Nobody' };
