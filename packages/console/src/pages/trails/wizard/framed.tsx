import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import type { ReactNode } from 'react';

interface FramedProps {
  readonly title: string;
  /** Absent where it must stay. */
  readonly onRemove: (() => void) | undefined;
  readonly children: ReactNode;
}

/** One of several things of a kind. */
export function Framed({ title, onRemove, children }: FramedProps) {
  const actions = onRemove && (
    <Button variant="link" ariaLabel={`Remove ${title}`} onClick={onRemove}>
      Remove
    </Button>
  );
  return (
    <Container
      header={
        <Header variant="h3" actions={actions}>
          {title}
        </Header>
      }
    >
      {children}
    </Container>
  );
}
