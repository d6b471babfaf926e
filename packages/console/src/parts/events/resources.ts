import { lookupKeys } from '../../../../server/src/event/lookup-keys.ts';
import type { AuditRecord } from './record.ts';

/** What an event was done to, as LookupEvents and searches by resource know it: [type, name], the type '' if unknown. */
export const resourcesOf = (record: AuditRecord): readonly (readonly [type: string, name: string])[] =>
  lookupKeys(record).resources;
