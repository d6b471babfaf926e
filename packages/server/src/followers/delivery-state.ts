import type { Sequence } from '../ports/log.ts';
import type { DeliveredLogFile, PreviousDigest } from '../trails/digest.ts';
import { type DeliveryProgress, type Stream, streamName } from '../trails/trail.ts';

/** What delivery keeps in State, a few small entries a trail. The follower alone writes these keys. */

/** How far a trail is planned. Written in one step with the plans themselves, which makes delivery exactly once. */
export interface DeliveryCursor extends DeliveryProgress {
  /** By kind and stream (`CloudTrail/eu-west-1`), when further than `cursor`: files that filled up are planned before the others. */
  readonly folders: Readonly<Record<string, Sequence>>;
}

/** What is kept of one stream. */
interface OfStream extends Stream {
  /** Whose member the account was; absent of the trail's own account. */
  readonly organizationId?: string;
}

/** An object that waits in the spool until its bucket has it. Bucket, key and bytes never change from here on. */
export interface PlannedObject extends OfStream {
  /** Rises within the trail. */
  readonly number: number;
  readonly kind: 'log' | 'digest';
  readonly bucket: string;
  readonly key: string;
  readonly gzipBytes: number;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Of log files only: */
  readonly file?: Omit<DeliveredLogFile, 'bucket' | 'key'>;
  readonly events?: number;
  readonly firstSequence?: Sequence;
  readonly lastSequence?: Sequence;
}

/** A delivered log file that the trail's topic has not been told of. */
export interface Notice extends Stream {
  /** Of its plan. */
  readonly number: number;
  readonly bucket: string;
  readonly key: string;
}

/** A delivered log file that no digest lists yet. */
export interface UndigestedFile extends DeliveredLogFile, OfStream {
  readonly number: number;
}

/** The chain of digests of one stream of a trail. */
export interface DigestChain extends OfStream {
  /** `startLoggingMs` of the logging session that it belongs to: each session has a chain of its own. */
  readonly session: number;
  readonly isOpen: boolean;
  readonly lastEndMs: number;
  readonly previous: PreviousDigest;
}

const padded = (number: number): string => String(number).padStart(12, '0');

export const CURSORS = 'delivery-cursor/';
export const PLANNED = 'delivery-planned/';
export const UNDIGESTED = 'delivery-undigested/';
export const NOTICES = 'delivery-notice/';
export const CHAINS = 'delivery-chain/';
export const STATUSES = 'delivery-status/';
/**
 * By ARN, when the last digest of a deleted trail ended, ms since the epoch: one of a new trail of that name must not
 * take the key of another, even when the clock has been set back in between.
 */
export const LAST_DIGESTS = 'delivery-last-digest/';

export const plannedKey = (trailId: string, number: number): string => `${PLANNED}${trailId}/${padded(number)}`;
export const noticeKey = (trailId: string, number: number): string => `${NOTICES}${trailId}/${padded(number)}`;
export const undigestedKey = (trailId: string, f: Stream & Pick<UndigestedFile, 'number'>): string =>
  `${UNDIGESTED}${trailId}/${streamName(f)}/${padded(f.number)}`;
export const chainKey = (trailId: string, stream: Stream): string => `${CHAINS}${trailId}/${streamName(stream)}`;

/** The name of a planned object's file in the spool. */
export const spoolName = (trailId: string, number: number): string =>
  `${encodeURIComponent(trailId)}.${padded(number)}.gz`;
