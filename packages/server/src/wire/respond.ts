import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { EncodedResponse } from './codec/index.ts';

/**
 * Sends an answer. Resolves when it has left, or when the client has gone (which is no error of ours).
 * @throws what the body stream threw while it was being sent; the connection is cut then, since the status has left.
 *   What HTTP cannot carry is answered 500.
 */
export async function respond(res: ServerResponse, method: string, answer: EncodedResponse): Promise<void> {
  const { status, headers, body } = answer;
  const inMemory = Buffer.isBuffer(body);
  if (inMemory && headers['content-length'] === undefined && status !== 204 && status !== 304) {
    res.setHeader('content-length', body.length);
  }
  try {
    res.writeHead(status, withDispositionFirst(headers));
  } catch (error) {
    // Headers that HTTP cannot carry: the client still gets an answer, and the body's file is closed.
    if (!inMemory) body.destroy();
    for (const name of res.getHeaderNames()) res.removeHeader(name);
    res.writeHead(500, { connection: 'close' }).end();
    throw error;
  }
  if (inMemory || method === 'HEAD') {
    if (!inMemory) body.destroy();
    res.end(inMemory && method !== 'HEAD' ? body : undefined);
    return;
  }
  // What has no length may be long in coming: its reader is told at once that it will.
  if (headers['content-length'] === undefined) res.flushHeaders();
  try {
    await pipeline(body, res);
  } catch (error) {
    if (!res.destroyed && !res.errored) res.destroy();
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

/**
 * After a Content-Length, Node takes a Content-Disposition that is not ASCII for no header at all: it makes bytes of it, and
 * then checks them as if they were UTF-8 text.
 */
function withDispositionFirst(headers: EncodedResponse['headers']): EncodedResponse['headers'] {
  const disposition = headers['content-disposition'];
  return disposition === undefined ? headers : { 'content-disposition': disposition, ...headers };
}
