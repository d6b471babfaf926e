import type { RecordPath } from '../../../parts/events/record.ts';

/** One place in which two records differ. A side that is missing is undefined. */
export interface Difference {
  readonly path: RecordPath;
  readonly kind: 'changed' | 'added' | 'removed';
  readonly before: unknown;
  readonly after: unknown;
}

/** Of what is shown; the rest is counted. */
const DIFFERENCES_MAX = 1_000;
/** Records nest less; what is hostile is compared as text below this. */
const DEPTH_MAX = 64;

export interface Comparison {
  readonly differences: readonly Difference[];
  /** More than these are there. */
  readonly isCut: boolean;
}

/**
 * Where `after` differs from `before`, in the order of members, `before`'s first. Lists are compared item by item; a member that
 * only one side has is one difference, however much is in it.
 */
export function compareRecords(before: unknown, after: unknown): Comparison {
  const differences: Difference[] = [];
  walk(before, after, [], differences);
  return { differences: differences.slice(0, DIFFERENCES_MAX), isCut: differences.length > DIFFERENCES_MAX };
}

function walk(before: unknown, after: unknown, path: RecordPath, found: Difference[]): void {
  if (found.length > DIFFERENCES_MAX || Object.is(before, after)) return;
  const steps = path.length < DEPTH_MAX ? stepsOf(before, after) : undefined;
  if (!steps) {
    if (path.length < DEPTH_MAX || JSON.stringify(before) !== JSON.stringify(after)) {
      found.push({ path, kind: 'changed', before, after });
    }
    return;
  }
  for (const step of steps) {
    const [inBefore, inAfter] = [has(before, step), has(after, step)];
    const [one, other] = [memberOf(before, step), memberOf(after, step)];
    const to = [...path, step];
    if (inBefore && inAfter) walk(one, other, to, found);
    else found.push({ path: to, kind: inAfter ? 'added' : 'removed', before: one, after: other });
  }
}

type Composite = Readonly<Record<string | number, unknown>>;

const has = (value: unknown, step: string | number): boolean => Object.hasOwn(value as object, step);
const memberOf = (value: unknown, step: string | number): unknown =>
  has(value, step) ? (value as Composite)[step] : undefined;

/** undefined when the two are not of one kind that has members. */
function stepsOf(before: unknown, after: unknown): readonly (string | number)[] | undefined {
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) return undefined;
  if (Array.isArray(before) !== Array.isArray(after)) return undefined;
  if (Array.isArray(before))
    return Array.from({ length: Math.max(before.length, (after as unknown[]).length) }, (_, i) => i);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])];
}

/** What differs between any two events, and so says nothing. */
const ALWAYS: ReadonlySet<string> = new Set(['eventID', 'requestID', 'eventTime', 'sharedEventID']);

export const alwaysDiffers = ({ path }: Difference): boolean => path.length === 1 && ALWAYS.has(String(path[0]));
