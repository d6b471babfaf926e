import { Suspense, useEffect, useRef } from 'react';
import { useRegion, useSession } from '../api/session.ts';
import { EmptyState } from '../ui/empty-state.tsx';
import { Loading } from '../ui/loading.tsx';
import { Page } from '../ui/page.tsx';
import { PageBoundary } from './page-boundary.tsx';
import { usePlace } from './router.ts';
import { routeOf } from './routes.tsx';

/** The page that the address names. Going to another one moves the focus to its beginning, as a full load would. */
export function CurrentPage() {
  const { path } = usePlace();
  const { Arn } = useSession();
  const region = useRegion();
  const found = routeOf(path);
  const content = useRef<HTMLDivElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    window.scrollTo(0, 0);
    content.current?.focus({ preventScroll: true });
  }, [path]);
  return (
    <div id="content" ref={content} tabIndex={-1}>
      {/* Who one is and the Region decide what every page shows: it begins anew with them. */}
      <PageBoundary key={[path, Arn, region].join(' ')}>
        <Suspense fallback={<Loading />}>
          {found ? <found.route.Page params={found.params} /> : <NoSuchPage path={path} />}
        </Suspense>
      </PageBoundary>
    </div>
  );
}

function NoSuchPage({ path }: { readonly path: string }) {
  return (
    <Page title="Page not found">
      <EmptyState title={`There is no page ${path}`} action={{ text: 'Go to the overview', href: '/' }} />
    </Page>
  );
}
