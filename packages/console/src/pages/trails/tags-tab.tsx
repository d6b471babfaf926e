import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import Header from '@cloudscape-design/components/header';
import { type FormEvent, useState } from 'react';
import { messageOf } from '../../api/error.ts';
import { flash } from '../../app/flashes.tsx';
import { useCall } from '../../hooks/use-call.ts';
import type { Tag, Trail } from '../../parts/trails/trail.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { getTags, putTags } from './calls.ts';
import { TagFields } from './tag-fields.tsx';

/** The trail's tags, to be read and changed. */
export function TagsTab({ trail }: { readonly trail: Trail }) {
  const tags = useCall((signal) => getTags(trail, signal), [trail]);
  return (
    <Loaded call={tags} failed="The tags could not be loaded">
      {(loaded) => <TagForm key={JSON.stringify(loaded)} trail={trail} before={loaded} onSaved={tags.reload} />}
    </Loaded>
  );
}

interface TagFormProps {
  readonly trail: Trail;
  readonly before: readonly Tag[];
  readonly onSaved: () => void;
}

function TagForm({ trail, before, onSaved }: TagFormProps) {
  const [tags, setTags] = useState(before);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await putTags(trail, before, tags);
      flash({ type: 'success', content: 'The tags were saved.' });
      onSaved();
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  const isChanged = JSON.stringify(tags) !== JSON.stringify(before);
  return (
    <form onSubmit={save} noValidate>
      <Form
        actions={
          <Button variant="primary" loading={busy} disabled={!isChanged}>
            Save tags
          </Button>
        }
      >
        <Container header={<Header variant="h2">Tags</Header>}>
          <TagFields tags={tags} onChange={setTags} />
          {error !== undefined && <Alert type="error">{messageOf(error)}</Alert>}
        </Container>
      </Form>
    </form>
  );
}
