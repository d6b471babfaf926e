import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type Param, text, useUrlState } from '../../app/url-state.ts';
import { clock } from '../../base/clock.ts';
import { useCall } from '../../hooks/use-call.ts';
import { allTrails } from '../../parts/trails/calls.ts';
import { regionIn } from '../../parts/trails/trail.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorState } from '../../ui/error-state.tsx';
import { Page } from '../../ui/page.tsx';
import { type Range, readRange, resolveRange, writeRange } from '../../ui/range.ts';
import { saveText } from '../../ui/save-file.ts';
import { FindingsTable } from './findings-table.tsx';
import type { Collected } from './logic/collected.ts';
import { csvReport, jsonReport, reportName, textReport } from './logic/export.ts';
import { ObjectsTable } from './objects-table.tsx';
import { Outcome } from './outcome.tsx';
import { Timeline } from './timeline.tsx';
import { useVerification } from './use-verification.ts';
import { VerifyForm } from './verify-form.tsx';
import './integrity.css';

const RANGE: Param<Range> = {
  initial: { type: 'relative', amount: 7, unit: 'day' },
  read: (written) => readRange(new URLSearchParams(written)),
  write: (range) => new URLSearchParams(writeRange(range).map(([name, value]) => [name, value])).toString(),
};
const STATE = { trail: text(), time: RANGE } as const;

/** Whether a trail's log files are as they were delivered. */
export default function IntegrityPage() {
  const trails = useCall(allTrails, []);
  const [{ trail, time }, change] = useUrlState(STATE);
  const { verification, run, cancel } = useVerification();
  const only = trails.data?.length === 1 ? trails.data[0]!.TrailARN : '';
  const arn = trail || only;
  const start = () => {
    const { startMs, endMs } = resolveRange(time, clock.now());
    const input = {
      Trail: arn,
      ...(startMs !== undefined && { StartTime: new Date(startMs).toISOString() }),
      ...(endMs !== undefined && { EndTime: new Date(endMs).toISOString() }),
    };
    void run(input, regionIn(arn));
  };
  const { state, collected, endedMs } = verification;
  return (
    <Page
      title="Integrity"
      description="Proves by digests that log files are as CloudTrail delivered them: none changed, none missing, none added."
      actions={state === 'done' && collected && <Export collected={collected} madeMs={endedMs ?? clock.now()} />}
    >
      <SpaceBetween size="l">
        {trails.error && <ErrorState error={trails.error} title="Trails could not be loaded" onRetry={trails.reload} />}
        <Container>
          <VerifyForm
            trails={trails}
            arn={arn}
            range={time}
            isRunning={state === 'running'}
            onTrail={(next) => change({ trail: next })}
            onRange={(next) => change({ time: next })}
            onRun={start}
            onCancel={cancel}
          />
        </Container>
        {trails.data?.length === 0 && (
          <EmptyState title="No trails" action={{ text: 'Create trail', href: '/trails/create' }}>
            Digests are made by trails with log file validation.
          </EmptyState>
        )}
        <Outcome verification={verification} />
        {collected && collected.lanes.size > 0 && (
          <Results collected={collected} arn={arn} isOver={state !== 'running'} />
        )}
      </SpaceBetween>
    </Page>
  );
}

interface ResultsProps {
  readonly collected: Collected;
  readonly arn: string;
  readonly isOver: boolean;
}

function Results({ collected, arn, isOver }: ResultsProps) {
  const { report } = collected;
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Over time</Header>}>
        <Timeline collected={collected} />
      </Container>
      {report && report.Findings.length > 0 && <FindingsTable findings={report.Findings} />}
      {isOver && <ObjectsTable collected={collected} trailArn={collected.trail?.TrailARN ?? arn} />}
    </SpaceBetween>
  );
}

const FORMATS = [
  { id: 'json', text: 'Report as JSON', type: 'application/json', make: jsonReport },
  { id: 'txt', text: 'Report as text', type: 'text/plain', make: textReport },
  { id: 'csv', text: 'Digests and log files as CSV', type: 'text/csv', make: csvReport },
] as const;

function Export({ collected, madeMs }: { readonly collected: Collected; readonly madeMs: number }) {
  const save = (id: string) => {
    const format = FORMATS.find((one) => one.id === id);
    if (format) saveText(format.make(collected, madeMs), reportName(collected, madeMs, id), format.type);
  };
  return (
    <ButtonDropdown items={FORMATS.map(({ id, text }) => ({ id, text }))} onItemClick={({ detail }) => save(detail.id)}>
      Export
    </ButtonDropdown>
  );
}
