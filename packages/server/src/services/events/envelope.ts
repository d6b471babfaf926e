import { createHash } from 'node:crypto';
import type { Place } from './model.ts';

/** What the header of a CloudTrail record says, before the record is parsed. */
export interface CloudTrailFacts {
  readonly eventSource: string;
  readonly eventName: string;
  /** A management event that changes nothing: rules see it only where they ask for all. */
  readonly isRead: boolean;
}

/** An event on its way to the rules of a bus. */
export interface BusEvent extends Place {
  readonly bus: string;
  readonly source: string;
  readonly id?: string;
  /** Absent where only the record tells. */
  readonly detailType?: string;
  /** The whole event as JSON, made at first use. */
  readonly text: () => string;
  readonly timeMs: number;
  readonly trail?: CloudTrailFacts;
  /** Where in the Log it stands: ascends within an account's default bus. */
  readonly sequence?: number;
  /** It came from another bus, and goes to no third one. */
  readonly forwarded?: boolean;
  /** Out of an archive: the replay's name, and the rules that it is for, by ARN (none: all). */
  readonly replay?: { readonly name: string; readonly ruleArns: readonly string[] };
}

export interface EnvelopeParts {
  readonly id: string;
  readonly detailType: string;
  readonly source: string;
  readonly account: string;
  readonly timeMs: number;
  readonly region: string;
  readonly resources: readonly string[];
  /** JSON, taken as it is. */
  readonly detail: string;
}

/** AWS's envelope, members in AWS's order. */
export function envelopeText({
  id,
  detailType,
  source,
  account,
  timeMs,
  region,
  resources,
  detail,
}: EnvelopeParts): string {
  const head = {
    version: '0',
    id,
    'detail-type': detailType,
    source,
    account,
    time: wholeSeconds(timeMs),
    region,
    resources,
  };
  return `${JSON.stringify(head).slice(0, -1)},"detail":${detail}}`;
}

/** `2026-11-21T14:05:09Z` */
export const wholeSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** A UUID that is always the same for the same text: what is sent again after a crash can be told by it. */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
