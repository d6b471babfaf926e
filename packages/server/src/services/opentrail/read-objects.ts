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
    return { Objects: sentTogether(frames(Keys, frameOf)) };
  };
}

/** @throws what is the fault of neither caller nor load: nobody may take the answer for whole then */
function refusalOf(error: unknown) {
  if (error instanceof Pushback) return { Status: 503, ErrorCode: 'SlowDown', ErrorMessage: error.message };
  if (!(error instanceof AwsError) || error.status >= 500) throw error;
  return { Status: error.status, ErrorCode: error.code, ErrorMessage: error.message };
}

/** What comes together is written together: `Readable.from` makes a system call for each piece. */
function sentTogether(groups: AsyncGenerator<readonly Buffer[]>): Readable {
  return new Readable({
    read() {
      const send = ({ done, value }: IteratorResult<readonly Buffer[]>) => {
        if (done) this.push(null);
        else for (const piece of value) this.push(piece);
      };
      groups.next().then(send, (error: Error) => this.destroy(error));
    },
    destroy(error, done) {
      groups.return(undefined).then(() => done(error), done);
    },
  });
}

async function* frames(
  keys: readonly string[],
  frameOf: (key: string) => Promise<Frame>,
): AsyncGenerator<readonly Buffer[]> {
  for (let next = 0; next < keys.length; next += AT_ONCE) {
    const group = await Promise.allSettled(keys.slice(next, next + AT_ONCE).map(frameOf));
    const open = new Set(group.map((one) => (one.status === 'fulfilled' ? one.value.body : undefined)));
    try {
      let pieces: Buffer[] = [];
      for (const one of group) {
        if (one.status === 'rejected') throw one.reason;
        const { head, body } = one.value;
        pieces.push(Buffer.from(`${JSON.stringify(head)}\n`));
        if (Buffer.isBuffer(body)) pieces.push(body);
        else if (body) {
          yield pieces;
          pieces = [];
          for await (const piece of body) yield [piece as Buffer];
        }
        open.delete(body);
      }
      if (pieces.length > 0) yield pieces;
    } finally {
      for (const body of open) if (body && !Buffer.isBuffer(body)) body.destroy();
    }
  }
}
