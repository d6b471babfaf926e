import { crc32 } from 'node:zlib';

/** Headers are strings. */
export type EventStreamHeaders = Readonly<Record<string, string>>;

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const STRING = 7;

/**
 * One message of `application/vnd.amazon.eventstream` (Smithy, "Amazon Event Stream Specification"): lengths, their CRC,
 * headers, payload, CRC of all of it.
 */
export function eventStreamMessage(headers: EventStreamHeaders, payload: Buffer): Buffer {
  const head = Buffer.concat(Object.entries(headers).flatMap(([name, value]) => encodeHeader(name, value)));
  const length = PRELUDE_BYTES + head.length + payload.length + CRC_BYTES;
  const message = Buffer.alloc(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(head.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  head.copy(message, PRELUDE_BYTES);
  payload.copy(message, PRELUDE_BYTES + head.length);
  message.writeUInt32BE(crc32(message.subarray(0, length - CRC_BYTES)), length - CRC_BYTES);
  return message;
}

/** An event of a stream whose payloads are JSON. @param type the member of the stream's union */
export const jsonEvent = (type: string, value: unknown): Buffer =>
  eventStreamMessage(
    { ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' },
    Buffer.from(JSON.stringify(value)),
  );

/** The error that ends a stream. @param type the member of the stream's union */
export const jsonException = (type: string, message: string): Buffer =>
  eventStreamMessage(
    { ':message-type': 'exception', ':exception-type': type, ':content-type': 'application/json' },
    Buffer.from(JSON.stringify({ message })),
  );

function encodeHeader(name: string, value: string): Buffer[] {
  const [key, text] = [Buffer.from(name), Buffer.from(value)];
  const head = Buffer.from([key.length]);
  const kind = Buffer.alloc(3);
  kind[0] = STRING;
  kind.writeUInt16BE(text.length, 1);
  return [head, key, kind, text];
}
