import { createHash } from 'node:crypto';
import { assert } from '../../base/errors.ts';
import { eventFromBytes } from '../accept.ts';
import type { EventHeader, NewEvent } from '../event.ts';
import { recordFromReport } from '../reported.ts';
import { serializeWithinLimits } from '../size.ts';
import type { ActiveRule } from './rule-set.ts';

/** What a match is called, in its record and in look-ups. */
export const MATCH_SOURCE = 'opentrail.amazonaws.com';
export const MATCH_NAME = 'RuleMatched';

/** Rules do not look at matches: one that matched every event would feed on itself. */
export const isMatch = ({ eventSource, eventName }: EventHeader): boolean =>
  eventName === MATCH_NAME && eventSource === MATCH_SOURCE;

/** An event of the Log with its record. */
export interface JudgedEvent {
  readonly sequence: number;
  readonly header: EventHeader;
  readonly record: Readonly<Record<string, unknown>>;
}

interface Circumstances {
  readonly nowMs: number;
  /** Matches of the rule that were left out before this one. */
  readonly suppressed: number;
}

/**
 * A match as an event of its own: a service event of OpenTrail in the account that owns the rule, in the Region of what
 * matched. The same rule and event always give the same eventID, so that a match can be told from its repetition.
 */
export function matchEvent(
  { stored, rule }: ActiveRule,
  event: JudgedEvent,
  { nowMs, suppressed }: Circumstances,
): NewEvent {
  const { header, record, sequence } = event;
  const report = recordFromReport(
    {
      ServiceEvent: {
        AccountId: stored.accountId,
        Region: header.region,
        EventSource: MATCH_SOURCE,
        EventName: MATCH_NAME,
        InvokedBy: MATCH_SOURCE,
        ServiceEventDetails: {
          ruleId: stored.id,
          ruleTitle: rule.title,
          ruleLevel: rule.level,
          ...(rule.tags.length > 0 && { ruleTags: rule.tags }),
          ...(suppressed > 0 && { suppressedMatches: suppressed }),
          matchedEvent: {
            eventID: header.eventId,
            eventTime: record.eventTime,
            eventSource: header.eventSource,
            eventName: header.eventName,
            awsRegion: header.region,
            recipientAccountId: header.accountId,
            ...seenIn(record),
          },
        },
      },
    },
    { timeMs: nowMs, region: header.region, eventId: idOf(stored.accountId, stored.id, sequence, header.eventId) },
  );
  const made = eventFromBytes(serializeWithinLimits(report), { fallbackAccountId: stored.accountId });
  assert('event' in made, 'a match is a record');
  return made.event;
}

/** What of the record a person wants to see first. */
function seenIn({ userIdentity, sourceIPAddress, errorCode }: Readonly<Record<string, unknown>>) {
  const arn = typeof userIdentity === 'object' && userIdentity !== null && 'arn' in userIdentity && userIdentity.arn;
  return {
    ...(typeof arn === 'string' && { userIdentityArn: arn }),
    ...(typeof sourceIPAddress === 'string' && { sourceIPAddress }),
    ...(typeof errorCode === 'string' && { errorCode }),
  };
}

/** A version 8 UUID made of what names the match. The sequence tells records with the same eventID apart. */
function idOf(...parts: readonly (string | number)[]): string {
  const h = createHash('sha256').update(parts.join('\n')).digest('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-8${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`;
}
