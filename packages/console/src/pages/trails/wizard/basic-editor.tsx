import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import {
  BASIC_TYPES,
  type BasicSelector,
  DEFAULT_BASIC,
  EXCLUDABLE_SOURCES,
  type ReadWriteType,
} from '../logic/selectors.ts';
import { replaced, SelectorList, without } from './selector-list.tsx';
import { ValuesField } from './values-field.tsx';

/** AWS's quota. */
const SELECTORS_MAX = 5;

const ACCESS: readonly { readonly value: ReadWriteType; readonly label: string }[] = [
  { value: 'All', label: 'Reads and writes' },
  { value: 'ReadOnly', label: 'Reads' },
  { value: 'WriteOnly', label: 'Writes' },
];

interface BasicEditorProps {
  readonly selectors: readonly BasicSelector[];
  readonly onChange: (selectors: readonly BasicSelector[]) => void;
}

/** Basic selectors: an event is logged if any of them selects it. */
export function BasicEditor({ selectors, onChange }: BasicEditorProps) {
  return (
    <SelectorList selectors={selectors} onChange={onChange} added={DEFAULT_BASIC} max={SELECTORS_MAX}>
      {(selector, change) => <OneSelector selector={selector} onChange={change} />}
    </SelectorList>
  );
}

interface OneSelectorProps {
  readonly selector: BasicSelector;
  readonly onChange: (selector: BasicSelector) => void;
}

function OneSelector({ selector, onChange }: OneSelectorProps) {
  const { ReadWriteType: access = 'All', IncludeManagementEvents: management = true } = selector;
  const excluded = selector.ExcludeManagementEventSources ?? [];
  const change = (patch: Partial<BasicSelector>) => onChange({ ...selector, ...patch });
  return (
    <SpaceBetween size="m">
      <FormField label="Access">
        <Select
          selectedOption={ACCESS.find(({ value }) => value === access) ?? ACCESS[0]!}
          options={ACCESS}
          onChange={({ detail }) => change({ ReadWriteType: detail.selectedOption.value as ReadWriteType })}
        />
      </FormField>
      <Checkbox
        checked={management}
        onChange={({ detail }) =>
          change({
            IncludeManagementEvents: detail.checked,
            ...(!detail.checked && { ExcludeManagementEventSources: [] }),
          })
        }
      >
        Management events
      </Checkbox>
      {management &&
        EXCLUDABLE_SOURCES.map((source) => (
          <Box key={source} margin={{ left: 'l' }}>
            <Checkbox
              checked={excluded.includes(source)}
              onChange={({ detail }) =>
                change({
                  ExcludeManagementEventSources: detail.checked
                    ? [...excluded, source]
                    : excluded.filter((one) => one !== source),
                })
              }
            >
              Without {source}
            </Checkbox>
          </Box>
        ))}
      <DataResources selector={selector} onChange={onChange} />
    </SpaceBetween>
  );
}

const TYPE_OPTIONS = Object.entries(BASIC_TYPES).map(([value, { text }]) => ({ value, label: text }));

function DataResources({ selector, onChange }: OneSelectorProps) {
  const resources = selector.DataResources ?? [];
  const set = (DataResources: NonNullable<BasicSelector['DataResources']>) => onChange({ ...selector, DataResources });
  const unused = TYPE_OPTIONS.filter(({ value }) => !resources.some(({ Type }) => Type === value));
  return (
    <FormField
      label="Data events"
      description="What is done to objects, functions and tables. One ARN a line; objects by the beginning of theirs."
    >
      <SpaceBetween size="s">
        {resources.map(({ Type, Values }, i) => (
          <SpaceBetween key={Type} size="xxs">
            <SpaceBetween direction="horizontal" size="xs" alignItems="center">
              <Box variant="strong">{BASIC_TYPES[Type]?.text ?? Type}</Box>
              <Button
                variant="inline-link"
                onClick={() => set(replaced(resources, i, { Type, Values: [BASIC_TYPES[Type]?.all ?? ''] }))}
              >
                All of them
              </Button>
              <Button variant="inline-link" onClick={() => set(without(resources, i))}>
                Remove
              </Button>
            </SpaceBetween>
            <ValuesField
              label={`ARNs of ${BASIC_TYPES[Type]?.text ?? Type}`}
              values={Values}
              placeholder={BASIC_TYPES[Type]?.example}
              onChange={(next) => set(replaced(resources, i, { Type, Values: next }))}
            />
          </SpaceBetween>
        ))}
        {unused.length > 0 && (
          <Select
            selectedOption={null}
            placeholder="Add data events of"
            ariaLabel="Add data events of"
            options={unused}
            onChange={({ detail }) => {
              const type = detail.selectedOption.value!;
              set([...resources, { Type: type, Values: [BASIC_TYPES[type]!.all] }]);
            }}
          />
        )}
      </SpaceBetween>
    </FormField>
  );
}
