import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { countText } from '../../ui/format.ts';
import type { ObjectKind, ObjectState } from './logic/lines.ts';

export const STATES: readonly ObjectState[] = ['valid', 'missing', 'changed', 'unlisted'];

export const STATE_TEXTS: Readonly<Record<ObjectState, string>> = {
  valid: 'Valid',
  missing: 'Missing',
  changed: 'Changed',
  unlisted: 'In no digest',
};

const TYPES: Readonly<Record<ObjectState, StatusIndicatorProps.Type>> = {
  valid: 'success',
  missing: 'error',
  changed: 'error',
  unlisted: 'warning',
};

export const KIND_TEXTS: Readonly<Record<ObjectKind, string>> = { digest: 'Digest', 'log-file': 'Log file' };
export const KINDS_TEXTS: Readonly<Record<ObjectKind, string>> = { digest: 'Digests', 'log-file': 'Log files' };

export const StateText = ({ state }: { readonly state: ObjectState }) => (
  <StatusIndicator type={TYPES[state]}>{STATE_TEXTS[state]}</StatusIndicator>
);

/** `3 valid, 1 missing`; what there is none of is left out. */
export function countsText(counts: Readonly<Record<ObjectState, number>>): string {
  const parts = STATES.filter((state) => counts[state] > 0).map(
    (state) => `${countText(counts[state])} ${STATE_TEXTS[state].toLowerCase()}`,
  );
  return parts.join(', ') || 'none';
}
