import { AwsError } from '../../base/errors.ts';
import type { Protocol, StructureShape } from '../../schema/types.ts';
import { isOldCbor, readCbor, readOldCbor } from './cbor.ts';
import { readJson } from './json.ts';
import { shapeOf } from './problem.ts';
import { isStreamOfEvents, readRestOutput } from './rest-output.ts';
import type { Answered, AnswerReading, CallTarget } from './types.ts';
import { readElement } from './xml.ts';
import { answeredRoot } from './xml-answer.ts';

export { decodeError, isErrorAnswer, type ReadError } from './error-read.ts';
export { requestIdOf } from './request-id.ts';
export type { Answered } from './types.ts';

/**
 * Decodes what a service answered to a call that succeeded (see `isErrorAnswer`), as its own clients would: timestamps
 * become Date, numbers number, blobs Buffer. Payloads that are streams or bytes are left out, and so is what the schema
 * does not have. Services are not held to their models in little things: a date, number or boolean is read however it
 * is written, and one that means nothing is left out.
 * @throws AwsError InvalidAnswer for what is not the protocol's, whatever the bytes
 */
export function decodeOutput(target: CallTarget, answer: Answered): Record<string, unknown> {
  const { schema, protocol, operation } = target;
  const { output } = schema.operations[operation]!;
  if (output === undefined) return {};
  const context = { schema, problem: invalidAnswer, lenient: true };
  const shape = shapeOf(schema, output) as StructureShape;
  const read = READERS[protocol]({ ...target, context, answer, name: output, shape });
  if (read === undefined) throw invalidAnswer('', 'it is not a structure');
  return read as Record<string, unknown>;
}

/** Names places, never values: what is said here may be logged. */
const invalidAnswer = (place: string, complaint: string): AwsError =>
  new AwsError(
    'InvalidAnswer',
    `The service's answer cannot be read: ${place === '' ? '' : `${place}: `}${complaint}.`,
    {
      status: 502,
    },
  );

type Reader = (reading: AnswerReading) => unknown;

const json: Reader = ({ context, answer, name }) => {
  if (isStreamOfEvents(answer)) return {};
  if (isOldCbor(answer.headers)) return readOldCbor(context, { shape: name }, answer.body);
  return readJson(context, { shape: name }, answer.body, { rest: false });
};

const cbor: Reader = ({ context, answer, name }) =>
  isStreamOfEvents(answer) ? {} : readCbor(context, { shape: name }, answer.body);

/** Members stand in `<OperationResult>`; some emulators leave it out, or give it another operation's name. */
const awsQuery: Reader = ({ context, answer, name, operation }) => {
  const root = answeredRoot(context, answer.body);
  if (root === undefined) return {};
  const wrapper =
    root.children.find((child) => child.name === `${operation}Result`) ??
    root.children.find((child) => child.name.endsWith('Result'));
  return readElement(context, { shape: name }, wrapper ?? root);
};

const ec2Query: Reader = ({ context, answer, name }) => {
  const root = answeredRoot(context, answer.body);
  return root === undefined ? {} : readElement(context, { shape: name }, root);
};

const READERS: Readonly<Record<Protocol, Reader>> = {
  awsJson1_0: json,
  awsJson1_1: json,
  rpcv2Cbor: cbor,
  awsQuery,
  ec2Query,
  restJson1: readRestOutput,
  restXml: readRestOutput,
};
