import Box from '@cloudscape-design/components/box';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useState } from 'react';
import { visible } from '../../../ui/visible.ts';
import { OPERATORS, type Operator, PLAIN_OPERATORS } from '../logic/conditions.ts';
import type { Choice, useConditions } from './use-conditions.ts';

/** Those that people look for stand first; the others are found by typing. */
const SHOWN_MAX = 7;

/** Chooses fields of an event, and what to look for in each. */
export function FieldChooser({ choices, selected, choose, change }: ReturnType<typeof useConditions>) {
  const [search, setSearch] = useState('');
  const needle = search.trim().toLowerCase();
  const isFound = ({ id, wanted }: Choice) =>
    id.toLowerCase().includes(needle) || wanted.toLowerCase().includes(needle);
  const found =
    needle === '' ? choices.filter((one, i) => i < SHOWN_MAX || selected.includes(one)) : choices.filter(isFound);
  return (
    <Table
      variant="borderless"
      contentDensity="compact"
      items={found}
      trackBy="id"
      selectionType="multi"
      selectedItems={selected}
      onSelectionChange={({ detail }) => choose(detail.selectedItems.map(({ id }) => id))}
      ariaLabels={{
        tableLabel: 'Fields of the event',
        selectionGroupLabel: 'Fields to look for',
        allItemsSelectionLabel: () => 'Choose all that are shown',
        itemSelectionLabel: (_all, { id }) => `Look for ${id}`,
      }}
      filter={
        <TextFilter
          filteringText={search}
          filteringPlaceholder={`Find a field or value among ${choices.length}`}
          filteringAriaLabel="Find a field or value"
          countText={needle === '' ? '' : `${found.length} found`}
          onChange={({ detail }) => setSearch(detail.filteringText)}
        />
      }
      empty={<Box color="text-body-secondary">No such field in this event.</Box>}
      columnDefinitions={columnsOf(selected, change)}
    />
  );
}

const columnsOf = (
  selected: readonly Choice[],
  change: ReturnType<typeof useConditions>['change'],
): TableProps.ColumnDefinition<Choice>[] => [
  {
    id: 'field',
    header: 'Field',
    isRowHeader: true,
    width: 260,
    minWidth: 230,
    cell: ({ id }) => <code className="ot-event-code">{visible(id)}</code>,
  },
  {
    id: 'operator',
    header: 'Condition',
    width: 150,
    minWidth: 130,
    cell: (choice) => (selected.includes(choice) ? <OperatorSelect choice={choice} change={change} /> : ''),
  },
  {
    id: 'value',
    header: 'Value',
    minWidth: 190,
    cell: (choice) =>
      selected.includes(choice) && typeof choice.value === 'string' && choice.operator !== 'exists' ? (
        <Input
          value={choice.wanted}
          ariaLabel={`Value of ${choice.id}`}
          onChange={({ detail }) => change(choice.id, { wanted: detail.value })}
        />
      ) : (
        <span className="ot-event-wrap">
          {choice.operator === 'exists' ? '' : visible(choice.wanted, VALUE_CHARS_MAX)}
        </span>
      ),
  },
];

const VALUE_CHARS_MAX = 80;

interface OperatorSelectProps {
  readonly choice: Choice;
  readonly change: ReturnType<typeof useConditions>['change'];
}

function OperatorSelect({ choice: { id, value, operator }, change }: OperatorSelectProps) {
  const options = (typeof value === 'string' ? OPERATORS : PLAIN_OPERATORS).map((one) => ({ value: one }));
  return (
    <Select
      options={options}
      selectedOption={{ value: operator }}
      ariaLabel={`Condition on ${id}`}
      expandToViewport
      onChange={({ detail }) => change(id, { operator: detail.selectedOption.value as Operator })}
    />
  );
}
