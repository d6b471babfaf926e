import Badge, { type BadgeProps } from '@cloudscape-design/components/badge';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { printSearchFilter } from '../../api/search-language.ts';
import { historyHref } from '../../app/links.ts';
import { useCall } from '../../hooks/use-call.ts';
import { accountText } from '../../ui/format.ts';
import { by, ListTable } from '../../ui/list-table.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { listSigmaRules, type SigmaRule } from './calls.ts';

/** Sigma rules, which OpenTrail runs over every new event. */
export function SigmaTab() {
  const call = useCall(async (signal) => ({ items: await listSigmaRules(signal), isCut: false }), []);
  return (
    <ListTable
      title="Sigma rules"
      description="OpenTrail runs them over every new event. Each match is an event of its own, RuleMatched."
      call={call}
      columns={COLUMNS}
      idOf={({ AccountId, RuleId }) => `${RuleId} of ${AccountId}`}
      textOf={({ Title, Level, RuleId, AccountId }) => `${Title} ${Level} ${RuleId} ${AccountId}`}
      empty={{ title: 'No Sigma rules', hint: 'Add some with “opentrail rules add”, or make one of an event.' }}
      failed="Sigma rules could not be loaded"
    />
  );
}

const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'];
const COLOURS: Readonly<Record<string, BadgeProps['color']>> = {
  informational: 'severity-neutral',
  low: 'severity-low',
  medium: 'severity-medium',
  high: 'severity-high',
  critical: 'severity-critical',
};

const matchesHref = (ruleId: string): string =>
  historyHref({
    filter: printSearchFilter({
      and: [
        { field: 'eventName', op: '=', value: 'RuleMatched' },
        { field: 'serviceEventDetails.ruleId', op: '=', value: ruleId },
      ],
    }),
    range: '30d',
  });

const COLUMNS: readonly TableProps.ColumnDefinition<SigmaRule>[] = [
  {
    id: 'level',
    header: 'Level',
    width: 150,
    cell: ({ Level }) => <Badge color={COLOURS[Level] ?? 'grey'}>{visible(Level)}</Badge>,
    sortingComparator: by(({ Level }) => LEVELS.indexOf(Level)),
  },
  {
    id: 'title',
    header: 'Title',
    isRowHeader: true,
    cell: ({ Title }) => visible(Title),
    sortingComparator: by(({ Title }) => Title),
  },
  {
    id: 'account',
    header: 'Watches',
    cell: ({ AllAccounts, AccountId }) => (AllAccounts ? 'All accounts' : accountText(AccountId)),
    sortingComparator: by(({ AllAccounts, AccountId }) => (AllAccounts ? '' : AccountId)),
  },
  {
    id: 'added',
    header: 'Added',
    width: 190,
    cell: ({ AddedAt }) => <Time value={AddedAt} />,
    sortingComparator: by(({ AddedAt }) => AddedAt),
  },
  {
    id: 'matches',
    header: 'Matches',
    width: 160,
    cell: ({ RuleId, Title }) => (
      <Link href={matchesHref(RuleId)} ariaLabel={`Show matches of ${Title}`}>
        Show matches
      </Link>
    ),
  },
];
