import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { ErrorState } from '../../ui/error-state.tsx';
import { Loading } from '../../ui/loading.tsx';
import { Time } from '../../ui/time.tsx';
import { problemsOf } from './logic/health.ts';
import type { Trail, TrailStatus } from './logic/trail.ts';
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
