import { invalid } from './errors.ts';
import type { Filterable } from './filter-policy.ts';
import type { Protocol, Topic } from './model.ts';

/** A message attribute as it is delivered: binary values in base64. */
export interface Attribute {
  readonly type: string;
  readonly value: string;
}

/** A message that was checked, before it is anybody's. */
export interface Message {
  readonly message: string;
  /** What MessageStructure `json` has for single protocols. */
  readonly perProtocol?: { readonly [P in Protocol]?: string | undefined };
  readonly subject?: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly groupId?: string;
  readonly deduplicationId?: string;
}

/** Publish's members, and those of an entry of PublishBatch. */
export interface PublishInput {
  readonly Message?: string;
  readonly Subject?: string;
  readonly MessageStructure?: string;
  readonly MessageAttributes?: Readonly<Record<string, AttributeInput>>;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}
interface AttributeInput {
  readonly DataType?: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
}

/** AWS's limit for text and attributes together, also of a whole batch. */
export const MESSAGE_BYTES_MAX = 256 * 1024;
const SUBJECT_CHARS_MAX = 100;
const ID = /^[\x21-\x7E]{1,128}$/;

/** @throws AwsError InvalidParameter */
export function readMessage(topic: Topic, input: PublishInput): Message {
  const { Message: text = '', Subject: subject, MessageGroupId: groupId, MessageDeduplicationId: givenId } = input;
  if (text === '') throw invalid('Empty message');
  checkSubject(subject);
  const attributes = readAttributes(input.MessageAttributes ?? {});
  if (messageBytes(input) > MESSAGE_BYTES_MAX) throw invalid('Message too long');
  if (groupId !== undefined && !ID.test(groupId)) throw invalid('MessageGroupId');
  if (givenId !== undefined && !ID.test(givenId)) throw invalid('MessageDeduplicationId');
  if (topic.fifo && groupId === undefined) throw invalid('The MessageGroupId parameter is required for FIFO topics');
  if (!topic.fifo && givenId !== undefined) {
    throw invalid(
      'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    );
  }
  if (topic.fifo && givenId === undefined && topic.attributes.ContentBasedDeduplication !== 'true') {
    throw invalid(
      'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  const structured = input.MessageStructure === 'json' ? readStructure(text) : undefined;
  if (!structured && input.MessageStructure !== undefined && input.MessageStructure !== '')
    throw invalid('MessageStructure');
  return {
    message: structured?.default ?? text,
    attributes,
    ...(structured && { perProtocol: structured as NonNullable<Message['perProtocol']> }),
    ...(subject !== undefined && subject !== '' && { subject }),
    ...(groupId !== undefined && { groupId }),
    ...(givenId !== undefined && { deduplicationId: givenId }),
  };
}

/** What counts toward the limit: the text, and names, types and values of attributes. */
export function messageBytes({ Message: text = '', MessageAttributes: attributes = {} }: PublishInput): number {
  let bytes = Buffer.byteLength(text);
  for (const [name, { DataType = '', StringValue = '', BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue);
    bytes += BinaryValue?.length ?? 0;
  }
  return bytes;
}

/** Up to 100 characters of ASCII that print, and no line break: it becomes the subject of emails. */
function checkSubject(subject: string | undefined): void {
  if (subject === undefined || subject === '') return;
  if (subject.length > SUBJECT_CHARS_MAX || !/^[\x21-\x7E][\x20-\x7E]*$/.test(subject)) throw invalid('Subject');
}

function readStructure(text: string): Readonly<Record<string, string>> & { readonly default: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  const entries = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? Object.entries(parsed) : [];
  const texts = Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  if (texts.default === undefined) {
    throw invalid('Message Structure - No default entry in JSON message body');
  }
  return texts as typeof texts & { default: string };
}

const ATTRIBUTE_NAME = /^(?!.*\.\.)(?!(?:aws|amazon)\.)[A-Za-z0-9_-](?:[A-Za-z0-9_.-]{0,254}[A-Za-z0-9_-])?$/i;
const TYPE = /^(String|Number|Binary|String\.Array)(\.[\x20-\x7E]+)?$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function readAttributes(input: NonNullable<PublishInput['MessageAttributes']>): Message['attributes'] {
  const read: [string, Attribute][] = Object.entries(input).map(([name, { DataType, StringValue, BinaryValue }]) => {
    const bad = (why: string) => invalid(`The message attribute '${name}' ${why}`);
    if (!ATTRIBUTE_NAME.test(name)) throw bad('has a name that is not allowed');
    if (DataType === undefined || DataType === '') throw bad('must contain a non-empty message attribute type.');
    if (!TYPE.test(DataType)) {
      throw bad(
        'has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.',
      );
    }
    if (DataType.startsWith('Binary')) {
      if (!BinaryValue?.length)
        throw bad(`must contain a non-empty message attribute value for message attribute type '${DataType}'.`);
      return [name, { type: DataType, value: Buffer.from(BinaryValue).toString('base64') }];
    }
    if (StringValue === undefined || StringValue === '') {
      throw bad(`must contain a non-empty message attribute value for message attribute type '${DataType}'.`);
    }
    if (DataType.startsWith('Number') && !NUMBER.test(StringValue)) {
      throw bad(`must be a number to have the message attribute type '${DataType}'.`);
    }
    return [name, { type: DataType, value: StringValue }];
  });
  return Object.fromEntries(read);
}

/** What filters see of it. Parts are worked out when a filter asks, once. */
export const filterable = (message: FilteredParts): Filterable => new LazyParts(message);

type FilteredParts = Pick<Message, 'message' | 'attributes'>;

/** Not an object literal with getters: V8 makes a hidden class for each of those, and keeps it long. */
class LazyParts implements Filterable {
  readonly #parts: FilteredParts;
  #attributes: Filterable['attributes'] | undefined;
  #body: Filterable['body'] | null = null;

  constructor(parts: FilteredParts) {
    this.#parts = parts;
  }

  get attributes(): Filterable['attributes'] {
    this.#attributes ??= Object.fromEntries(
      Object.entries(this.#parts.attributes).map(([name, one]) => [name, filterValue(one)]),
    );
    return this.#attributes;
  }

  get body(): Filterable['body'] {
    if (this.#body === null) this.#body = objectOf(this.#parts.message);
    return this.#body;
  }
}

function filterValue({ type, value }: Attribute): unknown {
  if (type.startsWith('Number')) return Number(value);
  if (type.startsWith('Binary')) return undefined;
  if (!type.startsWith('String.Array')) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : value;
  } catch {
    return value;
  }
}

function objectOf(text: string): Filterable['body'] {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
