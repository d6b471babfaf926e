import Alert from '@cloudscape-design/components/alert';
import type { ReactNode } from 'react';
import type { Act } from './use-act.ts';

interface OutcomeProps<T> {
  readonly act: Act<T>;
  /** "The rule was not added". */
  readonly failed: string;
  readonly children: (done: T) => { readonly header: string; readonly content: ReactNode };
}

/** How an act went, told to screen readers as well. */
export function Outcome<T>({ act: { done, failure }, failed, children }: OutcomeProps<T>) {
  const success = done === undefined ? undefined : children(done);
  return (
    <div aria-live="polite">
      {failure !== undefined && (
        <Alert type="error" header={failed}>
          {failure}
        </Alert>
      )}
      {success && (
        <Alert type="success" header={success.header}>
          {success.content}
        </Alert>
      )}
    </div>
  );
}
