import type { Sequence } from '../ports/log.ts';
import type { DeliveredLogFile, PreviousDigest } from '../trails/digest.ts';
import type { DeliveryProgress } from '../trails/trail.ts';

/** What delivery keeps in State, a few small entries a trail. The follower alone writes these keys. */

/** How far a trail is planned. Written in one step with the plans themselves, which makes delivery exactly once. */
export interface DeliveryCursor extends DeliveryProgress {
  /** By folder (`CloudTrail/eu-west-1`), when further than `cursor`: files that filled up are planned before the others. */
  readonly folders: Readonly<Record<string, Sequence>>;
}

/** An object that waits in the spool until its bucket has it. Bucket, key and bytes never change from here on. */
export interface PlannedObject {
  /** Rises within the trail. */
  readonly number: number;
  readonly kind: 'log' | 'digest';
  readonly region: string;
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

/** A delivered log file that no digest lists yet. */
export interface UndigestedFile extends DeliveredLogFile {
  readonly number: number;
  readonly region: string;
}

/** The chain of digests of a trail in one Region. */
export interface DigestChain {
  readonly region: string;
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
export const CHAINS = 'delivery-chain/';
export const STATUSES = 'delivery-status/';
/**
 * By ARN, when the last digest of a deleted trail ended, ms since the epoch: one of a new trail of that name must not
 * take the key of another, even when the clock has been set back in between.
 */
export const LAST_DIGESTS = 'delivery-last-digest/';

export const plannedKey = (trailId: string, number: number): string => `${PLANNED}${trailId}/${padded(number)}`;
export const undigestedKey = (trailId: string, f: Pick<UndigestedFile, 'region' | 'number'>): string =>
  `${UNDIGESTED}${trailId}/${f.region}/${padded(f.number)}`;
export const chainKey = (trailId: string, region: string): string => `${CHAINS}${trailId}/${region}`;

/** The name of a planned object's file in the spool. */
export const spoolName = (trailId: string, number: number): string =>
  `${encodeURIComponent(trailId)}.${padded(number)}.gz`;
