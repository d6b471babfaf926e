import { text, useUrlState } from '../app/url-state.ts';
import { ListTable, type ListTableProps } from './list-table.tsx';
import { Page } from './page.tsx';

const STATE = { q: text() } as const;

/** A page that is a list. What is looked for in it stands in the address. */
export function ListPage<T>(props: Omit<ListTableProps<T>, 'isPage' | 'search' | 'onSearch'>) {
  const [{ q }, change] = useUrlState(STATE);
  const { title, description, call } = props;
  const hasTable = call.data !== undefined || call.error === undefined;
  return (
    <Page title={title} {...(hasTable ? { header: false, contentType: 'table' } : { description })}>
      <ListTable {...props} isPage search={q} onSearch={(text) => change({ q: text }, { replace: true })} />
    </Page>
  );
}
