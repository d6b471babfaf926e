import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useCall } from '../../hooks/use-call.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { type AttachedPolicy, decodedDocument, type Holder, managedDocument } from './iam.ts';
import { PolicyDocument } from './policy-document.tsx';

interface PoliciesProps {
  /** Whose they are, where that has to be said: `Group auditors`. */
  readonly title: string;
  readonly description?: string;
  readonly of: Holder;
  readonly none: string;
}

/** Policies of a user, group or role, each to be opened. */
export function Policies({ title, description, of: { attached, inline }, none }: PoliciesProps) {
  const count = attached.length + inline.length;
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${count})`} description={description}>
          {title}
        </Header>
      }
    >
      {count === 0 ? (
        <EmptyState title="No policies">{none}</EmptyState>
      ) : (
        <SpaceBetween size="s">
          {attached.map((policy) => (
            <ManagedPolicy key={policy.PolicyArn} policy={policy} />
          ))}
          {inline.map(({ PolicyName, PolicyDocument: document }) => (
            <ExpandableSection key={PolicyName} headerText={PolicyName} headerDescription="Inline policy">
              <PolicyDocument text={decodedDocument(document)} label={PolicyName} />
            </ExpandableSection>
          ))}
        </SpaceBetween>
      )}
    </Container>
  );
}

/** Its document is asked for when it is opened. */
export function ManagedPolicy({ policy: { PolicyName, PolicyArn } }: { readonly policy: AttachedPolicy }) {
  const [isOpen, setOpen] = useState(false);
  const isAws = PolicyArn.startsWith('arn:aws:iam::aws:');
  return (
    <ExpandableSection
      headerText={PolicyName}
      headerDescription={isAws ? 'AWS managed policy' : 'Customer managed policy'}
      expanded={isOpen}
      onChange={({ detail }) => setOpen(detail.expanded)}
    >
      {isOpen && <ManagedDocument arn={PolicyArn} name={PolicyName} />}
    </ExpandableSection>
  );
}

function ManagedDocument({ arn, name }: { readonly arn: string; readonly name: string }) {
  const call = useCall((signal) => managedDocument(arn, signal), [arn]);
  return (
    <Loaded call={call} failed="The policy could not be loaded">
      {(text) => (
        <SpaceBetween size="xs">
          <Box color="text-body-secondary" fontSize="body-s">
            {arn}
          </Box>
          <PolicyDocument text={text} label={name} />
        </SpaceBetween>
      )}
    </Loaded>
  );
}
