import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { ApiError, messageOf } from '../../../api/error.ts';
import { remedyOf } from '../../../parts/trails/health.ts';
import type { PlannedCall } from '../logic/plan.ts';
import { selectorLines } from '../logic/selectors.ts';
import type { PlanFailure } from '../run-plan.ts';
import type { StepProps } from './step.ts';

interface ReviewStepProps extends StepProps {
  readonly plan: readonly PlannedCall[];
  /** How many of its calls are done; undefined before it was begun. */
  readonly done: number | undefined;
  readonly failure: PlanFailure | undefined;
}

/** All that saving does, call by call, and how far it is. */
export function ReviewStep({ form, change, isNew, plan, done, failure }: ReviewStepProps) {
  return (
    <SpaceBetween size="l">
      {failure && <Failure failure={failure} />}
      <Container header={<Header variant="h2">What saving does</Header>}>
        <SpaceBetween size="m">
          {plan.length === 0 ? (
            <Box color="text-body-secondary">Nothing: the trail is as it was.</Box>
          ) : (
            <ol className="ot-lines" aria-live="polite">
              {plan.map((call, i) => (
                <li key={`${call.kind} ${call.text}`}>
                  <StatusIndicator type={stateOf(i, done, failure, call)}>{call.text}</StatusIndicator>
                </li>
              ))}
            </ol>
          )}
          {isNew && (
            <Checkbox checked={form.startLogging} onChange={({ detail }) => change({ startLogging: detail.checked })}>
              Start logging at once
            </Checkbox>
          )}
        </SpaceBetween>
      </Container>
      <Container header={<Header variant="h2">What is logged</Header>}>
        <ul className="ot-lines">
          {selectorLines(form.selectors).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </Container>
    </SpaceBetween>
  );
}

function stateOf(i: number, done: number | undefined, failure: PlanFailure | undefined, call: PlannedCall) {
  if (failure?.call === call) return 'error' as const;
  if (done === undefined || (failure && i > done)) return 'pending' as const;
  if (i < done) return 'success' as const;
  return i === done && !failure ? ('in-progress' as const) : ('pending' as const);
}

/** In AWS's words, and what to do. What was done before stays done: saving again goes on from there. */
function Failure({ failure: { call, error } }: { readonly failure: PlanFailure }) {
  const code = error instanceof ApiError ? error.code : '';
  const remedy = remedyOf(code);
  return (
    <Alert type="error" header={`This did not work: ${call.text}`}>
      <SpaceBetween size="xs">
        <span>
          {messageOf(error)}
          {code && ` (${code})`}
        </span>
        {remedy && <Box variant="strong">{remedy}</Box>}
        <span>What was done before it stays; saving again goes on from there.</span>
      </SpaceBetween>
    </Alert>
  );
}
