import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import Pagination from '@cloudscape-design/components/pagination';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useMemo, useState } from 'react';
import { trailHref } from '../../app/links.ts';
import { Breakable } from '../../ui/breakable.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { accountText, countText } from '../../ui/format.ts';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import type { Collected } from './logic/collected.ts';
import { meaningOf } from './logic/findings.ts';
import type { ObjectKind, ObjectLine, ObjectState } from './logic/lines.ts';
import { KIND_TEXTS, KINDS_TEXTS, STATE_TEXTS, STATES, StateText } from './states.tsx';

const PAGE_ROWS = 25;
type StateChoice = ObjectState | 'all' | 'wrong';
type KindChoice = ObjectKind | 'all';

/** Each digest and log file: the timeline for those who read rather than look. */
export function ObjectsTable({ collected, trailArn }: { readonly collected: Collected; readonly trailArn: string }) {
  const [state, setState] = useState<StateChoice>('all');
  const [kind, setKind] = useState<KindChoice>('all');
  const [page, setPage] = useState(1);
  const found = useMemo(
    () =>
      collected.objects
        .filter(
          (object) =>
            (state === 'all' || (state === 'wrong' ? object.State !== 'valid' : object.State === state)) &&
            (kind === 'all' || object.Type === kind),
        )
        .sort(worstThenNewest),
    [collected, state, kind],
  );
  const columns = useMemo(() => columnsOf(trailArn), [trailArn]);
  const pages = Math.max(1, Math.ceil(found.length / PAGE_ROWS));
  const choose = (change: () => void) => {
    change();
    setPage(1);
  };
  return (
    <Table
      columnDefinitions={columns}
      items={found.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS)}
      trackBy="Key"
      ariaLabels={{ tableLabel: 'Digests and log files' }}
      wrapLines
      header={
        <Header
          variant="h2"
          counter={`(${countText(found.length)})`}
          {...(collected.unlistedValid > 0 && {
            description: `${countText(collected.unlistedValid)} further valid ones are counted and drawn, but not listed.`,
          })}
        >
          Digests and log files
        </Header>
      }
      filter={
        <SpaceBetween direction="horizontal" size="s">
          <Select
            ariaLabel="State"
            selectedOption={STATE_OPTIONS.find(({ value }) => value === state)!}
            options={STATE_OPTIONS}
            onChange={({ detail }) => choose(() => setState(detail.selectedOption.value as StateChoice))}
          />
          <Select
            ariaLabel="Kind"
            selectedOption={KIND_OPTIONS.find(({ value }) => value === kind)!}
            options={KIND_OPTIONS}
            onChange={({ detail }) => choose(() => setKind(detail.selectedOption.value as KindChoice))}
          />
        </SpaceBetween>
      }
      pagination={
        <Pagination
          currentPageIndex={page}
          pagesCount={pages}
          onChange={({ detail }) => setPage(detail.currentPageIndex)}
          ariaLabels={{ nextPageLabel: 'Next page', previousPageLabel: 'Previous page' }}
        />
      }
      empty={<EmptyState title="None" />}
    />
  );
}

const STATE_OPTIONS: readonly { readonly value: StateChoice; readonly label: string }[] = [
  { value: 'all', label: 'All states' },
  { value: 'wrong', label: 'All but valid' },
  ...STATES.map((value) => ({ value, label: STATE_TEXTS[value] })),
];
const KIND_OPTIONS: readonly { readonly value: KindChoice; readonly label: string }[] = [
  { value: 'all', label: 'Digests and log files' },
  { value: 'digest', label: KINDS_TEXTS.digest },
  { value: 'log-file', label: KINDS_TEXTS['log-file'] },
];

const worstThenNewest = (a: ObjectLine, b: ObjectLine): number =>
  Number(a.State === 'valid') - Number(b.State === 'valid') || ((a.Time ?? '') < (b.Time ?? '') ? 1 : -1);

function columnsOf(trailArn: string): TableProps.ColumnDefinition<ObjectLine>[] {
  const fileHref = (key: string) => `${trailHref(trailArn)}?tab=files&file=${encodeURIComponent(key)}`;
  return [
    { id: 'state', header: 'State', minWidth: 120, cell: ({ State }) => <StateText state={State} /> },
    { id: 'kind', header: 'Kind', minWidth: 90, cell: ({ Type }) => KIND_TEXTS[Type] },
    { id: 'time', header: 'Time', minWidth: 180, cell: ({ Time: time }) => <Time value={time ?? undefined} /> },
    {
      id: 'region',
      header: 'Region and account',
      minWidth: 140,
      cell: ({ Region, AccountId }) => (
        <>
          {visible(Region)}
          <Box variant="small" display="block">
            {accountText(visible(AccountId))}
          </Box>
        </>
      ),
    },
    {
      id: 'object',
      header: 'Object',
      isRowHeader: true,
      minWidth: 300,
      cell: ({ Type, State, Key, S3BucketName, Findings = [] }) => (
        <>
          {Type === 'log-file' && State !== 'missing' && S3BucketName === undefined ? (
            <Link href={fileHref(Key)}>
              <Breakable text={nameOf(Key)} />
            </Link>
          ) : (
            <Breakable text={nameOf(Key)} />
          )}
          {S3BucketName !== undefined && (
            <Box variant="small" display="block">
              In {visible(S3BucketName)}, a former bucket of the trail
            </Box>
          )}
          {Findings.map((code) => (
            <Box key={code} variant="small" display="block">
              {meaningOf(code)}
            </Box>
          ))}
        </>
      ),
    },
  ];
}

const nameOf = (key: string): string => visible(key.split('/').at(-1) ?? key);
