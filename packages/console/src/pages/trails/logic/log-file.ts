/** A record as a log file holds it: anyone may have written what is in it. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** Of a log file: CloudTrail's have at most 50 MB before gzip. A bomb ends here. */
const CONTENT_BYTES_MAX = 96 * 1024 * 1024;

/** @throws Error that says why it is no gzip file, or too large */
export async function gunzipText(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body
    .pipeThrough(new DecompressionStream('gzip') as unknown as TransformStream<Uint8Array, Uint8Array>)
    .getReader();
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new Error('This is not a whole gzip file.');
      });
      if (done) return parts.join('') + decoder.decode();
      bytes += value.length;
      if (bytes > CONTENT_BYTES_MAX) throw new Error('This file is too large to be shown. Download it.');
      parts.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** @returns the records of a log file's text @throws Error when it holds none */
export function recordsIn(text: string): readonly LogRecord[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('This file holds no JSON.');
  }
  const { Records: records } = Object(value) as { Records?: unknown };
  if (!Array.isArray(records)) throw new Error('This file holds no {"Records": […]}.');
  return records.filter((record): record is LogRecord => typeof record === 'object' && record !== null);
}

export interface RecordRow {
  readonly id: string;
  readonly eventId: string;
  readonly accountId: string;
  readonly time: string;
  readonly name: string;
  readonly source: string;
  readonly user: string;
  readonly errorCode: string;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function rowOf(record: LogRecord, index: number): RecordRow {
  const identity = Object(record.userIdentity) as Readonly<Record<string, unknown>>;
  const issuer = Object(Object(Object(identity.sessionContext)).sessionIssuer) as { userName?: unknown };
  return {
    id: String(index),
    eventId: text(record.eventID),
    accountId: text(record.recipientAccountId) || text(identity.accountId),
    time: text(record.eventTime),
    name: text(record.eventName),
    source: text(record.eventSource),
    user: text(identity.userName) || text(issuer.userName) || text(identity.invokedBy) || text(identity.type),
    errorCode: text(record.errorCode),
  };
}
