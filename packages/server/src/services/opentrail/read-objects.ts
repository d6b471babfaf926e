import { Readable } from 'node:stream';
import { AwsError, Pushback } from '../../base/errors.ts';
import type { CallContext, Handler } from '../../wire/service.ts';

/** As many as one page of a listing. */
const KEYS_MAX = 1_000;
/** Objects that are opened, and whose records are made durable, together. */
const AT_ONCE = 32;

interface ReadObjectsInput {
  readonly Bucket: string;
  readonly Keys: readonly string[];
}

/** GetObject, as far as it is told here. */
export interface ObjectRead {
  readonly Body?: Readable | Buffer;
  readonly ContentLength?: number;
  readonly Metadata?: Readonly<Record<string, string>>;
}

/** S3's GetObject as the caller: allowed, and recorded, as if it had been asked for by itself. */
export type ReadObject = (context: CallContext, bucket: string, key: string) => Promise<ObjectRead>;

type Frame = { readonly head: object; readonly body?: Readable | Buffer | undefined };

/**
 * ReadObjects: many objects of a bucket in one answer, in the order of their keys. Of each there is a line of JSON, and
 * after it as many bytes as its `Bytes` says. A request for each of thousands of small files costs several times what the
 * files do.
 */
export function createReadObjects(readObject: ReadObject): Handler {
  return async (context, { Bucket, Keys }: ReadObjectsInput) => {
    if (Keys.length === 0 || Keys.length > KEYS_MAX) {
      throw new AwsError('ValidationException', `Keys must name 1 to ${KEYS_MAX} objects.`);
    }
    const frameOf = async (key: string): Promise<Frame> => {
      try {
        const { Body, ContentLength = 0, Metadata = {} } = await readObject(context, Bucket, key);
        return { head: { Key: key, Status: 200, Bytes: ContentLength, Metadata }, body: Body };
      } catch (error) {
        return { head: { Key: key, ...refusalOf(error), Bytes: 0 } };
      }
    };
    return { Objects: Readable.from(frames(Keys, frameOf), { objectMode: false }) };
  };
}

/** @throws what is the fault of neither caller nor load: nobody may take the answer for whole then */
function refusalOf(error: unknown) {
  if (error instanceof Pushback) return { Status: 503, ErrorCode: 'SlowDown', ErrorMessage: error.message };
  if (!(error instanceof AwsError) || error.status >= 500) throw error;
  return { Status: error.status, ErrorCode: error.code, ErrorMessage: error.message };
}

async function* frames(keys: readonly string[], frameOf: (key: string) => Promise<Frame>): AsyncGenerator<Buffer> {
  for (let next = 0; next < keys.length; next += AT_ONCE) {
    const group = await Promise.allSettled(keys.slice(next, next + AT_ONCE).map(frameOf));
    const open = new Set(group.map((one) => (one.status === 'fulfilled' ? one.value.body : undefined)));
    try {
      let small: Buffer[] = [];
      for (const one of group) {
        if (one.status === 'rejected') throw one.reason;
        const { head, body } = one.value;
        small.push(Buffer.from(`${JSON.stringify(head)}\n`));
        if (Buffer.isBuffer(body)) small.push(body);
        else if (body) {
          yield Buffer.concat(small);
          small = [];
          yield* body;
        }
        open.delete(body);
      }
      yield Buffer.concat(small);
    } finally {
      for (const body of open) if (body && !Buffer.isBuffer(body)) body.destroy();
    }
  }
}
