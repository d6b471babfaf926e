import type { SearchFilter } from '../../../api/search-language.ts';
import { byActor, byRequest, byResources, bySession } from '../../../parts/events/filters.ts';
import { actorOf } from '../../../parts/events/identity.ts';
import type { AuditRecord } from '../../../parts/events/record.ts';
import { resourcesOf } from '../../../parts/events/resources.ts';

/** A kind of relation between events, and how to find those that stand in it. */
export interface Relation {
  readonly id: 'around' | 'session' | 'resource' | 'request';
  readonly label: string;
  /** What the list holds, in a sentence. */
  readonly meaning: string;
  /** undefined where the event has nothing to relate by. */
  readonly filter: SearchFilter | undefined;
  /** How far before and after the event it looks. */
  readonly windowMs: number;
  /** What the event lacks, where there is no filter. */
  readonly lacks: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function relationsOf(record: AuditRecord): readonly Relation[] {
  const actor = actorOf(record);
  return [
    {
      id: 'around',
      label: 'Before and after',
      meaning: 'Events by the same caller, 15 minutes before and after.',
      filter: byActor(actor),
      windowMs: 15 * MINUTE_MS,
      lacks: 'The record does not say who called.',
    },
    {
      id: 'session',
      label: 'Same session',
      meaning: 'Events with the same access key, 36 hours before and after.',
      filter: bySession(actor),
      // The longest life of temporary credentials.
      windowMs: 36 * HOUR_MS,
      lacks: 'The record names no access key.',
    },
    {
      id: 'resource',
      label: 'Same resource',
      meaning: 'Events that name one of the same resources, 90 days before and after.',
      filter: byResources(resourcesOf(record).map(([, name]) => name)),
      windowMs: 90 * DAY_MS,
      lacks: 'The record names no resource.',
    },
    {
      id: 'request',
      label: 'Same request',
      meaning: 'What services did for the same request, and its record in other accounts.',
      filter: byRequest(record),
      windowMs: HOUR_MS,
      lacks: 'The record has neither a request ID nor a shared event ID.',
    },
  ];
}
