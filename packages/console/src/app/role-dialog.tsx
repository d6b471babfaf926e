import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { switchRole } from '../api/session.ts';
import { Dialog } from './dialog.tsx';

/** Goes on as a role, until one switches back: AssumeRole, as whoever is signed in. */
export default function RoleDialog({ onClose }: { readonly onClose: () => void }) {
  const [arn, setArn] = useState('');
  const [name, setName] = useState('');
  const [externalId, setExternalId] = useState('');
  const submit = () => {
    if (!/^arn:[^:]+:iam::\d{12}:role\/.+/.test(arn.trim()))
      throw new Error('The ARN of a role looks like arn:aws:iam::123456789012:role/Auditor.');
    return switchRole({
      RoleArn: arn.trim(),
      ...(name.trim() !== '' && { RoleSessionName: name.trim() }),
      ...(externalId.trim() !== '' && { ExternalId: externalId.trim() }),
    });
  };
  return (
    <Dialog title="Switch role" submitText="Switch role" onClose={onClose} onSubmit={submit}>
      <FormField label="Role ARN" constraintText="For example arn:aws:iam::123456789012:role/Auditor">
        <Input value={arn} onChange={({ detail }) => setArn(detail.value)} autoFocus spellcheck={false} />
      </FormField>
      <FormField label="Session name" description="Told in the events of the session.">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} spellcheck={false} />
      </FormField>
      <FormField label="External ID" description="Where the role's trust policy asks for one.">
        <Input value={externalId} onChange={({ detail }) => setExternalId(detail.value)} spellcheck={false} />
      </FormField>
    </Dialog>
  );
}
