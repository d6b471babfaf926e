import { resolveField, SEARCH_FIELDS } from '../../api/search-language.ts';
import { visible } from '../../ui/visible.ts';

/** Facets of the panel, in its order; accountId is added for those who may see several accounts. */
export const FACET_FIELDS = [
  'eventSource',
  'eventName',
  'userName',
  'resourceType',
  'errorCode',
  'sourceIPAddress',
  'readOnly',
  'awsRegion',
] as const;

const LABELS: ReadonlyMap<string, string> = new Map(SEARCH_FIELDS.map(({ name, label }) => [name, label]));
const PARTS: readonly (readonly [prefix: string, label: string])[] = [
  ['requestParameters.', 'Request: '],
  ['responseElements.', 'Response: '],
];

/** As AWS heads its columns; paths into the record by their own names. */
export function labelOf(field: string): string {
  const label = LABELS.get(field);
  if (label !== undefined) return label;
  const [prefix, shown] = PARTS.find(([one]) => field.startsWith(one)) ?? ['', ''];
  return shown + visible(field.slice(prefix.length));
}

/** @returns the field's one name, undefined for what names none */
export function fieldNamed(text: string): string | undefined {
  try {
    return resolveField(text.trim()).name;
  } catch {
    return undefined;
  }
}

/** Paths offered as columns and conditions: more are a list that nobody reads. */
const PATHS_MAX = 120;
/** Deeper members are named by hand. */
const DEPTH_MAX = 3;
const MEMBERS = ['requestParameters', 'responseElements', 'additionalEventData', 'serviceEventDetails'] as const;

/** Paths of the values in these records, the most common first: what somebody may want as a column or a condition. */
export function pathsIn(records: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  const counts = new Map<string, number>();
  const visit = (value: unknown, path: string, depth: number): void => {
    if (typeof value !== 'object' || value === null) {
      if (value !== null && value !== undefined) counts.set(path, (counts.get(path) ?? 0) + 1);
    } else if (!Array.isArray(value) && depth < DEPTH_MAX) {
      for (const [name, inner] of Object.entries(value)) visit(inner, `${path}.${step(name)}`, depth + 1);
    }
  };
  for (const record of records) for (const member of MEMBERS) visit(record[member], member, 0);
  const common = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, PATHS_MAX);
  return common.map(([path]) => fieldNamed(path)).filter((path) => path !== undefined);
}

const step = (name: string): string => (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? name : JSON.stringify(name));
