import Alert from '@cloudscape-design/components/alert';
import Checkbox from '@cloudscape-design/components/checkbox';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { lineDiff } from '../logic/line-diff.ts';
import type { PolicyState } from './use-policies.ts';

interface PolicyConsentProps {
  /** `bucket`, `key`, `topic`. */
  readonly what: string;
  readonly policy: PolicyState;
  readonly consent: boolean;
  readonly onConsent: (consent: boolean) => void;
  /** It is made with the trail, and its policy with it. */
  readonly isNew?: boolean;
}

/** What the policy of a resource lacks for the trail, as a change to it, and whether it may be made. */
export function PolicyConsent({ what, policy, consent, onConsent, isNew = false }: PolicyConsentProps) {
  if (policy.state === 'unused') return null;
  if (policy.state === 'loading')
    return <StatusIndicator type="loading">Reading the policy of the {what}</StatusIndicator>;
  if (policy.state === 'unknown')
    return (
      <Alert type="warning" header={`The policy of the ${what} could not be read`}>
        {policy.problem} It stays as it is; when it does not let CloudTrail in, saving says so.
      </Alert>
    );
  const { present, merged } = policy;
  if (merged.missing.length === 0)
    return <StatusIndicator type="success">The policy of the {what} lets CloudTrail in</StatusIndicator>;
  const count = merged.missing.length;
  const words = `${count} statement${count === 1 ? '' : 's'}`;
  return (
    <SpaceBetween size="xs">
      {!isNew && (
        <Checkbox
          checked={consent}
          onChange={({ detail }) => onConsent(detail.checked)}
          description={`The ${what} does not let CloudTrail in yet. Nothing that its policy says now is taken away.`}
        >
          Add {words} to the policy of the {what} when I save
        </Checkbox>
      )}
      <ExpandableSection
        headerText={isNew ? `The policy that the ${what} gets` : `What changes in the policy of the ${what}`}
        defaultExpanded={!isNew}
      >
        <PolicyDiff before={present ?? ''} after={merged.text} what={what} />
      </ExpandableSection>
    </SpaceBetween>
  );
}

const MARKS = { same: ' ', added: '+', removed: '-' } as const;
const SPOKEN = { same: '', added: 'added: ', removed: 'removed: ' } as const;

function PolicyDiff({
  before,
  after,
  what,
}: {
  readonly before: string;
  readonly after: string;
  readonly what: string;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className="ot-diff" tabIndex={0} aria-label={`Policy of the ${what}, with what changes`}>
      {lineDiff(before, after).map(({ kind, text }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name than their place
        <div key={i} className={`ot-diff-${kind}`}>
          <span aria-hidden="true">{MARKS[kind]} </span>
          {kind !== 'same' && <span className="ot-unseen">{SPOKEN[kind]}</span>}
          {text}
        </div>
      ))}
    </section>
  );
}
