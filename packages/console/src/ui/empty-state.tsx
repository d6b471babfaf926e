import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';

interface EmptyStateProps {
  /** What there is none of: "No trails". */
  readonly title: string;
  /** What to do about it, in a sentence. */
  readonly children?: ReactNode;
  readonly action?: { readonly text: string; readonly href?: string; readonly onClick?: () => void };
}

export function EmptyState({ title, children, action }: EmptyStateProps) {
  return (
    <Box textAlign="center" padding={{ vertical: 'l', horizontal: 's' }} color="inherit">
      <SpaceBetween size="xs">
        <Box variant="strong" color="inherit">
          {title}
        </Box>
        {children !== undefined && <Box color="text-body-secondary">{children}</Box>}
        {action && (
          <Button href={action.href} onClick={action.onClick}>
            {action.text}
          </Button>
        )}
      </SpaceBetween>
    </Box>
  );
}
