import Box from '@cloudscape-design/components/box';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Link from '@cloudscape-design/components/link';
import { historyHref } from '../../app/links.ts';
import { countText } from '../../ui/format.ts';
import { FILTERS, type Numbers } from './summary.ts';

const SHOWN: readonly { readonly key: keyof Numbers; readonly text: string }[] = [
  { key: 'events', text: 'Events' },
  { key: 'writes', text: 'Write events' },
  { key: 'failed', text: 'Errors' },
  { key: 'denied', text: 'Access denied' },
];

/** What happened in the range, in four numbers, each leading to its events. */
export function NumberRow({ numbers, range }: { readonly numbers: Numbers; readonly range: string }) {
  return (
    <ColumnLayout columns={4} variant="text-grid" minColumnWidth={130}>
      {SHOWN.map(({ key, text }) => (
        <div key={key}>
          <Box variant="awsui-key-label">{text}</Box>
          <Link
            fontSize="display-l"
            href={historyHref({ filter: FILTERS[key], range })}
            ariaLabel={`${text}: ${countText(numbers[key])}`}
          >
            {countText(numbers[key])}
          </Link>
          {key !== 'events' && <Share part={numbers[key]} of={numbers.events} />}
        </div>
      ))}
    </ColumnLayout>
  );
}

function Share({ part, of }: { readonly part: number; readonly of: number }) {
  if (of === 0) return null;
  const percent = (100 * part) / of;
  return (
    <Box color="text-body-secondary" fontSize="body-s" padding={{ top: 'xxs' }}>
      {percent > 0 && percent < 0.1 ? 'under 0.1' : percent.toFixed(1).replace(/\.0$/, '')} %
    </Box>
  );
}
