import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import { matchPath, type Params } from './router.ts';

/** What every page is given: what its pattern's names stand for in the address. */
export interface PageParams {
  readonly params: Params;
}

export interface Route {
  readonly pattern: string;
  readonly Page: LazyExoticComponent<ComponentType<PageParams>>;
  /** Loads the page's code ahead of its being shown. */
  readonly load: () => Promise<unknown>;
  /** Its place in the side navigation. A page without one is reached from others. */
  readonly nav?: { readonly section: '' | 'Monitoring' | 'Access'; readonly text: string };
}

/** One line of the table. */
export const page = (
  pattern: string,
  load: () => Promise<{ default: ComponentType<PageParams> }>,
  nav?: Route['nav'],
): Route => ({
  pattern,
  Page: lazy(load),
  load,
  ...(nav && { nav }),
});

/** Every page, one line each, in the order of the side navigation; of two patterns that fit, the first is taken. */
export const ROUTES: readonly Route[] = [
  page('/', () => import('../pages/overview/index.tsx'), { section: '', text: 'Overview' }),
  page('/events', () => import('../pages/history/index.tsx'), { section: '', text: 'Event history' }),
  page('/events/:accountId/:eventId', () => import('../pages/event/index.tsx')),
  page('/trails', () => import('../pages/trails/index.tsx'), { section: '', text: 'Trails' }),
  page('/trails/create', () => import('../pages/trails/create.tsx')),
  page('/trails/edit/:arn…', () => import('../pages/trails/edit.tsx')),
  page('/trails/:arn…', () => import('../pages/trails/detail.tsx')),
  page('/integrity', () => import('../pages/integrity/index.tsx'), { section: '', text: 'Integrity' }),
  page('/notifications', () => import('../pages/notifications/index.tsx'), {
    section: 'Monitoring',
    text: 'Notifications',
  }),
  page('/alarms', () => import('../pages/alarms/index.tsx'), { section: 'Monitoring', text: 'Alarms' }),
  page('/users', () => import('../pages/users/index.tsx'), { section: 'Access', text: 'Users' }),
  page('/users/:name', () => import('../pages/users/detail.tsx')),
  page('/roles', () => import('../pages/roles/index.tsx'), { section: 'Access', text: 'Roles' }),
  page('/roles/:name', () => import('../pages/roles/detail.tsx')),
  page('/keys', () => import('../pages/keys/index.tsx'), { section: 'Access', text: 'Keys' }),
  page('/keys/:arn…', () => import('../pages/keys/detail.tsx')),
];

export function routeOf(path: string): { readonly route: Route; readonly params: Params } | undefined {
  for (const route of ROUTES) {
    const params = matchPath(route.pattern, path);
    if (params) return { route, params };
  }
  return undefined;
}
