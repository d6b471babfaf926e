/**
 * The language in which events are searched (docs/search.md): used by SearchEvents, ExportEvents, TailRecords, the
 * command line and the console, whose URLs hold it. Without imports of Node: browsers run it as well.
 */
export { PatternError } from '../pattern-error.ts';
export {
  compileOnTime,
  compileOnValues,
  compileSearchFilter,
  compileValues,
  type SearchTest,
  type ValuesTest,
} from './compile.ts';
export { CSV_COLUMNS, columnTitle, csvCell, csvLine, LIST_SEPARATOR } from './csv.ts';
export { type FieldReference, fieldOfPath, type PathStep, resolveField } from './field-path.ts';
export {
  type FieldKind,
  RECORD_MEMBERS,
  SEARCH_FIELDS,
  type SearchableEvent,
  type SearchField,
  searchableEvent,
} from './fields.ts';
export {
  allOf,
  type Condition,
  FILTER_CHARS_MAX,
  foldCase,
  NUMBER,
  SEARCH_OPS,
  type SearchFilter,
  type SearchOp,
  textNeedles,
  timeOf,
} from './filter.ts';
export { parseSearchFilter } from './parse.ts';
export { printSearchFilter } from './print.ts';
