import type { EventHeader } from '../../event/event.ts';
import { compileValues, resolveField, SEARCH_FIELDS, searchableEvent } from '../../event/search/index.ts';
import { HEADER_COLUMNS } from './columns.ts';
import { fieldSql } from './filter-sql.ts';
import { HEADER_TEXT } from './header-texts.ts';

/** Fields of which each event's value is kept as a number: those worth counting, but names of resources, which are as many as events. */
const CODED = SEARCH_FIELDS.filter(({ name, facet }) => facet && name !== 'resourceName');
export const CODED_FIELDS: readonly { readonly name: string; readonly isList: boolean }[] = CODED.map((field) => ({
  ...{ name: field.name, isList: field.list === true },
}));

/** The number of a field among `CODED_FIELDS`; -1 for others and for paths. @throws PatternError when it names nothing */
export function codedField(name: string): number {
  const reference = resolveField(name);
  return 'field' in reference ? CODED.indexOf(reference.field) : -1;
}

/** Those that the header has: their texts as columns have them. */
export const HEADER_FIELDS = CODED.flatMap(({ name }, field) => {
  const column = HEADER_COLUMNS.find((one) => one === fieldSql(name).sql);
  return column ? [{ field, textOf: HEADER_TEXT[column] }] : [];
});

/** Those that stand in the record, by their path, as `LeafPaths` has it. */
export const RECORD_FIELDS = CODED.flatMap(({ name, path }, field) =>
  path ? [{ field, path: path.map((step) => `"${step}"`).join(''), valuesOf: compileValues(name) }] : [],
);

/** What a record says in `RECORD_FIELDS`, however it is written. `''` is no value. */
export function recordTexts(header: EventHeader, record: Buffer): readonly string[] {
  const event = searchableEvent(header, record);
  try {
    return RECORD_FIELDS.map(({ valuesOf }) => valuesOf(event)[0] ?? '');
  } catch (error) {
    if (error instanceof SyntaxError) return RECORD_FIELDS.map(() => ''); // never accepted; columns have nothing of it either
    throw error;
  }
}
