import { useMemo, useState } from 'react';
import type { AuditRecord } from '../../../parts/events/record.ts';
import { printPath } from '../../../ui/json-tree/path.ts';
import { type Condition, type Field, fieldsOf, isUsual, type Operator } from '../logic/conditions.ts';

/** A field of the event that may be looked for, as it stands in the list. */
export interface Choice extends Field {
  readonly id: string;
  readonly operator: Operator;
  /** What is looked for: at first the event's own value. Numbers and truth values stay what they are. */
  readonly wanted: string;
}

/** What is chosen of an event to look for in others. */
export function useConditions(record: AuditRecord) {
  const fields = useMemo(() => fieldsOf(record), [record]);
  const [chosen, setChosen] = useState<readonly string[]>(() => fields.filter(isUsual).map(idOf));
  const [changed, setChanged] = useState<Readonly<Record<string, Partial<Pick<Choice, 'operator' | 'wanted'>>>>>({});
  const choices = useMemo(
    () =>
      fields.map((field): Choice => {
        const id = idOf(field);
        return { ...field, id, operator: 'is', wanted: String(field.value), ...changed[id] };
      }),
    [fields, changed],
  );
  const selected = choices.filter(({ id }) => chosen.includes(id));
  return {
    choices,
    selected,
    choose: setChosen,
    change: (id: string, change: Partial<Pick<Choice, 'operator' | 'wanted'>>) =>
      setChanged((before) => ({ ...before, [id]: { ...before[id], ...change } })),
    conditions: useMemo(() => selected.map(conditionOf), [selected]),
  };
}

const idOf = ({ path }: Field): string => printPath(path);

const conditionOf = ({ path, value, operator, wanted }: Choice): Condition => ({
  path,
  operator,
  value: typeof value === 'string' ? wanted : value,
});
