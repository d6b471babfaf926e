import Box from '@cloudscape-design/components/box';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Link from '@cloudscape-design/components/link';
import { historyHref } from '../../app/links.ts';
import type { Call } from '../../hooks/use-call.ts';
import { countText } from '../../ui/format.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { DENIED, FAILED, WRITES } from './search.ts';

export interface Numbers {
  readonly events: number;
  readonly writes: number;
  readonly failed: number;
  readonly denied: number;
}

const SHOWN: readonly { readonly key: keyof Numbers; readonly text: string; readonly filter: string }[] = [
  { key: 'events', text: 'Events', filter: '' },
  { key: 'writes', text: 'Write events', filter: WRITES },
  { key: 'failed', text: 'Errors', filter: FAILED },
  { key: 'denied', text: 'Access denied', filter: DENIED },
];

/** What happened in the range, in four numbers, each leading to its events. */
export function NumberRow({ call, range }: { readonly call: Call<Numbers>; readonly range: string }) {
  return (
    <Loaded call={call} failed="Events could not be counted">
      {(numbers) => (
        <ColumnLayout columns={4} variant="text-grid" minColumnWidth={130}>
          {SHOWN.map(({ key, text, filter }) => (
            <div key={key}>
              <Box variant="awsui-key-label">{text}</Box>
              <Link fontSize="display-l" href={historyHref({ filter, range })} ariaLabel={`${text}: ${numbers[key]}`}>
                {countText(numbers[key])}
              </Link>
              {key !== 'events' && <Share part={numbers[key]} of={numbers.events} />}
            </div>
          ))}
        </ColumnLayout>
      )}
    </Loaded>
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
