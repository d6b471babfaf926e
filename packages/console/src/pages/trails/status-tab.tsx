import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { clock } from '../../base/clock.ts';
import { useCall } from '../../hooks/use-call.ts';
import { overdueStretch, problemsOf } from '../../parts/trails/health.ts';
import type { Trail, TrailStatus } from '../../parts/trails/trail.ts';
import { ErrorState } from '../../ui/error-state.tsx';
import { spanText } from '../../ui/format.ts';
import { Loading } from '../../ui/loading.tsx';
import { Time } from '../../ui/time.tsx';
import { hasEvents } from './calls.ts';
import { StateText } from './state-text.tsx';
import { editHref } from './trail-actions.tsx';

interface StatusTabProps {
  readonly trail: Trail;
  readonly status: TrailStatus | undefined;
  readonly error: Error | undefined;
  readonly onReload: () => void;
}

/** Whether it logs, what arrived when, and what to do about what did not. */
export function StatusTab({ trail, status, error, onReload }: StatusTabProps) {
  if (error) return <ErrorState error={error} title="The status could not be loaded" onRetry={onReload} />;
  if (!status) return <Loading />;
  return (
    <SpaceBetween size="l">
      {problemsOf(trail, status).map(({ about, code, says, how }) => (
        <Alert
          key={about}
          type="error"
          header={`${about}: ${says}`}
          action={<Button href={editHref(trail.TrailARN)}>Edit the trail</Button>}
        >
          {how} <Box variant="small">({code})</Box>
        </Alert>
      ))}
      <Overdue trail={trail} status={status} />
      {!status.IsLogging && (
        <Alert type="warning" header="This trail is stopped">
          What happens now is not delivered. It is in the event history all the same.
        </Alert>
      )}
      <Container
        header={
          <Header variant="h2" actions={<Button iconName="refresh" ariaLabel="Reload the status" onClick={onReload} />}>
            Deliveries
          </Header>
        }
      >
        <KeyValuePairs columns={4} items={pairsOf(trail, status)} />
      </Container>
    </SpaceBetween>
  );
}

/** Events that have come long ago and are in no log file yet. Who may not look them up is not told. */
function Overdue({ trail, status }: { readonly trail: Trail; readonly status: TrailStatus }) {
  const overdue = useCall(
    async (signal) => {
      const stretch = overdueStretch(status, clock.now());
      return stretch && (await hasEvents(trail, stretch, signal)) ? stretch : undefined;
    },
    [trail, status],
  );
  if (!overdue.data) return null;
  return (
    <Alert
      type="warning"
      header={`Events have waited for up to ${spanText(clock.now() - 1000 * overdue.data.StartTime)}`}
    >
      They are in the event history and in no log file yet. If this trail’s selectors log them, see whether the server
      is ready (/readyz), and what opentrail doctor {trail.Name} says.
    </Alert>
  );
}

function pairsOf(trail: Trail, status: TrailStatus) {
  const pair = (label: string, seconds: number | undefined) => ({ label, value: <When seconds={seconds} /> });
  return [
    { label: 'State', value: <StateText trail={trail} status={status} /> },
    pair('Last log file', status.LatestDeliveryTime),
    ...(trail.LogFileValidationEnabled ? [pair('Last digest', status.LatestDigestDeliveryTime)] : []),
    ...(trail.SnsTopicARN ? [pair('Last notification', status.LatestNotificationTime)] : []),
    ...(trail.CloudWatchLogsLogGroupArn
      ? [pair('Last put to CloudWatch Logs', status.LatestCloudWatchLogsDeliveryTime)]
      : []),
    pair('Logging since', status.StartLoggingTime),
    ...(status.IsLogging ? [] : [pair('Stopped', status.StopLoggingTime)]),
  ];
}

function When({ seconds }: { readonly seconds: number | undefined }) {
  if (seconds === undefined) return <>Never</>;
  return (
    <>
      <Time value={seconds} as="ago" />
      <Box variant="small" display="block">
        <Time value={seconds} zone />
      </Box>
    </>
  );
}
