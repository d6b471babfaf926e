import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import { SEARCH_FIELDS } from '../../api/search-language.ts';
import { labelOf } from './fields.ts';
import { EXISTS, NOT_EXISTS } from './tokens.ts';

type Property = PropertyFilterProps.FilteringProperty;

const EXISTENCE = [
  { operator: EXISTS, description: 'Has a value', format: () => '' },
  { operator: NOT_EXISTS, description: 'Has no value', format: () => '' },
];
const TEXT = ['=', '!=', ':', '!:', '^', '!^'];
const ORDER = ['>', '>=', '<', '<='];

const OPERATORS: Readonly<Record<string, Property['operators']>> = {
  text: [...TEXT, ...EXISTENCE],
  boolean: ['=', '!='],
  time: [...ORDER, '=', '!='],
  path: [...TEXT, ...ORDER, ...EXISTENCE],
};

export const PATHS_GROUP = 'paths';
export const GROUPS_TEXT: PropertyFilterProps.GroupText[] = [
  { group: PATHS_GROUP, properties: 'Request and response', values: 'Values in request and response' },
];

const FIELDS: readonly Property[] = SEARCH_FIELDS.map(({ name, label, kind }) => ({
  key: name,
  propertyLabel: label,
  groupValuesLabel: `Values of ${label}`,
  ...(OPERATORS[kind] && { operators: OPERATORS[kind] }),
  ...(kind === 'time' && { defaultOperator: '>=' }),
}));
const FIELD_NAMES: ReadonlySet<string> = new Set(SEARCH_FIELDS.map(({ name }) => name));

/** All fields, and these paths into the record. */
export function filteringProperties(paths: readonly string[]): readonly Property[] {
  const others = [...new Set(paths)].filter((path) => !FIELD_NAMES.has(path));
  return [
    ...FIELDS,
    ...others.map((path) => ({
      key: path,
      propertyLabel: labelOf(path),
      groupValuesLabel: `Values of ${labelOf(path)}`,
      operators: OPERATORS.path!,
      group: PATHS_GROUP,
    })),
  ];
}
