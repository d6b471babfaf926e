import Alert from '@cloudscape-design/components/alert';
import { messageOf } from '../api/error.ts';

/** The caller's policies do not allow a call: which action, when the answer tells. */
export function NoPermission({ error }: { readonly error: unknown }) {
  const message = messageOf(error);
  const action = /perform:? ([A-Za-z0-9-]+:\w+)/.exec(message)?.[1];
  return (
    <Alert type="warning" header={action ? `You need permission for ${action}` : 'You do not have permission for this'}>
      {message}
    </Alert>
  );
}
