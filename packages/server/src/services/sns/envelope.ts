import type { Subscription, Topic } from './model.ts';
import type { ConfirmationParcel, NotificationParcel, Parcel } from './parcel.ts';
import type { Signer } from './signing.ts';

export interface EnvelopePlace {
  readonly topic: Topic;
  readonly subscription: Subscription;
  readonly signer: Signer;
  /** `http://127.0.0.1:4570`, without a slash at its end. */
  readonly endpoint: string;
}

/** AWS's API version, which tells the service by itself where a request is not signed. */
const VERSION = '2010-03-31';

const url = (endpoint: string, parameters: Readonly<Record<string, string>>): string =>
  `${endpoint}/?${new URLSearchParams({ ...parameters, Version: VERSION })}`;

export const subscribeUrl = ({ endpoint, topic }: Pick<EnvelopePlace, 'endpoint' | 'topic'>, token: string): string =>
  url(endpoint, { Action: 'ConfirmSubscription', TopicArn: topic.arn, Token: token });

export const unsubscribeUrl = ({ endpoint, subscription }: Pick<EnvelopePlace, 'endpoint' | 'subscription'>): string =>
  url(endpoint, { Action: 'Unsubscribe', SubscriptionArn: subscription.arn });

/** The JSON document that subscribers get, with AWS's members in AWS's order. */
export async function envelopeOf(parcel: Parcel, place: EnvelopePlace): Promise<string> {
  const fields = parcel.kind === 'Notification' ? notification(parcel, place) : confirmation(parcel, place);
  const version = place.topic.attributes.SignatureVersion === '2' ? '2' : '1';
  const signed = {
    ...fields,
    SignatureVersion: version,
    Signature: await place.signer.sign(version, stringToSign(fields)),
    SigningCertURL: place.endpoint + place.signer.certificatePath,
    ...(parcel.kind === 'Notification' && { UnsubscribeURL: unsubscribeUrl(place), ...attributesOf(parcel) }),
  };
  const lines = Object.entries(signed).map(([name, value]) => `  ${JSON.stringify(name)} : ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}`;
}

type Fields = Readonly<Record<string, string>>;

const notification = (parcel: NotificationParcel, { topic }: EnvelopePlace): Fields => ({
  Type: parcel.kind,
  MessageId: parcel.messageId,
  ...(parcel.sequenceNumber !== undefined && { SequenceNumber: parcel.sequenceNumber }),
  TopicArn: topic.arn,
  ...(parcel.subject !== undefined && { Subject: parcel.subject }),
  Message: parcel.message,
  Timestamp: new Date(parcel.timestampMs).toISOString(),
});

const confirmation = (parcel: ConfirmationParcel, place: EnvelopePlace): Fields => ({
  Type: parcel.kind,
  MessageId: parcel.messageId,
  Token: parcel.token,
  TopicArn: place.topic.arn,
  Message: `You have chosen to subscribe to the topic ${place.topic.arn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
  SubscribeURL: subscribeUrl(place, parcel.token),
  Timestamp: new Date(parcel.timestampMs).toISOString(),
});

/** Members that are signed, in the order of their names, each on a line of its own and its value on the next. */
const SIGNED = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];

const stringToSign = (fields: Fields): string =>
  SIGNED.filter((name) => fields[name] !== undefined)
    .map((name) => `${name}\n${fields[name]}\n`)
    .join('');

function attributesOf({ attributes }: NotificationParcel) {
  const entries = Object.entries(attributes).map(([name, { type, value }]) => [name, { Type: type, Value: value }]);
  return entries.length > 0 && { MessageAttributes: Object.fromEntries(entries) as object };
}
