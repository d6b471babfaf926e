import type { EventHeader } from './event.ts';
import { type Candidate, eventResources, fieldReader, needsRecord } from './selector-fields.ts';
import type { AdvancedSelector, BasicSelector, FieldSelector, Selectors } from './selectors.ts';

type Judge = (event: Candidate) => boolean;

/**
 * Compiles selectors into a function that says whether they log an event: any of them suffices (spec: selectors). The
 * record is parsed only when its header leaves the question open. Insights are a matter of insight selectors: false.
 */
export function compileSelectors(selectors: Selectors): Judge {
  const judges = 'basic' in selectors ? selectors.basic.map(basic) : selectors.advanced.map(advanced);
  return (event) => judges.some((judge) => judge(event));
}

/**
 * Services that have no Region: their events stand in us-east-1, and a single-Region trail elsewhere may leave them out
 * (IncludeGlobalServiceEvents). STS is one only through its global endpoint, which is us-east-1 too.
 */
export function globalServiceEvent(header: EventHeader): boolean {
  return header.region === 'us-east-1' && GLOBAL_SOURCES.has(header.eventSource);
}

const GLOBAL_SOURCES: ReadonlySet<string> = new Set(
  ['cloudfront', 'iam', 'organizations', 'route53', 'signin', 'sts'].map((service) => `${service}.amazonaws.com`),
);

function basic(selector: BasicSelector): Judge {
  const { ReadWriteType, IncludeManagementEvents, DataResources } = selector;
  const excluded = new Set(selector.ExcludeManagementEventSources);
  const touches = DataResources.filter(({ Values }) => Values.length > 0).map(({ Type, Values }) => ({
    type: Type,
    matches: resourceMatcher(Type, Values),
  }));
  return (event) => {
    const { category, readOnly = false, eventSource } = event.header;
    if (ReadWriteType !== 'All' && (ReadWriteType === 'ReadOnly') !== readOnly) return false;
    if (category === 'Management') return IncludeManagementEvents && !excluded.has(eventSource);
    if (category !== 'Data' || touches.length === 0) return false;
    const resources = eventResources(event);
    return touches.some(({ type, matches }) => resources.some((r) => r.types.includes(type) && matches(r.arn)));
  };
}

/** Values of basic selectors: prefixes for S3 objects; whole ARNs, or all of the service, for functions and tables. */
function resourceMatcher(type: string, values: readonly string[]): (arn: string | undefined) => boolean {
  if (type === 'AWS::S3::Object') return (arn) => arn !== undefined && values.some((v) => arn.startsWith(v));
  return (arn) => arn !== undefined && values.some((v) => arn === v || arn.startsWith(partOf(v)));
}

/** `arn:aws:lambda` stands for all, a function's ARN also for its versions (`:1`), a table's for its streams (`/stream`). */
function partOf(value: string): string {
  return value.includes(':table/') ? `${value}/` : `${value}:`;
}

const TYPE_FIELD = 'resources.type';
const ARN_FIELD = 'resources.ARN';

/** All fields must hold; those of a resource must hold for one and the same resource of the event. */
function advanced(selector: AdvancedSelector): Judge {
  const fields = selector.FieldSelectors.map((f) => ({ field: f.Field, holds: fieldMatcher(f) }));
  const ofResource = fields.filter(({ field }) => field === TYPE_FIELD || field === ARN_FIELD);
  const ofEvent = fields
    .filter((f) => !ofResource.includes(f))
    .sort((a, b) => Number(needsRecord(a.field)) - Number(needsRecord(b.field)))
    .map(({ field, holds }) => ({ read: fieldReader(field), holds }));
  return (event) =>
    ofEvent.every(({ read, holds }) => holds(read(event))) &&
    (ofResource.length === 0 ||
      eventResources(event).some(({ types, arn }) =>
        ofResource.every(({ field, holds }) => (field === ARN_FIELD ? holds(arn) : types.some(holds))),
      ));
}

/** One field: some value of the selecting operators must match, if there are any, and none of the excluding ones. */
function fieldMatcher(f: FieldSelector): (value: string | undefined) => boolean {
  const selects = matchAny(f.Equals, f.StartsWith, f.EndsWith);
  const excludes = matchAny(f.NotEquals, f.NotStartsWith, f.NotEndsWith);
  return (value) => {
    if (value === undefined) return selects === undefined;
    return (selects === undefined || selects(value)) && !excludes?.(value);
  };
}

type Values = readonly string[] | undefined;

/** undefined when no operator has a value. */
function matchAny(
  equals: Values = [],
  starts: Values = [],
  ends: Values = [],
): ((value: string) => boolean) | undefined {
  if (equals.length + starts.length + ends.length === 0) return undefined;
  const whole = new Set(equals);
  return (value) => whole.has(value) || starts.some((s) => value.startsWith(s)) || ends.some((e) => value.endsWith(e));
}
