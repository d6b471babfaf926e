import { allOf, type SearchFilter, sameAs } from '../../api/search-language.ts';
import type { Actor } from './identity.ts';
import { type AuditRecord, textOf } from './record.ts';

export { sameAs as is };

export function isOneOf(field: string, values: readonly string[]): SearchFilter {
  const each = values.map((value) => sameAs(field, value));
  if (each.length === 1) return each[0]!;
  return each.every((one) => 'op' in one && one.op === '=') ? { field, op: 'in', values } : { or: each };
}

/** undefined when there is none to choose from. */
export function anyOf(...filters: readonly (SearchFilter | undefined)[]): SearchFilter | undefined {
  const given = filters.filter((filter) => filter !== undefined);
  return given.length > 1 ? { or: given } : given[0];
}

/** A condition on a value; undefined where there is no value. */
export const isIf = (field: string, value: string): SearchFilter | undefined =>
  value === '' ? undefined : sameAs(field, value);

/** Everything by the same person, role or service; undefined for who has no name. */
export const byActor = ({ arn, principalId, invokedBy, accessKeyId }: Actor): SearchFilter | undefined =>
  isIf('userArn', arn) ??
  isIf('principalId', principalId) ??
  isIf('userIdentity.invokedBy', invokedBy) ??
  isIf('accessKeyId', accessKeyId);

/** Everything in the same session, or with the same key. */
export const bySession = ({ accessKeyId, kind, arn }: Actor): SearchFilter | undefined =>
  isIf('accessKeyId', accessKeyId) ?? (kind === 'role-session' ? isIf('userArn', arn) : undefined);

/** The other records of the same request: what services did for it, and the copy in another account. */
export const byRequest = (record: AuditRecord): SearchFilter | undefined =>
  anyOf(isIf('requestId', textOf(record.requestID)), isIf('sharedEventId', textOf(record.sharedEventID)));

/** An event may name very many; the first say what it was about. */
const RESOURCES_MAX = 20;

/** Everything that was done to the same resources. */
export const byResources = (names: readonly string[]): SearchFilter | undefined =>
  names.length === 0 ? undefined : isOneOf('resourceName', names.slice(0, RESOURCES_MAX));

export { allOf };
