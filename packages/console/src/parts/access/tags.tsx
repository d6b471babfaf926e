import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import { EmptyState } from '../../ui/empty-state.tsx';
import { visible } from '../../ui/visible.ts';
import type { Tag } from './iam.ts';

/** Tags, to be read. */
export function Tags({ tags }: { readonly tags: readonly Tag[] }) {
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${tags.length})`}>
          Tags
        </Header>
      }
    >
      {tags.length === 0 ? (
        <EmptyState title="No tags" />
      ) : (
        <KeyValuePairs
          columns={3}
          items={tags.map(({ Key, Value }) => ({ label: visible(Key), value: visible(Value) || '-' }))}
        />
      )}
    </Container>
  );
}
