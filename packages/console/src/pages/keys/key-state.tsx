import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { KeyMetadata } from './calls.ts';

const STATES: Readonly<Record<string, { readonly type: StatusIndicatorProps.Type; readonly text: string }>> = {
  Enabled: { type: 'success', text: 'Enabled' },
  Disabled: { type: 'stopped', text: 'Disabled' },
  PendingDeletion: { type: 'warning', text: 'Pending deletion' },
  PendingImport: { type: 'pending', text: 'Pending import' },
  Unavailable: { type: 'error', text: 'Unavailable' },
};

/** A key's state, in words. */
export function KeyState({ of: { KeyState: state } }: { readonly of: KeyMetadata }) {
  const { type, text } = STATES[state] ?? { type: 'info', text: state };
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}
