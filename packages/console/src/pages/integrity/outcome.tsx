import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { ErrorState } from '../../ui/error-state.tsx';
import { countText } from '../../ui/format.ts';
import { type Collected, percentOf, wrongOf } from './logic/collected.ts';
import type { ProgressLine } from './logic/lines.ts';
import { countsText } from './states.tsx';
import type { Verification } from './use-verification.ts';

/** How far it is, or what came of it. */
export function Outcome({ verification }: { readonly verification: Verification }) {
  const { state, collected, error } = verification;
  if (state === 'idle' || !collected) return null;
  if (state === 'running') return <Progress collected={collected} />;
  if (state === 'failed') return <ErrorState error={error} title="The trail could not be verified" />;
  if (state === 'cancelled')
    return (
      <Alert type="info" header="Cancelled">
        What was looked at until then is shown below. It says nothing of the rest.
      </Alert>
    );
  return <Verdict collected={collected} />;
}

const PHASES: Readonly<Record<string, string>> = {
  listing: 'Listing the bucket',
  digests: 'Checking digests',
  'log files': 'Checking log files',
};

function Progress({ collected }: { readonly collected: Collected }) {
  const percent = percentOf(collected);
  const { progress } = collected;
  const wrong = wrongOf(collected);
  return (
    <Container>
      <ProgressBar
        label={(progress && PHASES[progress.Phase]) ?? 'Beginning'}
        description={doneText(progress)}
        additionalInfo={wrong > 0 ? `${countText(wrong)} missing or changed so far` : 'Nothing wrong so far'}
        value={percent ?? 0}
      />
    </Container>
  );
}

function doneText(progress: ProgressLine | undefined): string {
  if (!progress) return 'Asking for the trail';
  const { Done, Total, Phase } = progress;
  if (Total === undefined) return `${countText(Done)} objects`;
  return `${countText(Done)} of ${countText(Total)} ${Phase}`;
}

function Verdict({ collected }: { readonly collected: Collected }) {
  const { report, counts } = collected;
  if (!report) return null;
  return (
    <Container header={<Header variant="h2">Result</Header>}>
      <SpaceBetween size="m">
        <VerdictAlert collected={collected} />
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Digests', value: countsText(counts.digest) },
            { label: 'Log files', value: countsText(counts['log-file']) },
            { label: 'Records in valid log files', value: countText(report.Records) },
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}

function VerdictAlert({ collected: { report } }: { readonly collected: Collected }) {
  if (report?.Result === 'valid')
    return (
      <Alert type="success" header="Valid">
        Every digest and every log file of this range is as CloudTrail delivered it.
      </Alert>
    );
  if (report?.Result === 'nothing-found')
    return (
      <Alert type="info" header="Nothing found">
        There is no digest in this range, so nothing can be said. Digests come once an hour, when log file validation is
        on.
      </Alert>
    );
  const findings = report?.Findings.filter(({ Severity }) => Severity === 'invalid').length ?? 0;
  return (
    <Alert type="error" header="Not valid">
      {findings === 1 ? 'There is one finding' : `There are ${countText(findings)} findings`} that should not be: see
      below what is missing or was changed.
    </Alert>
  );
}
