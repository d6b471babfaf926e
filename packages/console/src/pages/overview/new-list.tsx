import Box from '@cloudscape-design/components/box';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Link from '@cloudscape-design/components/link';
import { condition, historyHref } from '../../app/links.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { callerName, countText } from '../../ui/format.ts';
import { visible } from '../../ui/visible.ts';
import { KINDS, type NewValues } from './new-values.ts';

/** More are told by their number: who sees so many new things looks at the history. */
const SHOWN_MAX = 5;

export function NewList({ found, range }: { readonly found: NewValues; readonly range: string }) {
  if (found.isFirst) {
    return <EmptyState title="Nothing to compare with">No events were recorded before this time range.</EmptyState>;
  }
  if (KINDS.every(({ id }) => found.kinds[id].length === 0)) {
    return (
      <EmptyState title="Nothing new">Every user, role, service and Region was seen in the 90 days before.</EmptyState>
    );
  }
  return (
    <ColumnLayout columns={4} minColumnWidth={160}>
      {KINDS.map(({ id, text, field }) => (
        <div key={id}>
          <Box variant="awsui-key-label">
            {text} ({countText(found.kinds[id].length)})
          </Box>
          {found.kinds[id].slice(0, SHOWN_MAX).map(({ value }) => (
            <div key={value} className="ot-top-value" title={visible(value)}>
              <Link href={historyHref({ filter: condition(field, value), range })}>{visible(callerName(value))}</Link>
            </div>
          ))}
          {found.kinds[id].length === 0 && <Box color="text-body-secondary">None</Box>}
          {found.kinds[id].length > SHOWN_MAX && (
            <Box color="text-body-secondary">and {countText(found.kinds[id].length - SHOWN_MAX)} more</Box>
          )}
        </div>
      ))}
    </ColumnLayout>
  );
}
