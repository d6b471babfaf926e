import type { Attribute } from './message.ts';

/** What lies in a subscription's mailbox: all of the message that does not depend on the subscription's settings. */
export type Parcel = NotificationParcel | ConfirmationParcel;

export interface NotificationParcel {
  readonly kind: 'Notification';
  readonly messageId: string;
  readonly timestampMs: number;
  readonly message: string;
  readonly subject?: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly groupId?: string;
  /** FIFO topics: given, or the SHA-256 of the message. */
  readonly deduplicationId?: string;
  /** FIFO topics: 20 digits. */
  readonly sequenceNumber?: string;
}

export interface ConfirmationParcel {
  readonly kind: 'SubscriptionConfirmation';
  readonly messageId: string;
  readonly timestampMs: number;
  readonly token: string;
}

export const encodeParcel = (parcel: Parcel): Buffer => Buffer.from(JSON.stringify(parcel));
export const decodeParcel = (bytes: Buffer): Parcel => JSON.parse(bytes.toString()) as Parcel;
