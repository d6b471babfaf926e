import type { ButtonDropdownProps } from '@cloudscape-design/components/button-dropdown';
import Input from '@cloudscape-design/components/input';
import TopNavigation from '@cloudscape-design/components/top-navigation';
import { lazy, Suspense, useState } from 'react';
import { messageOf } from '../api/error.ts';
import { type Session, signOut, switchBack, useRegion, useSession } from '../api/session.ts';
import { preferences } from '../base/preferences.ts';
import { accountText, callerName } from '../ui/format.ts';
import { flash } from './flashes.tsx';
import { historyHref } from './links.ts';
import { navigate } from './router.ts';
import { typedSearch } from './typed-search.ts';

const RoleDialog = lazy(() => import('./role-dialog.tsx'));
const PreferencesDialog = lazy(() => import('./preferences-dialog.tsx'));

/** Identity, search, Region, and who one is. */
export function TopBar() {
  const session = useSession();
  const region = useRegion();
  const [dialog, setDialog] = useState<string>();
  const close = () => setDialog(undefined);
  const who = `${callerName(session.Arn)} @ ${session.AccountAlias ?? accountText(session.AccountId)}`;
  return (
    <>
      <TopNavigation
        identity={{ href: '/', title: 'OpenTrail', logo: { src: '/mark.svg', alt: '' } }}
        search={<Search />}
        utilities={[
          {
            type: 'menu-dropdown',
            text: region,
            ariaLabel: `Region ${region}`,
            disableTextCollapse: true,
            items: session.Regions.map((id) => ({
              id,
              text: id,
              ...(id === region && { iconName: 'check' as const }),
            })),
            onItemClick: ({ detail }) => preferences.set({ region: detail.id }),
          },
          {
            type: 'menu-dropdown',
            text: who,
            iconName: session.Role ? 'user-profile-active' : 'user-profile',
            description: session.Arn,
            items: userItems(session),
            onItemClick: ({ detail }) => {
              if (detail.id === 'sign-out') void told(signOut());
              else if (detail.id === 'switch-back') void told(switchBack());
              else setDialog(detail.id);
            },
          },
        ]}
      />
      <Suspense>
        {dialog === 'switch-role' && <RoleDialog onClose={close} />}
        {dialog === 'preferences' && <PreferencesDialog onClose={close} />}
      </Suspense>
    </>
  );
}

function userItems(session: Session): ButtonDropdownProps.Items {
  return [
    { id: 'switch-role', text: 'Switch role' },
    ...(session.Role
      ? [{ id: 'switch-back', text: `Switch back to ${callerName(session.Role.SwitchedFrom.Arn)}` }]
      : []),
    { id: 'preferences', text: 'Preferences' },
    { id: 'sign-out', text: 'Sign out' },
  ];
}

const told = (done: Promise<void>) =>
  done.catch((error: unknown) => flash({ type: 'error', content: messageOf(error) }));

/** From any page to the events that hold a word, or that a filter tells. */
function Search() {
  const [text, setText] = useState('');
  const search = () => {
    if (text.trim() === '') return;
    navigate(historyHref({ filter: typedSearch(text), range: '90d' }));
    setText('');
  };
  return (
    <div data-search>
      <Input
        type="search"
        ariaLabel="Search events"
        placeholder="Search events"
        value={text}
        onChange={({ detail }) => setText(detail.value)}
        onKeyDown={({ detail }) => detail.key === 'Enter' && search()}
      />
    </div>
  );
}
