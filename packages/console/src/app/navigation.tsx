import SideNavigation, { type SideNavigationProps } from '@cloudscape-design/components/side-navigation';
import { usePlace } from './router.ts';
import { ROUTES } from './routes.tsx';

const linksOf = (section: string): SideNavigationProps.Link[] =>
  ROUTES.flatMap(({ nav, pattern }) =>
    nav?.section === section ? [{ type: 'link', text: nav.text, href: pattern }] : [],
  );

const SECTIONS = ['Monitoring', 'Access'] as const;

const ITEMS: readonly SideNavigationProps.Item[] = [
  ...linksOf(''),
  ...SECTIONS.flatMap((text): SideNavigationProps.Item[] => {
    const items = linksOf(text);
    return items.length === 0 ? [] : [{ type: 'section', text, items }];
  }),
];

/** The entry whose page, or a page below it, is shown. */
function activeHref(path: string): string {
  const hrefs = ROUTES.flatMap(({ nav, pattern }) => (nav ? [pattern] : []));
  const above = hrefs.filter((href) => path === href || (href !== '/' && path.startsWith(`${href}/`)));
  return above.sort((a, b) => b.length - a.length)[0] ?? '';
}

export function Navigation() {
  const { path } = usePlace();
  return <SideNavigation activeHref={activeHref(path)} items={ITEMS} />;
}
