import Autosuggest from '@cloudscape-design/components/autosuggest';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import {
  type AdvancedSelector,
  advancedOf,
  CATEGORIES,
  CATEGORY_TEXTS,
  type Category,
  type Condition,
  categoryOf,
  conditionsOf,
  FIELDS,
  newAdvanced,
  type Operator,
  operatorText,
  REQUIRED_FIELD,
  RESOURCE_TYPES,
} from '../logic/selectors.ts';
import { replaced, SelectorList, without } from './selector-list.tsx';
import { ValuesField } from './values-field.tsx';

interface AdvancedEditorProps {
  readonly selectors: readonly AdvancedSelector[];
  readonly onChange: (selectors: readonly AdvancedSelector[]) => void;
}

const CATEGORY_OPTIONS = CATEGORIES.map((value) => ({ value, label: CATEGORY_TEXTS[value] }));

/** Advanced selectors: an event is logged if all conditions of one of them hold. */
export function AdvancedEditor({ selectors, onChange }: AdvancedEditorProps) {
  return (
    <SelectorList selectors={selectors} onChange={onChange} added={newAdvanced('Data')}>
      {(selector, change) => <OneSelector selector={selector} onChange={change} />}
    </SelectorList>
  );
}

interface OneSelectorProps {
  readonly selector: AdvancedSelector;
  readonly onChange: (selector: AdvancedSelector) => void;
}

function OneSelector({ selector, onChange }: OneSelectorProps) {
  const category = categoryOf(selector) ?? 'Management';
  const conditions = conditionsOf(selector);
  const set = (next: readonly Condition[]) => onChange(advancedOf(selector.Name, category, next));
  const fields = Object.keys(FIELDS[category]);
  const unused = fields.find((field) => !conditions.some((condition) => condition.field === field)) ?? fields[0]!;
  return (
    <SpaceBetween size="m">
      <ColumnLayout columns={2}>
        <FormField label="Category">
          <Select
            selectedOption={CATEGORY_OPTIONS.find(({ value }) => value === category)!}
            options={CATEGORY_OPTIONS}
            onChange={({ detail }) =>
              onChange({ ...selector, ...newAdvanced(detail.selectedOption.value as Category) })
            }
          />
        </FormField>
        <FormField label="Name (optional)">
          <Input value={selector.Name ?? ''} onChange={({ detail }) => onChange(renamed(selector, detail.value))} />
        </FormField>
      </ColumnLayout>
      {conditions.map((condition, i) => (
        <ConditionRow
          // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no other name than their place
          key={i}
          category={category}
          condition={condition}
          onChange={(next) => set(replaced(conditions, i, next))}
          onRemove={condition.field === REQUIRED_FIELD[category] ? undefined : () => set(without(conditions, i))}
        />
      ))}
      <Button onClick={() => set([...conditions, emptyCondition(category, unused)])}>Add condition</Button>
    </SpaceBetween>
  );
}

function renamed({ Name: _, ...rest }: AdvancedSelector, name: string): AdvancedSelector {
  return name === '' ? rest : { Name: name, ...rest };
}

function emptyCondition(category: Category, field: string): Condition {
  const { operators, values } = FIELDS[category][field]!;
  return { field, operator: operators[0]!, values: [values?.[0] ?? ''] };
}

interface ConditionRowProps {
  readonly category: Category;
  readonly condition: Condition;
  readonly onChange: (condition: Condition) => void;
  readonly onRemove: (() => void) | undefined;
}

function ConditionRow({ category, condition, onChange, onRemove }: ConditionRowProps) {
  const fields = FIELDS[category];
  const rule = fields[condition.field];
  const operators = (rule?.operators ?? [condition.operator]).map(operatorOption);
  const fieldOptions = Object.keys(fields).map((value) => ({ value, label: value }));
  return (
    <div className="ot-condition">
      <Select
        ariaLabel="Field"
        selectedOption={{ value: condition.field, label: condition.field }}
        options={fieldOptions}
        disabled={onRemove === undefined}
        onChange={({ detail }) => onChange(emptyCondition(category, detail.selectedOption.value!))}
      />
      <Select
        ariaLabel={`Operator of ${condition.field}`}
        selectedOption={operatorOption(condition.operator)}
        options={operators}
        onChange={({ detail }) => onChange({ ...condition, operator: detail.selectedOption.value as Operator })}
      />
      <ConditionValues condition={condition} values={rule?.values} single={rule?.single === true} onChange={onChange} />
      {onRemove && (
        <Button
          variant="icon"
          iconName="close"
          ariaLabel={`Remove the condition on ${condition.field}`}
          onClick={onRemove}
        />
      )}
    </div>
  );
}

const operatorOption = (value: Operator) => ({ value, label: operatorText(value) });

interface ConditionValuesProps {
  readonly condition: Condition;
  readonly values: readonly string[] | undefined;
  readonly single: boolean;
  readonly onChange: (condition: Condition) => void;
}

function ConditionValues({ condition, values, single, onChange }: ConditionValuesProps) {
  const set = (next: readonly string[]) => onChange({ ...condition, values: next });
  const label = `Values of ${condition.field}`;
  if (single && values) {
    const options = values.map((value) => ({ value, label: value }));
    const chosen = options.find(({ value }) => value === condition.values[0]) ?? null;
    return (
      <Select
        ariaLabel={label}
        selectedOption={chosen}
        options={options}
        onChange={({ detail }) => set([detail.selectedOption.value!])}
      />
    );
  }
  if (condition.field === 'resources.type') {
    return (
      <Autosuggest
        ariaLabel={label}
        value={condition.values[0] ?? ''}
        options={RESOURCE_TYPES.map((value) => ({ value }))}
        enteredTextLabel={(value) => `Use ${value}`}
        onChange={({ detail }) => set([detail.value])}
      />
    );
  }
  if (single) {
    return <Input ariaLabel={label} value={condition.values[0] ?? ''} onChange={({ detail }) => set([detail.value])} />;
  }
  return <ValuesField label={label} placeholder="One value a line" values={condition.values} onChange={set} />;
}
