import { createHash } from 'node:crypto';
import { invalidParameter, invalidValue, sqsError } from './errors.ts';

/** A message attribute as the wire has it. */
export interface MessageAttribute {
  readonly DataType?: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
  readonly StringListValues?: readonly string[];
  readonly BinaryListValues?: readonly Uint8Array[];
}
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What a message holds: kept as its body in the mailbox. */
export interface Content {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly systemAttributes: MessageAttributes;
}

/** What XML 1.0 can carry (SQS API reference, SendMessage). */
const FORBIDDEN = /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const ATTRIBUTES_MAX = 10;
const NAME_CHARS_MAX = 256;
const RESERVED = /^(?:aws|amazon)\./i;
const NAME = /^[\w-]+(?:\.[\w-]+)*$/;
const TYPE = /^(?:String|Number|Binary)(?:\..+)?$/;

/**
 * Checks a message, and tells its size in bytes: body and attributes with names and types.
 * @throws AwsError InvalidParameterValue, InvalidMessageContents
 */
export function checkContent({ body, attributes, systemAttributes }: Content, bytesMax: number): number {
  if (body === '') throw invalidParameter('The request must contain the parameter MessageBody.');
  if (FORBIDDEN.test(body)) throw invalidContents('Invalid characters in the message body');
  const names = Object.keys(attributes);
  if (names.length > ATTRIBUTES_MAX) {
    throw invalidParameter(
      `Number of message attributes [${names.length}] exceeds the allowed maximum [${ATTRIBUTES_MAX}].`,
    );
  }
  let bytes = Buffer.byteLength(body);
  for (const [name, attribute] of Object.entries(attributes)) bytes += checkAttribute(name, attribute);
  for (const [name, { DataType }] of Object.entries(systemAttributes)) {
    if (name !== 'AWSTraceHeader' || DataType !== 'String') {
      throw invalidParameter('The message system attributes may hold AWSTraceHeader alone, a String.');
    }
  }
  if (bytes > bytesMax) {
    throw invalidParameter(
      `One or more parameters are invalid. Reason: Message must be shorter than ${bytesMax} bytes.`,
    );
  }
  return bytes;
}

const invalidContents = (message: string) => sqsError('InvalidMessageContents', message);

function checkAttribute(name: string, attribute: MessageAttribute): number {
  const { DataType = '', StringValue, BinaryValue } = attribute;
  if (name.length > NAME_CHARS_MAX || !NAME.test(name) || RESERVED.test(name)) {
    throw invalidParameter(`The message attribute name '${name.slice(0, NAME_CHARS_MAX)}' is invalid.`);
  }
  if (DataType === '')
    throw invalidParameter(`The message attribute '${name}' must contain a non-empty message attribute type.`);
  if (!TYPE.test(DataType) || DataType.length > NAME_CHARS_MAX) {
    throw invalidParameter(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  if (attribute.StringListValues?.length || attribute.BinaryListValues?.length) {
    throw sqsError('UnsupportedOperation', 'Message attribute list values in SendMessage operation are not supported.');
  }
  const value = isBinary(attribute) ? BinaryValue : StringValue;
  if (value === undefined || value.length === 0) {
    throw invalidParameter(
      `The message attribute '${name}' must contain a non-empty message attribute value for message attribute type '${DataType}'.`,
    );
  }
  if (typeof value === 'string' && FORBIDDEN.test(value))
    throw invalidContents(`Invalid characters in the message attribute '${name}'`);
  if (DataType.startsWith('Number') && !Number.isFinite(Number(value))) {
    throw invalidParameter(`Can't cast the value of message attribute '${name}' to a number.`);
  }
  return Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(value);
}

const isBinary = ({ DataType = '' }: MessageAttribute) => DataType.startsWith('Binary');

export const md5 = (bytes: string | Uint8Array) => createHash('md5').update(bytes).digest('hex');

/** As the SDKs work it out to check it (SQS developer guide, "Calculating the MD5 message digest for message attributes"). */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  const add = (value: string | Uint8Array) => {
    const bytes = Buffer.from(value as string);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const attribute = attributes[name]!;
    add(name);
    add(attribute.DataType!);
    hash.update(Buffer.from([isBinary(attribute) ? 2 : 1]));
    add(isBinary(attribute) ? attribute.BinaryValue! : attribute.StringValue!);
  }
  return hash.digest('hex');
}

const GROUP_OR_ID = /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/;

/** @throws AwsError InvalidParameterValue */
export function checkId(
  value: string,
  parameter: 'MessageGroupId' | 'MessageDeduplicationId' | 'ReceiveRequestAttemptId',
): string {
  if (GROUP_OR_ID.test(value)) return value;
  throw invalidValue(
    value.slice(0, 128),
    parameter,
    `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

/** u32le length of the text, the text, then JSON of attributes if there are any. Binary values in base64. */
export function encodeContent({ body, attributes, systemAttributes }: Content): Buffer {
  const text = Buffer.from(body);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const more = { a: packed(attributes), s: packed(systemAttributes) };
  return Buffer.concat([length, text, ...(more.a || more.s ? [Buffer.from(JSON.stringify(more))] : [])]);
}

type Packed = Readonly<Record<string, readonly [type: string, text: string | null, base64?: string]>>;

function packed(attributes: MessageAttributes): Packed | undefined {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map(([name, attribute]) => {
      const { DataType = '', StringValue = null, BinaryValue } = attribute;
      return [
        name,
        isBinary(attribute) ? [DataType, null, Buffer.from(BinaryValue!).toString('base64')] : [DataType, StringValue],
      ];
    }),
  );
}

function unpacked(packed: Packed | undefined): MessageAttributes {
  return Object.fromEntries(
    Object.entries(packed ?? {}).map(([name, [DataType, text, base64]]) => [
      name,
      base64 === undefined
        ? { DataType, StringValue: text ?? '' }
        : { DataType, BinaryValue: Buffer.from(base64, 'base64') },
    ]),
  );
}

export function decodeContent(bytes: Buffer): Content {
  const end = 4 + bytes.readUInt32LE(0);
  const more = bytes.length > end ? (JSON.parse(bytes.toString('utf8', end)) as { a?: Packed; s?: Packed }) : {};
  return { body: bytes.toString('utf8', 4, end), attributes: unpacked(more.a), systemAttributes: unpacked(more.s) };
}
