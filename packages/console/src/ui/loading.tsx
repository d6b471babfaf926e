import Box from '@cloudscape-design/components/box';
import StatusIndicator from '@cloudscape-design/components/status-indicator';

/** While a part of a page is awaited. */
export function Loading({ text = 'Loading' }: { readonly text?: string }) {
  return (
    <Box textAlign="center" padding="l" color="text-status-inactive">
      <StatusIndicator type="loading">{text}</StatusIndicator>
    </Box>
  );
}
