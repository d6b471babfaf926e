import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { ApiError, isDenied, messageOf } from '../api/error.ts';
import { NoPermission } from './no-permission.tsx';

interface ErrorStateProps {
  readonly error: unknown;
  /** What did not work: "Trails could not be loaded". */
  readonly title?: string;
  readonly onRetry?: () => void;
  readonly retryText?: string;
}

/** Why a part of a page is not there, in the server's own words; a missing permission in words of its own. */
export function ErrorState({ error, title = 'This could not be loaded', onRetry, retryText }: ErrorStateProps) {
  if (isDenied(error)) return <NoPermission error={error} />;
  const code = error instanceof ApiError && error.status !== 0 ? ` (${error.code})` : '';
  return (
    <Alert
      type="error"
      header={title}
      action={onRetry && <Button onClick={onRetry}>{retryText ?? 'Try again'}</Button>}
    >
      {messageOf(error)}
      {code}
    </Alert>
  );
}
