import { AwsError } from '../../base/errors.ts';
import type { Protocol, ServiceSchema, Shape } from '../../schema/types.ts';

/** Makes the error that a protocol has for input that does not fit: where it stands, and what is wrong with it. */
export type Problem = (place: string, complaint: string) => AwsError;

/** What all readers and writers of one message share. */
export interface Context {
  readonly schema: ServiceSchema;
  readonly problem: Problem;
  /**
   * For what somebody else's service answered: a value that is written otherwise than the model says is taken for what
   * it means, and one that means nothing of its type is left out, rather than the whole message refused for it.
   */
  readonly lenient?: boolean;
  /** Dates to the second are written without a fraction: IAM, STS and CloudWatch do so, S3 and EC2 write `.000`. */
  readonly shortDates?: boolean;
}

/**
 * AWS's structures nest less than 20 deep but for recursive ones (DynamoDB's attribute values: 32). This much fits them
 * all, and no stack.
 */
export const NESTING_MAX = 64;

const serialization: Problem = (place, complaint) =>
  new AwsError('SerializationException', place === '' ? `${complaint}.` : `${complaint} (at ${place}).`);

const malformedXml: Problem = (place, complaint) =>
  new AwsError(
    'MalformedXML',
    `The XML you provided was not well-formed or did not validate against our published schema (${place === '' ? '' : `${place}: `}${complaint}).`,
  );

const PROBLEMS: Readonly<Record<Protocol, Problem>> = {
  awsJson1_0: serialization,
  awsJson1_1: serialization,
  restJson1: serialization,
  rpcv2Cbor: serialization,
  restXml: malformedXml,
  awsQuery: (place, complaint) => new AwsError('MalformedInput', place === '' ? complaint : `${place}: ${complaint}`),
  ec2Query: (place, complaint) =>
    new AwsError('InvalidParameterValue', `Invalid value for parameter ${place || '(none)'}: ${complaint}`),
};

/** The error with which a protocol refuses a body. */
export function problemOf(protocol: Protocol): Problem {
  return PROBLEMS[protocol];
}

/** A shape that a generated schema refers to, which `checkSchema` has seen to be there. */
export function shapeOf(schema: ServiceSchema, name: string): Shape {
  return schema.shapes[name]!;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Text of a body. @throws AwsError when it is not UTF-8 */
export function textOf(body: Buffer, problem: Problem): string {
  try {
    return utf8.decode(body);
  } catch {
    throw problem('', 'The body is not valid UTF-8');
  }
}
