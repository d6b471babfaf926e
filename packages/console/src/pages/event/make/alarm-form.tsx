import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { happened } from '../../../parts/events/happened.ts';
import type { ShownEvent } from '../../../parts/events/search.ts';
import { AlarmFields } from './alarm-fields.tsx';
import { type AlarmInput, initialInput, problemsOf } from './alarm-input.ts';
import { createAlarm } from './create-alarm.ts';
import type { TrailGroup } from './log-groups.ts';
import { Outcome } from './outcome.tsx';
import { useAct } from './use-act.ts';

interface AlarmFormProps {
  /** One at least. */
  readonly groups: readonly TrailGroup[];
  readonly pattern: string;
  readonly event: ShownEvent;
}

/** Metric filter and alarm in one step. */
export function AlarmForm({ groups, pattern, event }: AlarmFormProps) {
  const [input, setInput] = useState(() => initialInput(groups[0]!, event.record));
  const { act, run } = useAct<AlarmInput>();
  const problems = problemsOf(input);
  // Topics are of a Region: with another group there is none chosen yet.
  const change = (patch: Partial<AlarmInput>) =>
    setInput((before) => ({ ...before, ...(patch.group && { topicArn: '' }), ...patch }));
  return (
    <SpaceBetween size="m">
      <AlarmFields groups={groups} input={input} problems={problems} change={change} />
      <Button
        variant="primary"
        loading={act.isBusy}
        disabled={problems.name !== '' || problems.threshold !== ''}
        onClick={() => void run(async () => create(input, pattern, event))}
      >
        Create metric filter and alarm
      </Button>
      <Outcome act={act} failed="This was not created">
        {({ name, group }) => ({
          header: `Alarm ${name} was created in ${group.region}`,
          content: (
            <>
              It counts events from now on. See it on the page{' '}
              <Link href={`/alarms?alarm=${encodeURIComponent(name)}`}>Alarms</Link>.
            </>
          ),
        })}
      </Outcome>
    </SpaceBetween>
  );
}

/** CloudWatch's own limit. */
const DESCRIPTION_CHARS_MAX = 1024;

async function create(input: AlarmInput, pattern: string, event: ShownEvent): Promise<AlarmInput> {
  const { group, name, topicArn, threshold, periodSeconds } = input;
  const made = `Made from event ${String(event.record.eventID)}: ${happened(event)}`;
  await createAlarm({
    ...{ group, name, pattern, topicArn },
    threshold: Number(threshold),
    periodSeconds: Number(periodSeconds),
    description: made.slice(0, DESCRIPTION_CHARS_MAX),
  });
  return input;
}
