import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { Time } from '../../ui/time.tsx';
import type { KeyMetadata } from './calls.ts';

const TYPES: Readonly<Record<string, StatusIndicatorProps.Type>> = {
  Enabled: 'success',
  Disabled: 'stopped',
  PendingDeletion: 'warning',
  PendingImport: 'pending',
  Unavailable: 'error',
};

/** A key's state, in words: what will be deleted says when. */
export function KeyState({ of }: { readonly of: KeyMetadata }) {
  const { KeyState: state, DeletionDate } = of;
  return (
    <StatusIndicator type={TYPES[state] ?? 'info'}>
      {state === 'PendingDeletion' ? (
        <>
          Deletion on <Time value={DeletionDate} as="short" />
        </>
      ) : (
        state
      )}
    </StatusIndicator>
  );
}
