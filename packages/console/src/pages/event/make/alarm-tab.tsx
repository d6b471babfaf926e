import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useEffect } from 'react';
import { useCall } from '../../../hooks/use-call.ts';
import type { ShownEvent } from '../../../parts/events/search.ts';
import { Loaded } from '../../../ui/loaded.tsx';
import type { Condition } from '../logic/conditions.ts';
import { logsPattern } from '../logic/logs-pattern.ts';
import { AlarmForm } from './alarm-form.tsx';
import { matchesEvent } from './create-alarm.ts';
import { trailGroups } from './log-groups.ts';
import { MadeText } from './made-text.tsx';
import { useAct } from './use-act.ts';

interface AlarmTabProps {
  readonly event: ShownEvent;
  readonly conditions: readonly Condition[];
}

/** The fields as a metric filter's pattern: shown, tested, and made an alarm where a trail delivers to a log group. */
export function AlarmTab({ event, conditions }: AlarmTabProps) {
  const groups = useCall(trailGroups, []);
  const made = logsPattern(conditions);
  return (
    <SpaceBetween size="m">
      <MadeText made={made} label="filter pattern">
        {'text' in made && <PatternTest pattern={made.text} event={event} />}
      </MadeText>
      <Loaded call={groups} failed="Trails could not be loaded">
        {(found) =>
          found.length === 0 ? (
            <NoLogGroup />
          ) : (
            'text' in made && <AlarmForm groups={found} pattern={made.text} event={event} />
          )
        }
      </Loaded>
    </SpaceBetween>
  );
}

const NoLogGroup = () => (
  <Alert type="info" header="No trail delivers to a log group">
    An alarm counts what a metric filter finds in a log group of CloudWatch Logs. Give a{' '}
    <Link href="/trails">trail</Link> a log group, or use an EventBridge rule or a Sigma rule, which need none.
  </Alert>
);

/** TestMetricFilter with this event: the answer is the server's. */
function PatternTest({ pattern, event }: { readonly pattern: string; readonly event: ShownEvent }) {
  const { act, run, forget } = useAct<boolean>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was found is of the pattern before
  useEffect(() => forget(), [pattern]);
  return (
    <SpaceBetween direction="horizontal" size="s" alignItems="center">
      <Button onClick={() => void run(() => matchesEvent(pattern, event.json))} loading={act.isBusy}>
        Test with this event
      </Button>
      <span aria-live="polite">
        {act.done === true && <StatusIndicator>The pattern finds this event</StatusIndicator>}
        {act.done === false && <StatusIndicator type="warning">The pattern does not find this event</StatusIndicator>}
        {act.failure !== undefined && <StatusIndicator type="error">{act.failure}</StatusIndicator>}
      </span>
    </SpaceBetween>
  );
}
