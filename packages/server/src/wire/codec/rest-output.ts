import type { Member, SimpleShape } from '../../schema/types.ts';
import { readJson } from './json.ts';
import { shapeOf, textOf } from './problem.ts';
import { unboundOf } from './rest-read.ts';
import { looseScalar, parseBase64, parseText } from './scalar.ts';
import type { Answered, AnswerReading } from './types.ts';
import { readElement } from './xml.ts';
import { answeredRoot } from './xml-answer.ts';
import type { XmlNode } from './xml-parse.ts';

/** Reads the output of a REST operation: status, headers and body, each member from where the schema binds it. */
export function readRestOutput(reading: AnswerReading): Record<string, unknown> {
  const { shape, answer } = reading;
  const out: Record<string, unknown> = {};
  let unbound = false;
  for (const name in shape.members) {
    const member = shape.members[name]!;
    if (!member.location) unbound = true;
    const value = READERS[member.location ?? 'body']?.(reading, member);
    if (value !== undefined) out[name] = value;
  }
  if (unbound && answer.body.length > 0 && !isStreamOfEvents(answer)) Object.assign(out, readUnbound(reading));
  return out;
}

/** A body that goes on with one message after the other: Kinesis' SubscribeToShard, S3's SelectObjectContent. */
export function isStreamOfEvents({ headers }: Answered): boolean {
  return headers['content-type']?.startsWith('application/vnd.amazon.eventstream') ?? false;
}

type Reader = (reading: AnswerReading, member: Member) => unknown;

const READERS: Readonly<Record<string, Reader | undefined>> = {
  statusCode: ({ answer }) => answer.status,
  header(reading, member) {
    const text = reading.answer.headers[member.locationName!.toLowerCase()];
    if (text === undefined) return undefined;
    const shape = shapeOf(reading.context.schema, member.shape);
    if (shape.type !== 'list') return scalar(reading, member, text);
    const items = text.split(',').map((item) => item.trim());
    const read = items.map((item) => (item === '' ? undefined : scalar(reading, shape.member, item)));
    return read.filter((item) => item !== undefined);
  },
  headers({ answer }, member) {
    const prefix = member.locationName!.toLowerCase();
    const mine = Object.entries(answer.headers)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]);
    return mine.length > 0 ? Object.fromEntries(mine) : undefined;
  },
  payload(reading, member) {
    const { context, protocol, answer } = reading;
    const shape = shapeOf(context.schema, member.shape);
    if (shape.type === 'blob' || answer.body.length === 0 || isStreamOfEvents(answer)) return undefined;
    if (shape.type === 'string') return textOf(answer.body, context.problem);
    if (protocol === 'restJson1') return readJson(context, member, answer.body, { rest: true });
    const root = answeredRoot(context, answer.body);
    return root && readElement(context, member, root);
  },
};

function scalar({ context }: AnswerReading, member: Member, text: string): unknown {
  const shape = shapeOf(context.schema, member.shape) as SimpleShape;
  // Strings that carry JSON travel in headers as base64.
  if (shape.json) return parseBase64(text)?.toString() ?? text;
  return parseText(member, shape, text, 'http-date') ?? looseScalar(member, shape, text);
}

/** Members without a place of their own are the body together. */
function readUnbound(reading: AnswerReading): Record<string, unknown> {
  const { context, protocol, answer, name, shape } = reading;
  if (protocol === 'restJson1') {
    const read = readJson(context, { shape: name }, answer.body, { rest: true });
    if (read === undefined) throw context.problem('', 'it is not a structure');
    return unboundOf(shape, read as Record<string, unknown>);
  }
  const root = answeredRoot(context, answer.body);
  if (root === undefined) return {};
  const read = () => readElement(context, { shape: name }, root) as Record<string, unknown>;
  return bareMember(reading, root) ?? unboundOf(shape, read());
}

/** S3's GetBucketLocation answers with the member alone, in no element of the operation's. */
function bareMember({ shape, context }: AnswerReading, root: XmlNode): Record<string, unknown> | undefined {
  const member = Object.hasOwn(shape.members, root.name) ? shape.members[root.name] : undefined;
  if (!member || root.children.length > 0) return undefined;
  return root.text === '' ? {} : { [root.name]: readElement(context, member, root) };
}
