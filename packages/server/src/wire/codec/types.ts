import type { Readable } from 'node:stream';
import type { Protocol, ServiceSchema, StructureShape } from '../../schema/types.ts';
import type { Context } from './problem.ts';

/** The operation that a message belongs to; its name MUST be one of the schema's. */
export interface CallTarget {
  readonly schema: ServiceSchema;
  readonly protocol: Protocol;
  readonly operation: string;
  /** Decoded parts of the path. */
  readonly labels: Readonly<Record<string, string>>;
}

/** An answer, ready to be sent. Header names are lower case. */
export interface EncodedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | Readable;
}

/** An answer as it came, its content encoding undone. Header names are lower case. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One answer that is being read, and what the schema says of it. */
export interface AnswerReading extends CallTarget {
  readonly context: Context;
  readonly answer: Answered;
  /** Of the output's structure. */
  readonly name: string;
  readonly shape: StructureShape;
}
