import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { condition } from '../../app/links.ts';
import type { PageParams } from '../../app/routes.tsx';
import { useCall } from '../../hooks/use-call.ts';
import { Tags } from '../../parts/access/tags.tsx';
import { RecentEvents } from '../../parts/events/recent-events.tsx';
import { CopyText } from '../../ui/copy-text.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { UrlTabs } from '../../ui/url-tabs.tsx';
import { getUser, tagsOf, type UserFacts } from './calls.ts';
import { Credentials } from './credentials.tsx';
import { Permissions } from './permissions.tsx';

const BACK = { text: 'Users', href: '/users' };
const BREADCRUMBS = [BACK];
const MISSING = { title: 'No such user', back: BACK };

/** One user: what was done in this name, what it may do, with what it signs in. */
export default function UserPage({ params: { name = '' } }: PageParams) {
  const user = useCall((signal) => getUser(name, signal), [name]);
  return (
    <Page
      title={name}
      breadcrumbs={BREADCRUMBS}
      description={user.data && <CopyText text={user.data.Arn} label="ARN" />}
    >
      <Loaded call={user} failed="The user could not be loaded" missing={MISSING}>
        {(loaded) => (
          <SpaceBetween size="l">
            <Summary user={loaded} />
            <UserTabs user={loaded} />
          </SpaceBetween>
        )}
      </Loaded>
    </Page>
  );
}

function Summary({ user }: { readonly user: UserFacts }) {
  return (
    <Container header={<Header variant="h2">Summary</Header>}>
      <KeyValuePairs
        columns={3}
        items={[
          { label: 'User ID', value: <CopyText text={user.UserId} label="user ID" /> },
          { label: 'Created', value: <Time value={user.CreateDate} /> },
          { label: 'Last console sign-in', value: <Time value={user.PasswordLastUsed} /> },
        ]}
      />
    </Container>
  );
}

function UserTabs({ user }: { readonly user: UserFacts }) {
  return (
    <UrlTabs
      ariaLabel="User"
      tabs={[
        {
          id: 'activity',
          label: 'Activity',
          content: (
            <RecentEvents
              title="What this user did"
              description="With access keys and in the console, the newest first."
              filter={condition('userArn', user.Arn)}
              none="Nothing was done in this name in the last 90 days."
            />
          ),
        },
        { id: 'permissions', label: 'Permissions', content: <Permissions user={user} /> },
        { id: 'credentials', label: 'Security credentials', content: <Credentials user={user} /> },
        { id: 'tags', label: 'Tags', content: <Tags tags={tagsOf(user)} /> },
      ]}
    />
  );
}
