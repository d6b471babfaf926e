import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { messageOf } from '../../api/error.ts';
import { Dialog } from '../../app/dialog.tsx';
import { flash } from '../../app/flashes.tsx';
import { navigate, pathTo } from '../../app/router.ts';
import type { Trail, TrailStatus } from '../../parts/trails/trail.ts';
import { actOn } from './calls.ts';

interface TrailActionsProps {
  readonly trail: Trail;
  readonly status: TrailStatus | undefined;
  readonly onChanged: () => void;
}

export const editHref = (arn: string): string => pathTo('/trails/edit/:arn…', { arn });

/** Verify, edit, start or stop, delete: what is done to a whole trail. */
export function TrailActions({ trail, status, onChanged }: TrailActionsProps) {
  const [asking, setAsking] = useState<'stop' | 'delete'>();
  const [busy, setBusy] = useState(false);
  const start = async () => {
    setBusy(true);
    try {
      await actOn(trail, 'StartLogging');
      flash({ type: 'success', content: `${trail.Name} logs from now on.` });
      onChanged();
    } catch (error) {
      flash({ type: 'error', header: `${trail.Name} was not started`, content: messageOf(error) });
    } finally {
      setBusy(false);
    }
  };
  const close = () => setAsking(undefined);
  return (
    <>
      <SpaceBetween direction="horizontal" size="xs">
        <Button href={`/integrity?trail=${encodeURIComponent(trail.TrailARN)}`}>Verify integrity</Button>
        {status?.IsLogging === false && (
          <Button onClick={start} loading={busy}>
            Start logging
          </Button>
        )}
        {status?.IsLogging === true && <Button onClick={() => setAsking('stop')}>Stop logging</Button>}
        <Button onClick={() => setAsking('delete')}>Delete</Button>
        <Button variant="primary" href={editHref(trail.TrailARN)}>
          Edit
        </Button>
      </SpaceBetween>
      {asking === 'stop' && <StopDialog trail={trail} onClose={close} onDone={onChanged} />}
      {asking === 'delete' && <DeleteDialog trail={trail} onClose={close} />}
    </>
  );
}

interface StopDialogProps {
  readonly trail: Trail;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function StopDialog({ trail, onClose, onDone }: StopDialogProps) {
  const submit = async () => {
    await actOn(trail, 'StopLogging');
    flash({ type: 'success', content: `${trail.Name} has stopped logging.` });
    onDone();
  };
  return (
    <Dialog title={`Stop logging of ${trail.Name}?`} submitText="Stop logging" onSubmit={submit} onClose={onClose}>
      <p>
        What happens from now on is not delivered, and cannot be delivered later. It stays in the event history. The
        stop itself is recorded, and still delivered.
      </p>
    </Dialog>
  );
}

function DeleteDialog({ trail, onClose }: { readonly trail: Trail; readonly onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const submit = async () => {
    if (typed !== trail.Name) throw new Error(`To delete it, type its name: ${trail.Name}`);
    await actOn(trail, 'DeleteTrail');
    flash({ type: 'success', content: `The trail ${trail.Name} was deleted.` });
    navigate('/trails');
  };
  return (
    <Dialog title={`Delete the trail ${trail.Name}?`} submitText="Delete trail" onSubmit={submit} onClose={onClose}>
      <SpaceBetween size="m">
        <Alert type="warning">
          It logs no more. The log files and digests in {trail.S3BucketName} stay; the bucket, key, topic and log group
          stay, too.
        </Alert>
        <FormField label={`Type ${trail.Name} to confirm`}>
          <Input value={typed} onChange={({ detail }) => setTyped(detail.value)} autoFocus autoComplete={false} />
        </FormField>
      </SpaceBetween>
    </Dialog>
  );
}
