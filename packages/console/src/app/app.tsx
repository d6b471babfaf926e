import { I18nProvider } from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { loadSession, sessionStore } from '../api/session.ts';
import { useStore } from '../base/store.ts';
import { ErrorState } from '../ui/error-state.tsx';
import { Loading } from '../ui/loading.tsx';
import { PageBoundary } from './page-boundary.tsx';
import { navigate, placeNow, usePlace } from './router.ts';
import { Shell } from './shell.tsx';
import { goOnHref, SIGN_IN, signInHref } from './sign-in-link.ts';

const SignIn = lazy(() => import('../pages/sign-in/index.tsx'));

/** Pages for those who are signed in; the sign-in page for all others, and afterwards back to where they were. */
export function App() {
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <PageBoundary>
        <Gate />
      </PageBoundary>
    </I18nProvider>
  );
}

function Gate(): ReactNode {
  const now = useStore(sessionStore);
  const { path, search } = usePlace();
  const isOut = now.state === 'out';
  useEffect(() => {
    if (isOut && path !== SIGN_IN) navigate(signInHref(placeNow()), { replace: true });
  }, [isOut, path]);
  switch (now.state) {
    case 'unknown':
      return <Loading text="Opening" />;
    case 'unreachable':
      return <ErrorState title="OpenTrail does not answer" error={now.error} onRetry={() => void loadSession()} />;
    case 'out':
      return (
        <Suspense fallback={<Loading text="Opening" />}>
          <SignIn expired={now.expired} />
        </Suspense>
      );
    case 'in':
      return path === SIGN_IN ? <GoOn search={search} /> : <Shell />;
  }
}

/** Signed in, and still at the sign-in page's address. */
function GoOn({ search }: { readonly search: string }): ReactNode {
  useEffect(() => navigate(goOnHref(search), { replace: true }), [search]);
  return null;
}
