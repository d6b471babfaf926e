import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { messageOf } from '../../api/error.ts';
import { switchRole } from '../../api/session.ts';
import { flash } from '../../app/flashes.tsx';
import { allOf, condition } from '../../app/links.ts';
import type { PageParams } from '../../app/routes.tsx';
import { useCall } from '../../hooks/use-call.ts';
import { Boundary } from '../../parts/access/boundary.tsx';
import { decodedDocument, policiesOf } from '../../parts/access/iam.ts';
import { Policies } from '../../parts/access/policies.tsx';
import { PolicyDocument } from '../../parts/access/policy-document.tsx';
import { Tags } from '../../parts/access/tags.tsx';
import { RecentEvents } from '../../parts/events/recent-events.tsx';
import { CopyText } from '../../ui/copy-text.tsx';
import { spanText } from '../../ui/format.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { UrlTabs } from '../../ui/url-tabs.tsx';
import { visible } from '../../ui/visible.ts';
import { getRole, type RoleFacts, tagsOf } from './calls.ts';

const BACK = { text: 'Roles', href: '/roles' };
const BREADCRUMBS = [BACK];
const MISSING = { title: 'No such role', back: BACK };

/** One role: who acted as it, what was done then, what it may do, whom it trusts. */
export default function RolePage({ params: { name = '' } }: PageParams) {
  const role = useCall((signal) => getRole(name, signal), [name]);
  return (
    <Page
      title={name}
      breadcrumbs={BREADCRUMBS}
      description={role.data && <CopyText text={role.data.Arn} label="ARN" />}
      actions={role.data && <SwitchRole arn={role.data.Arn} />}
    >
      <Loaded call={role} failed="The role could not be loaded" missing={MISSING}>
        {(loaded) => (
          <SpaceBetween size="l">
            <Summary role={loaded} />
            <RoleTabs role={loaded} />
          </SpaceBetween>
        )}
      </Loaded>
    </Page>
  );
}

function SwitchRole({ arn }: { readonly arn: string }) {
  const [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      await switchRole({ RoleArn: arn });
    } catch (error) {
      flash({ type: 'error', header: 'The role could not be switched to', content: messageOf(error) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button loading={busy} onClick={go}>
      Switch to this role
    </Button>
  );
}

function Summary({ role }: { readonly role: RoleFacts }) {
  const { LastUsedDate, Region } = role.RoleLastUsed ?? {};
  return (
    <Container header={<Header variant="h2">Summary</Header>}>
      <KeyValuePairs
        columns={3}
        items={[
          { label: 'Description', value: role.Description ? visible(role.Description) : '-' },
          {
            label: 'Last used',
            value: LastUsedDate ? (
              <>
                <Time value={LastUsedDate} as="ago" /> in {Region}
              </>
            ) : (
              'Never'
            ),
          },
          { label: 'Longest session', value: spanText(Number(role.MaxSessionDuration) * 1000) },
          { label: 'Role ID', value: <CopyText text={role.RoleId} label="role ID" /> },
          { label: 'Created', value: <Time value={role.CreateDate} /> },
        ]}
      />
    </Container>
  );
}

function RoleTabs({ role }: { readonly role: RoleFacts }) {
  return (
    <UrlTabs
      ariaLabel="Role"
      tabs={[
        { id: 'activity', label: 'Activity', content: <Activity arn={role.Arn} /> },
        { id: 'permissions', label: 'Permissions', content: <Permissions role={role} /> },
        { id: 'trust', label: 'Trust policy', content: <Trust role={role} /> },
        { id: 'tags', label: 'Tags', content: <Tags tags={tagsOf(role)} /> },
      ]}
    />
  );
}

function Activity({ arn }: { readonly arn: string }) {
  return (
    <SpaceBetween size="l">
      <RecentEvents
        title="Who acted as this role"
        description="Calls of AssumeRole, also those that were refused."
        filter={allOf('eventName ^ AssumeRole', condition('requestParameters.roleArn', arn))}
        none="Nobody asked to act as this role in the last 90 days."
      />
      <RecentEvents
        title="What was done as this role"
        description="By all its sessions, the newest first."
        filter={condition('issuerArn', arn)}
        none="Nothing was done as this role in the last 90 days."
      />
    </SpaceBetween>
  );
}

function Permissions({ role }: { readonly role: RoleFacts }) {
  const policies = useCall((signal) => policiesOf('Role', role.RoleName, signal), [role.RoleName]);
  const boundary = role.PermissionsBoundary?.PermissionsBoundaryArn;
  return (
    <SpaceBetween size="l">
      <Loaded call={policies} failed="The role's policies could not be loaded">
        {(of) => <Policies title="Policies" of={of} none="As it is, the role may do nothing." />}
      </Loaded>
      {boundary !== undefined && <Boundary arn={boundary} />}
    </SpaceBetween>
  );
}

function Trust({ role }: { readonly role: RoleFacts }) {
  return (
    <Container
      header={
        <Header variant="h2" description="Who may act as this role, and under which conditions.">
          Trust policy
        </Header>
      }
    >
      <PolicyDocument text={decodedDocument(role.AssumeRolePolicyDocument)} label="trust policy" />
    </Container>
  );
}
